import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import type { SetupAnswer, SetupCalls, SetupCommand } from '#providers/setups.ts'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Keeping a method without a payment. */
export const settingUp = (kit: ContractKit): void => {
  describe('keeping a method without a payment', () => {
    if (!kit.offers('setups')) {
      test('is not offered', () => assert.equal(kit.harness.provider.setups, undefined))
      return
    }
    const calls = (): SetupCalls => kit.harness.provider.setups ?? assert.fail('no setups')
    const order = async (over: Partial<SetupCommand> = {}): Promise<SetupCommand> => ({
      idempotencyKey: kit.key(),
      customerRef: await customer(),
      method: kit.harness.methods.good,
      usage: 'off_session',
      returnUrl: 'https://shop.example/back',
      tags: { merchant: 'mer_1', setupIntent: newUuid() },
      ...over,
    })
    const customer = async () =>
      ok(await kit.harness.provider.createCustomer({ idempotencyKey: kit.key(), customer: newUuid() })).ref
    const tagged = async ({ tags, customerRef }: SetupCommand) =>
      ok(await calls().findByTag({ setupIntent: tags.setupIntent ?? '', customerRef, since: kit.started }))
    const done = (answer: SetupAnswer) => {
      assert.ok(answer.outcome === 'ok', JSON.stringify(answer))
      return answer.value
    }

    test('keeps it for its customer, once per key, and charges it without the payer', async () => {
      const command = await order()
      const setup = done(await calls().confirm(command))
      assert.deepEqual([setup.state, setup.savedFor], ['succeeded', command.customerRef])
      assert.deepEqual(done(await calls().confirm(command)), setup)
      assert.deepEqual(ok(await calls().find({ setupRef: setup.ref })), setup)
      assert.deepEqual(await tagged(command), [setup])
      const method = setup.method?.ref ?? assert.fail('no method')
      assert.match(ok(await calls().findMethod({ methodRef: method }))?.details.last4 ?? '', /^\d{4}$/)
      const { customerRef } = command
      assert.equal((await kit.paid({ method, customerRef, offSession: true })).state, 'succeeded')
    })

    for (const how of ['answer_lost', 'fails_after'] as const)
      test(`after a lost answer (${how}) a look-up finds exactly one`, async () => {
        const command = await order()
        await kit.harness.spoilNext(how)
        assert.equal((await calls().confirm(command)).outcome, 'unknown')
        assert.deepEqual(
          (await tagged(command)).map(({ state }) => state),
          ['succeeded'],
        )
      })

    test('of a method that is declined keeps nothing, and another may be tried', async () => {
      const command = await order({ method: kit.harness.methods.declined })
      const answer = await calls().confirm(command)
      assert.ok(answer.outcome === 'refused')
      assert.equal(answer.setup?.state, 'requires_payment_method')
      const again = { ...command, idempotencyKey: kit.key(), method: kit.harness.methods.good }
      assert.equal(done(await calls().confirm({ ...again, setupRef: answer.setup.ref })).state, 'succeeded')
      assert.equal((await tagged(command)).length, 1)
    })

    test('asks the payer when the bank does', async () => {
      const setup = done(await calls().confirm(await order({ method: kit.harness.methods.needsAction })))
      assert.equal(setup.state, 'requires_action')
      await kit.harness.act(setup.actionUrl ?? assert.fail('no page'), 'approve')
      assert.equal(ok(await calls().find({ setupRef: setup.ref }))?.state, 'succeeded')
    })

    test('is canceled while it waits, and not once it is done', async () => {
      const cancel = (setupRef: string) => calls().cancel({ idempotencyKey: kit.key(), setupRef })
      const waiting = done(await calls().confirm(await order({ method: kit.harness.methods.needsAction })))
      assert.equal(done(await cancel(waiting.ref)).state, 'canceled')
      const kept = done(await calls().confirm(await order()))
      assert.equal((await cancel(kept.ref)).outcome, 'refused')
    })

    test('finds nothing where nothing is, and guesses no state', async () => {
      assert.equal(ok(await calls().find({ setupRef: 'seti_missing' })), undefined)
      assert.equal(ok(await calls().findMethod({ methodRef: kit.harness.missing.method })), undefined)
      const { ref } = done(await calls().confirm(await order()))
      unknown(await (kit.harness.stranger.setups ?? assert.fail('no setups')).find({ setupRef: ref }))
      refused(await calls().closePage({ idempotencyKey: kit.key(), pageRef: kit.harness.missing.page }))
    })
  })
}
