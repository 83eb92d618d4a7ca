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

    test('tell a person’s app what to confirm, also when they are sent again', async () => {
      const command = order()
      const sent = ok(await calls().send(command))
      assert.equal(sent.state === 'requires_action', sent.confirmation !== undefined)
      assert.deepEqual(ok(await calls().send(command)).confirmation, sent.confirmation)
    })

    test('are stopped by their key, and the news of it name them', async () => {
      const command = order()
      const { ref } = ok(await calls().send(command))
      await kit.harness.notifications()
      const stopped = ok(await calls().cancel(command))
      assert.ok(stopped.state === 'pending' || stopped.state === 'canceled')
      await kit.harness.settle()
      assert.equal(ok(await calls().find(command))?.state, 'canceled')
      const { provider, now } = kit.harness
      const subjects = (await kit.harness.notifications()).map(({ body, headers }) => {
        const answer = provider.verifyWebhook({ body, headers, now: now() })
        assert.ok(answer.ok)
        return answer.notice.subject
      })
      const about = subjects.find((subject) => subject.kind === 'transfer' && subject.ref === ref)
      assert.deepEqual(about, { kind: 'transfer', ref, key: command.idempotencyKey })
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
