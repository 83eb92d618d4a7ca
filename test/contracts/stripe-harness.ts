import assert from 'node:assert/strict'
import Stripe from 'stripe'
import type { Currency } from '#kernel/currencies.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { startStripeSandbox } from '#sandbox/stripe/index.ts'
import { openDatabase } from './database.ts'
import { openSink } from './notification-sink.ts'
import type { Feature, ProviderHarness } from './provider-harness.ts'
import { openWire } from './wire.ts'

const secretKey = 'sk_test_contract'
const webhookSecret = 'whsec_contract'
const settleMs = 30_000

export const stripeFeatures: readonly Feature[] = [
  'charges',
  'holds',
  'increments',
  'multicapture',
  'overcapture',
  'refund_cancellations',
  'amount_limits',
  'saved_methods',
  'setups',
  'disputes',
  'chargebacks',
  'evidence_files',
  'money',
]

/** The real SDK over real HTTP against the simulator, with a real endpoint for its webhooks. */
export const stripeHarness = async (): Promise<ProviderHarness> => {
  const database = await openDatabase()
  const sink = await openSink()
  const sandbox = await startStripeSandbox({
    databaseUrl: database.url,
    port: 0,
    secretKey,
    webhook: { url: sink.url, secret: webhookSecret },
    seed: 'contract',
    asyncSettleMs: settleMs,
  })
  const strange = await openWire(sandbox.url, {
    bend: ({ body, headers }) => ({ headers, body: body.replaceAll(/"status": ?"\w+"/g, '"status": "teleported"') }),
  })
  const control = async (path: string, fields: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify(fields)
    const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, { method: 'POST', headers, body })
    const text = await answer.text()
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const spoil = async (fields: object): Promise<void> => void (await control('faults', fields))
  const open = (apiBase: string) => createStripeProvider({ secretKey, webhookSecrets: [webhookSecret], apiBase })
  return {
    provider: open(sandbox.url),
    stranger: open(strange.url),
    currency: 'eur' as Currency,
    methods: {
      good: 'pm_card_visa',
      declined: 'pm_card_visa_chargeDeclined',
      needsAction: 'pm_card_threeDSecure2Required',
      needsActionAlways: 'pm_card_authenticationRequired',
      refundFails: 'pm_card_refundFail',
      refundPends: 'pm_card_pendingRefund',
    },
    missing: {
      payment: 'pi_missing',
      charge: 'ch_missing',
      refund: 're_missing',
      page: 'cs_test_missing',
      method: 'pm_missing',
      dispute: 'dp_missing',
    },
    now: () => new Date(),
    spoilNext: (how) => spoil({ ...faults[how], match: { method: 'POST' } }),
    act: async (actionUrl, verdict) => {
      const answer = await submit(actionUrl, { answer: verdict })
      assert.equal(answer.status, 303)
    },
    payPage: async ({ url = '' }, method) => {
      const isGood = method === 'pm_card_visa'
      const answer = await submit(url, {
        method: 'card',
        card_number: isGood ? '4242424242424242' : '4000000000000002',
        exp: '12 / 34',
        cvc: '123',
        name: 'A Payer',
      })
      assert.equal(answer.status, isGood ? 303 : 402)
    },
    settle: async () => {
      await control('advance', { ms: settleMs + 1 })
      await sandbox.drainWebhooks()
    },
    duplicateNext: () => spoil({ fault: 'webhook_duplicate', count: 1 }),
    notifications: async () => {
      await sandbox.drainWebhooks()
      return sink.take()
    },
    signed: (what) => {
      const payload = JSON.stringify(made[what])
      const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret })
      return { body: Buffer.from(payload), headers: { 'stripe-signature': header } }
    },
    disputes: {
      wantsAnswer: false,
      open: async ({ charge }, how) => {
        const kind = how === 'takes' ? 'fraudulent' : 'inquiry'
        return String((await control('disputes', { charge: charge?.ref, kind })).id)
      },
      decide: async (ref, verdict) => void (await control(`disputes/${ref}/${verdict}`, {})),
    },
    money: {
      move: async (kind, amount) =>
        void (await control('adjustments', { kind, amount: Number(amount), currency: 'eur' })),
      payOut: async () => String((await control('payouts', { currency: 'eur' })).id),
      bounce: async (ref) => void (await control(`payouts/${ref}/fail`, {})),
      availableMethod: 'pm_card_bypassPending',
      moreThanAPage: 101,
      missing: { entry: 'txn_missing', payout: 'po_missing' },
    },
    close: async () => {
      await strange.close()
      await sandbox.close()
      await sink.close()
      await database.close()
    },
  }
}

/** The SDK repeats a request once when the connection closes, so a lost answer has to be lost twice. */
const faults = {
  fails_before: { fault: 'error_500', count: 1 },
  fails_after: { fault: 'error_after', count: 1 },
  answer_lost: { fault: 'lost_answer', count: 2 },
}

const event = (type: string) => ({
  id: 'evt_made',
  object: 'event',
  type,
  created: 1_790_000_000,
  livemode: false,
  data: { object: { id: 'x_1', object: 'x' } },
})
const made = {
  'of no interest': event('plan.created'),
  'of an unknown type': event('payment_intent.teleported'),
  'no event': { id: 'pi_1', object: 'payment_intent' },
}

const submit = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
