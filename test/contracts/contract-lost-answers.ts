import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** An unknown outcome is settled by looking it up. */
export const lostAnswers = (kit: ContractKit): void => {
  const { key, pageOrder, order, tagged, paid, held, fresh, refundOf, refundsOf, isOurs, capture } = kit
  const cannot = () => ({
    charge: kit.harness.provider.capabilities.pageOnly === true && 'paid on a page only',
    hold: !kit.harness.provider.capabilities.manualCapture && 'this provider holds nothing',
  })
  describe('when the answer does not come', () => {
    for (const how of ['answer_lost', 'fails_after'] as const) {
      test(`after the work (${how}), a look-up finds exactly one payment`, async (t) => {
        const { charge } = cannot()
        if (charge) return t.skip(charge)
        const command = order()
        await kit.harness.spoilNext(how)
        unknown(await kit.harness.provider.authorize(command))
        const [payment, ...others] = await tagged(command)
        assert.equal(others.length, 0)
        assert.equal(payment?.state, 'succeeded')
      })

      test(`after the work (${how}), a look-up finds exactly one refund`, async () => {
        const payment = await paid()
        await kit.harness.spoilNext(how)
        unknown(await refundOf(payment, 1000n))
        assert.deepEqual(
          (await refundsOf(payment)).map((refund) => [refund.amount, isOurs(refund, payment)]),
          [[1000n, true]],
        )
      })

      test(`after the work (${how}), a look-up finds the capture`, async (t) => {
        const { hold } = cannot()
        if (hold) return t.skip(hold)
        const payment = await held()
        await kit.harness.spoilNext(how)
        unknown(await capture(payment, 3000n))
        assert.equal((await fresh(payment)).amountReceived, 3000n)
      })
    }

    test('to a cancellation, a look-up finds it', async (t) => {
      const { hold } = cannot()
      if (hold) return t.skip(hold)
      const payment = await held()
      await kit.harness.spoilNext('answer_lost')
      unknown(await kit.harness.provider.cancel({ idempotencyKey: key(), paymentRef: payment.ref }))
      assert.equal((await fresh(payment)).state, 'canceled')
    })

    test('to the opening of a page, the same key leads to the same page', async () => {
      const command = pageOrder()
      await kit.harness.spoilNext('answer_lost')
      unknown(await kit.harness.provider.openPage(command))
      const page = ok(await kit.harness.provider.openPage(command))
      // Where the payer goes may be told only when it is opened.
      const found = ok(await kit.harness.provider.findPage({ pageRef: page.ref }))
      assert.deepEqual({ ...page, ...found }, page)
    })

    test('and nothing was done, a look-up finds nothing', async (t) => {
      const { charge } = cannot()
      if (charge) return t.skip(charge)
      const command = order()
      await kit.harness.spoilNext('fails_before')
      unknown(await kit.harness.provider.authorize(command))
      assert.deepEqual(await tagged(command), [])
    })

    test('a lost answer comes back under the same key', async (t) => {
      const { charge } = cannot()
      if (charge) return t.skip(charge)
      const command = order()
      await kit.harness.spoilNext('answer_lost')
      unknown(await kit.harness.provider.authorize(command))
      const payment = ok(await kit.harness.provider.authorize(command))
      assert.deepEqual(await tagged(command), [payment])
    })
  })

  describe('looking up what is not there', () => {
    test('finds nothing, and says so', async () => {
      const { provider, missing } = kit.harness
      assert.equal(ok(await provider.findPayment({ paymentRef: missing.payment })), undefined)
      assert.equal(ok(await provider.findCharge({ chargeRef: missing.charge })), undefined)
      assert.equal(ok(await provider.findRefund({ refundRef: missing.refund })), undefined)
      assert.equal(ok(await provider.findPage({ pageRef: missing.page })), undefined)
      assert.deepEqual(ok(await provider.findRefunds({ paymentRef: missing.payment })), [])
      assert.deepEqual(await tagged(order()), [])
      refused(await capture({ ref: missing.payment }, 1n))
      refused(await provider.authorize(order({ paymentRef: missing.payment })))
    })
  })
}
