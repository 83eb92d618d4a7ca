import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** A hold is captured once, up to its amount, or let go. */
export const holding = (kit: ContractKit): void => {
  const { key, paid, held, fresh, capture } = kit
  const holdsNothing = () => !kit.harness.provider.capabilities.manualCapture
  describe('holding and capturing', () => {
    test('is refused where the provider takes money at once', async (t) => {
      if (!holdsNothing()) return t.skip('this provider holds money')
      const { ref } = await paid()
      refused(await capture({ ref }, 4200n))
      const raised = { idempotencyKey: key(), paymentRef: ref, amount: 5000n, currency: kit.harness.currency }
      refused(await kit.harness.provider.increment(raised))
      assert.equal((await fresh({ ref })).amountReceived, 4200n)
    })

    test('holds the amount, then captures a part and gives back the rest', async (t) => {
      if (holdsNothing()) return t.skip('this provider holds nothing')
      const payment = await held()
      assert.equal(payment.state, 'requires_capture')
      assert.deepEqual([payment.amountCapturable, payment.amountReceived], [4200n, 0n])
      assert.equal(payment.charge?.captured, false)
      const idempotencyKey = key()
      const captured = ok(await capture(payment, 3000n, idempotencyKey))
      assert.deepEqual([captured.state, captured.amountReceived, captured.amountCapturable], ['succeeded', 3000n, 0n])
      assert.equal(captured.charge?.amountCaptured, 3000n)
      assert.ok(captured.charge.fee)
      assert.deepEqual(ok(await capture(payment, 3000n, idempotencyKey)), captured)
    })

    test('never captures more than is held, nor twice', async (t) => {
      if (holdsNothing()) return t.skip('this provider holds nothing')
      const payment = await held()
      refused(await capture(payment, 4201n))
      assert.equal((await fresh(payment)).state, 'requires_capture')
      ok(await capture(payment, 4200n))
      const again = refused(await capture(payment, 4200n))
      assert.equal(again.payment?.amountReceived, 4200n)
    })

    test('lets a hold go, and captures nothing after that', async (t) => {
      if (holdsNothing()) return t.skip('this provider holds nothing')
      const payment = await held()
      const command = { idempotencyKey: key(), paymentRef: payment.ref, reason: 'requested_by_customer' }
      const canceled = ok(await kit.harness.provider.cancel(command))
      assert.deepEqual([canceled.state, canceled.canceledReason], ['canceled', 'requested_by_customer'])
      assert.equal(canceled.amountCapturable, 0n)
      refused(await capture(payment, 1n))
      assert.deepEqual(ok(await kit.harness.provider.cancel(command)), canceled)
    })

    test('does not cancel what is paid', async () => {
      const payment = await paid()
      const command = { idempotencyKey: key(), paymentRef: payment.ref }
      assert.equal(refused(await kit.harness.provider.cancel(command)).payment?.state, 'succeeded')
    })

    test('raises a hold to a new total', async (t) => {
      if (!kit.harness.provider.capabilities.incrementalAuthorization) return t.skip('not offered by this provider')
      const payment = await held({ incremental: true })
      const raise = (amount: bigint) =>
        kit.harness.provider.increment({
          idempotencyKey: key(),
          paymentRef: payment.ref,
          amount,
          currency: kit.harness.currency,
        })
      const raised = ok(await raise(5000n))
      assert.deepEqual([raised.state, raised.amount, raised.amountCapturable], ['requires_capture', 5000n, 5000n])
      refused(await raise(4999n))
      assert.equal(ok(await capture(payment, 5000n)).amountReceived, 5000n)
    })
  })
}
