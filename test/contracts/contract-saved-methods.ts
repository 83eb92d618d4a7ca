import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Keeping a payer's method and charging it again, where the provider can. */
export const savedMethods = (kit: ContractKit): void => {
  const { key, order, pageOrder, fresh, paid, tagged } = kit
  const customer = async (idempotencyKey = key()) =>
    ok(await kit.harness.provider.createCustomer({ idempotencyKey, customer: `cus_${newUuid()}` })).ref
  const detach = (methodRef: string, idempotencyKey = key()) =>
    kit.harness.provider.detachMethod({ idempotencyKey, methodRef })
  /** A method that has paid once and is kept. */
  const kept = async (method = kit.harness.methods.good) => {
    const customerRef = await customer()
    const first = await paid({ customerRef, save: 'off_session', method })
    if (first.actionUrl) await kit.harness.act(first.actionUrl, 'approve')
    const { savedFor, methodRef, state } = await fresh(first)
    assert.equal(state, 'succeeded')
    assert.equal(savedFor, customerRef)
    assert.ok(methodRef)
    return { customerRef, methodRef }
  }

  if (!kit.offers('saved_methods')) {
    test('keeping methods is not offered: nobody can be made whose they would be, and none is forgotten', async () => {
      refused(await kit.harness.provider.createCustomer({ idempotencyKey: key(), customer: 'cus_1' }))
      refused(await detach('pm_1'))
    })
    return
  }
  describe('methods that are kept', () => {
    test('pay again, with the payer and without', async () => {
      const { customerRef, methodRef } = await kept()
      for (const offSession of [false, true]) {
        const again = await paid({ method: methodRef, customerRef, offSession })
        assert.equal(again.state, 'succeeded')
        assert.equal(again.methodRef, methodRef)
        assert.equal(again.savedFor, undefined)
        assert.equal(again.charge?.method?.type, 'card')
        assert.match(again.charge?.method?.last4 ?? '', /^\d{4}$/)
      }
    })

    test('the first payment on the hosted page keeps the method, too', async () => {
      const customerRef = await customer()
      const page = ok(await kit.harness.provider.openPage(pageOrder({ customerRef, save: 'off_session' })))
      await kit.harness.payPage(page, kit.harness.methods.good)
      const done = ok(await kit.harness.provider.findPage({ pageRef: page.ref }))
      const payment = await fresh({ ref: done?.paymentRef ?? '' })
      assert.equal(payment.savedFor, customerRef)
      const method = payment.methodRef ?? ''
      assert.equal((await paid({ method, customerRef, offSession: true })).state, 'succeeded')
    })

    test('without saving, a method pays once', async () => {
      const { methodRef = '', savedFor } = await paid()
      assert.equal(savedFor, undefined)
      refused(await kit.harness.provider.authorize(order({ method: methodRef })))
    })

    test('belong to their customer', async () => {
      const { methodRef } = await kept()
      refused(await kit.harness.provider.authorize(order({ method: methodRef })))
      refused(await kit.harness.provider.authorize(order({ method: methodRef, customerRef: await customer() })))
    })

    test('ask the payer when the bank does, and only then are charged', async () => {
      const { customerRef, methodRef } = await kept(kit.harness.methods.needsActionAlways)
      const command = order({ method: methodRef, customerRef, offSession: true })
      const { decline, payment } = refused(await kit.harness.provider.authorize(command))
      assert.equal(decline.declineCode ?? decline.code, 'authentication_required')
      assert.equal(payment?.amountReceived, 0n)
      const paymentRef = payment?.ref ?? ''
      const asked = ok(
        await kit.harness.provider.authorize({ ...command, idempotencyKey: key(), paymentRef, offSession: false }),
      )
      assert.equal(asked.state, 'requires_action')
      await kit.harness.act(asked.actionUrl ?? '', 'approve')
      assert.equal((await fresh(asked)).state, 'succeeded')
    })

    test('a second attempt at a payment may be made with one', async () => {
      const { customerRef, methodRef } = await kept()
      const command = order({ method: kit.harness.methods.declined })
      const { payment } = refused(await kit.harness.provider.authorize(command))
      const paymentRef = payment?.ref ?? ''
      const again = order({ ...command, idempotencyKey: key(), paymentRef, method: methodRef, customerRef })
      assert.equal(ok(await kit.harness.provider.authorize(again)).state, 'succeeded')
    })

    test('are forgotten, once and again, and charge no more', async () => {
      const { customerRef, methodRef } = await kept()
      ok(await detach(methodRef))
      ok(await detach(methodRef))
      ok(await detach(kit.harness.missing.method))
      refused(await kit.harness.provider.authorize(order({ method: methodRef, customerRef })))
    })

    test('a lost answer does nothing twice', async () => {
      const idempotencyKey = key()
      const who = { idempotencyKey, customer: 'cus_lost' }
      await kit.harness.spoilNext('answer_lost')
      unknown(await kit.harness.provider.createCustomer(who))
      const { ref } = ok(await kit.harness.provider.createCustomer(who))
      assert.equal(ok(await kit.harness.provider.createCustomer(who)).ref, ref)
      const { customerRef, methodRef } = await kept()
      const command = order({ method: methodRef, customerRef, offSession: true })
      await kit.harness.spoilNext('answer_lost')
      unknown(await kit.harness.provider.authorize(command))
      assert.deepEqual(
        (await tagged(command)).map(({ state }) => state),
        ['succeeded'],
      )
      await kit.harness.spoilNext('answer_lost')
      unknown(await detach(methodRef))
      ok(await detach(methodRef))
    })
  })
}
