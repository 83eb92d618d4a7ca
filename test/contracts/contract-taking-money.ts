import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** A payment is taken once, in full, or not at all. */
export const takingMoney = (kit: ContractKit): void => {
  const { key, order, tagged, paid, fresh } = kit
  describe('taking money', () => {
    test('takes the whole amount, and tells charge, method, fee and our tags', async () => {
      const command = order()
      const payment = await paid(command)
      assert.equal(payment.state, 'succeeded')
      assert.deepEqual([payment.amount, payment.amountReceived, payment.amountCapturable], [4200n, 4200n, 0n])
      assert.equal(payment.currency, kit.harness.currency)
      assert.deepEqual(payment.tags, command.tags)
      const { charge } = payment
      assert.ok(charge?.method?.type)
      assert.deepEqual([charge.state, charge.captured, charge.amountCaptured], ['succeeded', true, 4200n])
      // Where there are statements, the fee stands in tomorrow's.
      assert.equal(charge.fee === undefined, kit.harness.provider.capabilities.statements !== undefined)
      if (charge.fee) {
        assert.ok(charge.fee.ref && charge.fee.amount > 0n && charge.fee.amount < 4200n)
        assert.ok(charge.fee.availableOn >= charge.createdAt)
      }
      assert.deepEqual(await fresh(payment), payment)
      const found = ok(await kit.harness.provider.findCharge({ chargeRef: charge.ref }))
      assert.deepEqual(found, { charge, paymentRef: payment.ref })
    })

    if (!kit.offers('charges')) {
      test('from a method is not offered: payers pay on a page, and a charge is refused with words', async () => {
        const command = order()
        assert.ok(refused(await kit.harness.provider.authorize(command)).decline.message)
        assert.deepEqual(await tagged(command), [])
      })
      return
    }

    test('repeated under the same key is one payment', async () => {
      const command = order()
      const first = ok(await kit.harness.provider.authorize(command))
      const again = ok(await kit.harness.provider.authorize(command))
      assert.deepEqual(again, first)
      assert.equal((await tagged(command)).length, 1)
    })

    test('sent twice at once under the same key is one payment', async () => {
      const command = order()
      const answers = await Promise.all([1, 2, 3].map(() => kit.harness.provider.authorize(command)))
      assert.ok(answers.some(({ outcome }) => outcome === 'ok'))
      assert.ok(answers.every(({ outcome }) => outcome !== 'refused'))
      assert.equal((await tagged(command)).length, 1)
    })

    test('another order under a used key does nothing, and is looked up', async () => {
      const command = order()
      await kit.harness.provider.authorize(command)
      unknown(await kit.harness.provider.authorize({ ...command, amount: 9900n }))
      assert.deepEqual(
        (await tagged(command)).map(({ amount }) => amount),
        [4200n],
      )
    })

    test('a decline is refused and leaves the payment open for another attempt', async () => {
      const command = order({ method: kit.harness.methods.declined })
      const answer = refused(await kit.harness.provider.authorize(command))
      assert.ok(answer.decline.code && answer.decline.message)
      const { payment } = answer
      assert.equal(payment?.state, 'requires_payment_method')
      assert.deepEqual([payment.charge?.state, payment.amountReceived], ['failed', 0n])
      assert.equal(payment.charge?.decline?.code, answer.decline.code)
      assert.equal(payment.charge?.fee, undefined)
      const second = { ...command, idempotencyKey: key(), method: kit.harness.methods.good, paymentRef: payment.ref }
      const done = ok(await kit.harness.provider.authorize({ ...second, amount: 3900n }))
      assert.deepEqual([done.ref, done.state, done.amountReceived], [payment.ref, 'succeeded', 3900n])
      assert.equal(done.decline, undefined)
      assert.equal((await tagged(command)).length, 1)
    })

    test('a payment that is done is not taken again', async () => {
      const payment = await paid()
      const answer = refused(await kit.harness.provider.authorize(order({ paymentRef: payment.ref })))
      assert.equal(answer.payment?.state, 'succeeded')
      const other = refused(await kit.harness.provider.authorize(order({ paymentRef: payment.ref, amount: 1n })))
      assert.equal(other.decline.code, 'payment_intent_amount_reconciliation_mismatch')
      assert.equal((await fresh(payment)).amountReceived, 4200n)
    })

    test('waits for the payer when the bank asks, and takes the money once the payer has answered', async () => {
      const payment = await paid({ method: kit.harness.methods.needsAction })
      assert.equal(payment.state, 'requires_action')
      assert.equal(payment.amountReceived, 0n)
      await kit.harness.act(payment.actionUrl ?? assert.fail('no page'), 'approve')
      assert.equal((await fresh(payment)).state, 'succeeded')
    })

    test('is open again when the payer fails the question', async () => {
      const payment = await paid({ method: kit.harness.methods.needsAction })
      await kit.harness.act(payment.actionUrl ?? assert.fail('no page'), 'fail')
      const after = await fresh(payment)
      assert.equal(after.state, 'requires_payment_method')
      assert.equal(after.decline?.code, 'payment_intent_authentication_failure')
      assert.equal(after.actionUrl, undefined)
    })
  })
}
