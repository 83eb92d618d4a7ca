import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** A hold is captured once, up to its amount, or let go. */
export const holding = (kit: ContractKit): void => {
  const { key, paid, held, fresh, capture } = kit
  const raise = ({ ref }: { ref: string }, amount: bigint) =>
    kit.harness.provider.increment({
      idempotencyKey: key(),
      paymentRef: ref,
      amount,
      currency: kit.harness.currency,
    })
  describe('holding and capturing', () => {
    test('does not cancel what is paid', async () => {
      const payment = await paid()
      const command = { idempotencyKey: key(), paymentRef: payment.ref }
      assert.equal(refused(await kit.harness.provider.cancel(command)).payment?.state, 'succeeded')
    })

    if (!kit.offers('holds')) {
      test('is not offered: what is paid is captured and raised no more', async () => {
        const { ref } = await paid()
        refused(await capture({ ref }, 4200n))
        refused(await raise({ ref }, 5000n))
        assert.equal((await fresh({ ref })).amountReceived, 4200n)
      })
      return
    }

    test('holds the amount, then captures a part and gives back the rest', async () => {
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

    test('never captures more than is held, nor twice', async () => {
      const payment = await held()
      refused(await capture(payment, 4201n))
      assert.equal((await fresh(payment)).state, 'requires_capture')
      ok(await capture(payment, 4200n))
      const again = refused(await capture(payment, 4200n))
      assert.equal(again.payment?.amountReceived, 4200n)
    })

    test('lets a hold go, and captures nothing after that', async () => {
      const payment = await held()
      const command = { idempotencyKey: key(), paymentRef: payment.ref, reason: 'requested_by_customer' }
      const canceled = ok(await kit.harness.provider.cancel(command))
      assert.deepEqual([canceled.state, canceled.canceledReason], ['canceled', 'requested_by_customer'])
      assert.equal(canceled.amountCapturable, 0n)
      refused(await capture(payment, 1n))
      assert.deepEqual(ok(await kit.harness.provider.cancel(command)), canceled)
    })

    if (kit.offers('increments'))
      test('raises a hold to a new total', async () => {
        const payment = await held({ incremental: true })
        const raised = ok(await raise(payment, 5000n))
        assert.deepEqual([raised.state, raised.amount, raised.amountCapturable], ['requires_capture', 5000n, 5000n])
        refused(await raise(payment, 4999n))
        assert.equal(ok(await capture(payment, 5000n)).amountReceived, 5000n)
      })
    else
      test('raising a hold is not offered, and refused', async () => {
        const payment = await held({ incremental: true })
        refused(await raise(payment, 5000n))
        assert.equal((await fresh(payment)).amountCapturable, 4200n)
      })
  })

  describe('capturing in parts', () => {
    const part = (payment: { ref: string }, amount: bigint, isFinal: boolean, idempotencyKey = key()) =>
      kit.harness.provider.capture({ ...order(payment), idempotencyKey, amount, isFinal })
    const order = ({ ref }: { ref: string }) => ({ paymentRef: ref, currency: kit.harness.currency })
    if (kit.offers('multicapture')) {
      test('keeps the rest for later, and gives it back after the last', async () => {
        const payment = await held({ multicapture: true })
        assert.equal(payment.charge?.multicapture, true)
        const idempotencyKey = key()
        const first = ok(await part(payment, 1000n, false, idempotencyKey))
        assert.deepEqual([first.amountReceived, first.amountCapturable], [1000n, 3200n])
        assert.deepEqual(ok(await part(payment, 1000n, false, idempotencyKey)), first)
        refused(await part(payment, 3201n, false))
        const last = ok(await part(payment, 2000n, true))
        assert.deepEqual([last.state, last.amountReceived, last.amountCapturable], ['succeeded', 3000n, 0n])
        assert.deepEqual([last.charge?.captured, last.charge?.moreFees?.length], [true, 1])
      })

      test('whose answer was lost is found, and not done again', async () => {
        const payment = await held({ multicapture: true })
        const idempotencyKey = key()
        await kit.harness.spoilNext('answer_lost')
        unknown(await part(payment, 1000n, false, idempotencyKey))
        assert.equal((await fresh(payment)).amountReceived, 1000n)
        ok(await part(payment, 1000n, false, idempotencyKey))
        assert.equal((await fresh(payment)).amountReceived, 1000n)
      })
    } else if (kit.offers('holds'))
      test('is not offered: nobody promises it of a charge, and a part that is not the last is refused', async () => {
        const payment = await held({ multicapture: true })
        assert.equal(payment.charge?.multicapture ?? false, false)
        refused(await part(payment, 1000n, false))
        assert.equal((await fresh(payment)).amountReceived, 0n)
      })
    else
      test('is not offered where nothing is held', async () => {
        refused(await part(await paid(), 1000n, false))
      })
    if (kit.offers('overcapture'))
      test('takes more than was held, as far as the charge says', async () => {
        const payment = await held({ overcapture: true })
        const most = payment.charge?.maxCapturable ?? assert.fail('the charge does not say how much')
        assert.ok(most > 4200n)
        refused(await part(payment, most + 1n, true))
        assert.equal(ok(await part(payment, most, true)).amountReceived, most)
      })
    else
      test('more than was held is not offered, and refused', async () => {
        const payment = kit.offers('holds') ? await held({ overcapture: true }) : await paid()
        assert.equal(payment.charge?.maxCapturable, undefined)
        refused(await part(payment, 4201n, true))
      })
  })
}
