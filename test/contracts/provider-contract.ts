import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { accountOfMoney } from './contract-account.ts'
import { disputed } from './contract-disputes.ts'
import { givingBack } from './contract-giving-back.ts'
import { holding } from './contract-holding.ts'
import { contractKit } from './contract-kit.ts'
import { limits } from './contract-limits.ts'
import { lostAnswers } from './contract-lost-answers.ts'
import { notifications } from './contract-notifications.ts'
import { hostedPage } from './contract-page.ts'
import { savedMethods } from './contract-saved-methods.ts'
import { settingUp } from './contract-setups.ts'
import { statements } from './contract-statements.ts'
import { takingMoney } from './contract-taking-money.ts'
import { transfers } from './contract-transfers.ts'
import type { Feature, ProviderHarness } from './provider-harness.ts'

/**
 * What every provider must do, whoever it is. An adapter passes it against its simulator. What it does not offer is
 * tested too: that it says so, and refuses.
 */
export const providerContract = (
  name: string,
  features: readonly Feature[],
  makeHarness: () => Promise<ProviderHarness>,
): void => {
  describe(`${name} as a payment provider`, () => {
    let harness: ProviderHarness
    before(async () => {
      harness = await makeHarness()
    })
    after(() => harness?.close())
    const kit = contractKit(features, () => harness)
    test('says what it offers, and offers it', () => {
      const { capabilities, disputes, money, setups, statements, transfers } = harness.provider
      const said: Record<Feature, boolean> = {
        charges: capabilities.pageOnly !== true,
        holds: capabilities.manualCapture && capabilities.partialCapture,
        increments: capabilities.incrementalAuthorization,
        multicapture: capabilities.multicapture === true,
        overcapture: capabilities.overcapture === true,
        refund_cancellations: capabilities.refundsAreFinal !== true,
        amount_limits: capabilities.amountLimits !== undefined,
        saved_methods: capabilities.savedMethods,
        setups: setups !== undefined,
        disputes: disputes !== undefined,
        chargebacks: harness.disputes?.decide !== undefined,
        evidence_files: disputes?.uploadFile !== undefined && disputes.imagesOnly !== true,
        evidence_images: disputes?.uploadFile !== undefined && disputes.imagesOnly === true,
        money: money !== undefined,
        statements: statements !== undefined && capabilities.statements !== undefined,
        transfers: transfers !== undefined,
      }
      const offered = Object.entries(said).flatMap(([feature, isOffered]) => (isOffered ? feature : []))
      assert.deepEqual(offered.sort(), [...features].sort())
      assert.equal(capabilities.partialRefund, true)
      assert.ok(capabilities.idempotencyHorizonMs > 0)
    })
    takingMoney(kit)
    limits(kit)
    holding(kit)
    givingBack(kit)
    lostAnswers(kit)
    hostedPage(kit)
    savedMethods(kit)
    settingUp(kit)
    notifications(kit)
    disputed(kit)
    accountOfMoney(kit)
    transfers(kit)
    statements(kit)
  })
}
