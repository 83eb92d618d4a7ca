import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { createRatePause } from '#providers/stripe/rate-pause.ts'
import { startRecorder } from './recorder.ts'

test('after a 429 nobody asks until it is time, and what a payer waits for is sent all the same', async () => {
  const recorder = await startRecorder()
  after(() => recorder.close())
  let at = 0
  const pause = createRatePause({ now: () => new Date(at) })
  const eager = createStripeProvider({
    secretKey: 'sk_test_key',
    webhookSecrets: ['whsec_x'],
    apiBase: recorder.url,
    pause,
  })
  const find = () => eager.findPayment({ paymentRef: 'pi_1' })
  const limited = { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many.' } }
  recorder.on('GET', '/v1/payment_intents/pi_1', 429, limited)
  assert.equal((await find()).outcome, 'unknown')
  assert.equal((await find()).outcome, 'unknown')
  assert.equal(recorder.requests.length, 1)
  assert.equal((await eager.cancel({ idempotencyKey: 'op_1', paymentRef: 'pi_1' })).outcome, 'ok')
  assert.equal(recorder.requests.length, 2)
  at = 1000
  recorder.reset()
  assert.equal((await find()).outcome, 'ok')
  assert.equal(recorder.requests.length, 1)
})

test('a pause grows with every 429, follows Retry-After, and ends with an answer', () => {
  let at = 0
  const pause = createRatePause({ now: () => new Date(at) })
  const lastsFor = (retryAfter?: string): number => {
    pause.hear(429, retryAfter)
    const start = at
    while (pause.isOn()) at += 500
    return at - start
  }
  assert.deepEqual([lastsFor(), lastsFor(), lastsFor()], [1000, 2000, 4000])
  assert.equal(lastsFor('17'), 17_000)
  assert.deepEqual([lastsFor(), lastsFor(), lastsFor('3600')], [16_000, 30_000, 30_000])
  pause.hear(200, undefined)
  assert.equal(lastsFor(), 1000)
})
