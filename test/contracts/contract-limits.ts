import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import { refused } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Which amounts can be paid at all, known before the provider is asked. */
export const limits = (kit: ContractKit): void => {
  const { paid, tagged, pageOrder } = kit
  describe('amounts', () => {
    test('of nothing, or less, are refused and make nothing', async () => {
      for (const amount of [0n, -1n]) {
        const tags = { merchant: 'mer_1', paymentIntent: newUuid() }
        refused(await kit.harness.provider.openPage(pageOrder({ amount, tags, items: [] })))
        assert.deepEqual(await tagged({ tags }), [])
      }
    })

    if (!kit.offers('amount_limits')) {
      test('have no limits that are known: one minor unit is taken', async () => {
        assert.equal(kit.harness.provider.capabilities.amountLimits, undefined)
        assert.equal((await paid({ amount: 1n })).amountReceived, 1n)
      })
      return
    }
    test('are taken from the smallest on, which is known, and none below it or above the greatest', async () => {
      const { provider, currency } = kit.harness
      const { min, max } = provider.capabilities.amountLimits?.(currency) ?? assert.fail(`no limits of ${currency}`)
      assert.equal((await paid({ amount: min })).amountReceived, min)
      for (const amount of [min - 1n, max + 1n]) {
        const tags = { merchant: 'mer_1', paymentIntent: newUuid() }
        const items = [{ name: 'Pizza', amount, quantity: 1 }]
        const answer = await provider.openPage(pageOrder({ amount, tags, items }))
        refused(answer)
        assert.deepEqual(await tagged({ tags }), [])
      }
    })
  })
}
