import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Money to people. */
export const transfers = (kit: ContractKit): void => {
  describe('transfers to people', () => {
    if (!kit.offers('transfers')) {
      test('are not offered', () => assert.equal(kit.harness.provider.transfers, undefined))
      return
    }
    const calls = () => kit.harness.provider.transfers ?? assert.fail('no transfers')
    const order = (idempotencyKey = kit.key()) => ({
      idempotencyKey,
      amount: 100n,
      currency: kit.harness.currency,
      note: 'Prize',
      ...(kit.harness.payee ?? assert.fail('nobody to pay')),
    })

    test('are sent once per key, and found by it', async () => {
      const command = order()
      const sent = ok(await calls().send(command))
      assert.deepEqual([sent.amount, ok(await calls().send(command)).ref], [100n, sent.ref])
      assert.equal(ok(await calls().find(command))?.ref, sent.ref)
      assert.equal(ok(await calls().find({ idempotencyKey: kit.key() })), undefined)
    })

    for (const how of ['answer_lost', 'fails_after'] as const)
      test(`are found after a lost answer (${how}), and not sent again`, async () => {
        const command = order()
        await kit.harness.spoilNext(how)
        unknown(await calls().send(command))
        const found = ok(await calls().find(command))
        assert.equal(ok(await calls().send(command)).ref, found?.ref)
      })
  })
}
