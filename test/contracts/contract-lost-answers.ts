import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

const losses = ['answer_lost', 'fails_after'] as const

/** An unknown outcome is settled by looking it up. */
export const lostAnswers = (kit: ContractKit): void => {
  const { pageOrder, order, tagged, paid, refundOf, refundsOf, isOurs, capture } = kit
  describe('when the answer does not come', () => {
    for (const how of losses)
      test(`after the work (${how}), a look-up finds exactly one refund`, async () => {
        const payment = await paid()
        await kit.harness.spoilNext(how)
        unknown(await refundOf(payment, 1000n))
        assert.deepEqual(
          (await refundsOf(payment)).map((refund) => [refund.amount, isOurs(refund, payment)]),
          [[1000n, true]],
        )
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

    if (kit.offers('charges')) lostCharges(kit)
    if (kit.offers('holds')) lostHolds(kit)
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

  describe('a state that nobody knows', () => {
    test('is never guessed: look-ups are unknown, and so is what a command has done', async () => {
      const payment = await paid()
      const { ref } = ok(await refundOf(payment, 1000n))
      const page = ok(await kit.harness.provider.openPage(pageOrder()))
      const { stranger } = kit.harness
      unknown(await stranger.findPayment({ paymentRef: payment.ref }))
      unknown(await stranger.findRefund({ refundRef: ref }))
      unknown(await stranger.findPage({ pageRef: page.ref }))
      unknown(await stranger.findCharge({ chargeRef: payment.charge?.ref ?? '' }))
      unknown(await refundOf(payment, 500n, undefined, stranger))
      // Whether it was done, the look-up says: not before it could read the payment, or once.
      const [, made, ...others] = (await refundsOf(payment)).map(({ amount }) => amount).sort((a, b) => Number(b - a))
      assert.deepEqual([made ?? 500n, others], [500n, []])
    })
  })
}

const lostCharges = (kit: ContractKit): void => {
  const { order, tagged } = kit
  for (const how of losses)
    test(`after the work (${how}), a look-up finds exactly one payment`, async () => {
      const command = order()
      await kit.harness.spoilNext(how)
      unknown(await kit.harness.provider.authorize(command))
      const [payment, ...others] = await tagged(command)
      assert.equal(others.length, 0)
      assert.equal(payment?.state, 'succeeded')
    })

  test('and nothing was done, a look-up finds nothing', async () => {
    const command = order()
    await kit.harness.spoilNext('fails_before')
    unknown(await kit.harness.provider.authorize(command))
    assert.deepEqual(await tagged(command), [])
  })

  test('a lost answer comes back under the same key', async () => {
    const command = order()
    await kit.harness.spoilNext('answer_lost')
    unknown(await kit.harness.provider.authorize(command))
    const payment = ok(await kit.harness.provider.authorize(command))
    assert.deepEqual(await tagged(command), [payment])
  })
}

const lostHolds = (kit: ContractKit): void => {
  const { key, held, fresh, capture } = kit
  for (const how of losses)
    test(`after the work (${how}), a look-up finds the capture`, async () => {
      const payment = await held()
      await kit.harness.spoilNext(how)
      unknown(await capture(payment, 3000n))
      assert.equal((await fresh(payment)).amountReceived, 3000n)
    })

  test('to a cancellation, a look-up finds it', async () => {
    const payment = await held()
    await kit.harness.spoilNext('answer_lost')
    unknown(await kit.harness.provider.cancel({ idempotencyKey: key(), paymentRef: payment.ref }))
    assert.equal((await fresh(payment)).state, 'canceled')
  })
}
