import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Refunds: in parts, never too much, and honest about what the bank does with them. */
export const givingBack = (kit: ContractKit): void => {
  const { key, paid, held, fresh, refundOf, refundsOf, isOurs } = kit
  /** Not every provider says with a payment what was given back of it. */
  const refunded = async (payment: { ref: string }) => (await fresh(payment)).charge?.amountRefunded
  describe('giving money back', () => {
    test('in parts, up to what was taken and not a unit more', async () => {
      const payment = await paid()
      const first = ok(await refundOf(payment, 1000n))
      assert.deepEqual([first.amount, first.paymentRef], [1000n, payment.ref])
      assert.ok(first.state === 'succeeded' || first.state === 'pending')
      assert.ok(isOurs(first, payment))
      refused(await refundOf(payment, 3201n))
      ok(await refundOf(payment, 3200n))
      refused(await refundOf(payment, 1n))
      assert.equal((await refunded(payment)) ?? 4200n, 4200n)
      const found = await refundsOf(payment)
      assert.deepEqual(found.map(({ amount }) => amount).sort(), [1000n, 3200n])
      assert.deepEqual(ok(await kit.harness.provider.findRefund({ refundRef: first.ref })), first)
    })

    test('many at once never give back more than was taken', async () => {
      const payment = await paid()
      const answers = await Promise.all([1, 2, 3, 4].map(() => refundOf(payment, 2200n)))
      assert.equal(answers.filter(({ outcome }) => outcome === 'ok').length, 1)
      assert.equal((await refunded(payment)) ?? 2200n, 2200n)
      assert.equal((await refundsOf(payment)).length, 1)
    })

    test('repeated under the same key is one refund', async () => {
      const payment = await paid()
      const idempotencyKey = key()
      const first = ok(await refundOf(payment, 1000n, idempotencyKey))
      assert.deepEqual(ok(await refundOf(payment, 1000n, idempotencyKey)), first)
      assert.equal((await refundsOf(payment)).length, 1)
    })

    test('another refund under a used key does nothing, and is looked up', async () => {
      const payment = await paid()
      const idempotencyKey = key()
      ok(await refundOf(payment, 1000n, idempotencyKey))
      unknown(await refundOf(payment, 900n, idempotencyKey))
      const reworded = { paymentRef: payment.ref, currency: kit.harness.currency, reason: 'duplicate', tags: {} }
      // Whatever the provider thinks of other words: it has done what was asked under this key.
      const again = await kit.harness.provider.refund({ idempotencyKey, amount: 1000n, ...reworded })
      assert.notEqual(again.outcome, 'refused')
      assert.deepEqual(
        (await refundsOf(payment)).map(({ amount }) => amount),
        [1000n],
      )
    })

    if (kit.offers('holds'))
      test('nothing of a payment that was only held', async () => {
        refused(await refundOf(await held(), 1n))
      })

    test('tells when the bank sends a refund back', async () => {
      const payment = await paid({ method: kit.harness.methods.refundFails })
      const { ref, state } = ok(await refundOf(payment, 1000n))
      await kit.harness.settle()
      const failed = ok(await kit.harness.provider.findRefund({ refundRef: ref }))
      assert.equal(failed?.state, 'failed')
      assert.ok(failed.failureReason)
      // What never left does not come back.
      assert.equal(failed.failureBalanceRef !== undefined, state === 'succeeded')
      assert.equal((await refunded(payment)) ?? 0n, 0n)
    })

    test('waits for a refund that is on its way', async () => {
      const payment = await paid({ method: kit.harness.methods.refundPends })
      const refund = ok(await refundOf(payment, 1000n))
      assert.equal(refund.state, 'pending')
      await kit.harness.settle()
      assert.equal(ok(await kit.harness.provider.findRefund({ refundRef: refund.ref }))?.state, 'succeeded')
      refused(await kit.harness.provider.cancelRefund({ idempotencyKey: key(), refundRef: refund.ref }))
    })

    test(`${kit.offers('refund_cancellations') ? 'takes' : 'does not take'} back one that is still on its way`, async () => {
      const payment = await paid({ method: kit.harness.methods.refundPends })
      const { ref } = ok(await refundOf(payment, 1000n))
      const answer = await kit.harness.provider.cancelRefund({ idempotencyKey: key(), refundRef: ref })
      if (!kit.offers('refund_cancellations')) return void refused(answer)
      assert.equal(ok(answer).state, 'canceled')
      assert.equal((await refunded(payment)) ?? 0n, 0n)
    })
  })
}
