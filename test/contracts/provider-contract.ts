import { after, before, describe } from 'node:test'
import { givingBack } from './contract-giving-back.ts'
import { holding } from './contract-holding.ts'
import { contractKit } from './contract-kit.ts'
import { lostAnswers } from './contract-lost-answers.ts'
import { notifications } from './contract-notifications.ts'
import { hostedPage } from './contract-page.ts'
import { savedMethods } from './contract-saved-methods.ts'
import { takingMoney } from './contract-taking-money.ts'
import type { ProviderHarness } from './provider-harness.ts'

/** What every provider must do, whoever it is. An adapter passes it against its simulator. */
export const providerContract = (name: string, makeHarness: () => Promise<ProviderHarness>): void => {
  describe(`${name} as a payment provider`, () => {
    let harness: ProviderHarness
    before(async () => {
      harness = await makeHarness()
    })
    after(() => harness?.close())
    const kit = contractKit(() => harness)
    takingMoney(kit)
    holding(kit)
    givingBack(kit)
    lostAnswers(kit)
    hostedPage(kit)
    savedMethods(kit)
    notifications(kit)
  })
}
