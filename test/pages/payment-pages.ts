import express from 'express'
import { pino } from 'pino'
import { AppError } from '#kernel/errors.ts'
import type { DeskOptions, PagePayments } from '#pages/checkout/desk.ts'
import { createPages } from '#pages/pages.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import { createFakeCheckouts, type FakeOrder } from './fake-checkouts.ts'

type Intent = PaymentPage['intent']
export type Change = Partial<Omit<PaymentPage, 'intent'>> & { intent?: Partial<Intent> }

export const now = new Date('2026-11-22T12:00:00Z')
const merchantId = '019ad000-0000-7000-8000-000000000001'
export const intentId = '019ad000-0000-7000-8000-000000000002'
const chargeId = '019ad000-0000-7000-8000-000000000003'

/** A payment as the pages read it: a bouquet for 42 euros, asked for in Telegram. */
export const paymentPage = ({ intent, ...rest }: Change = {}): PaymentPage => ({
  intent: { ...bouquet, ...intent },
  charges: [],
  refunds: [],
  merchant: { name: 'Blüte Flowers', settings: { support_email: 'hello@bluete.example' } },
  thread: { channel: 'telegram', locale: 'en' },
  ...rest,
})

const bouquet: Intent = {
  merchant_id: merchantId,
  id: intentId,
  thread_id: null,
  participant_id: null,
  customer_id: null,
  status: 'requires_payment_method',
  capture_method: 'automatic',
  amount: 4200n,
  currency: 'eur',
  amount_authorized: 0n,
  amount_capturable: 0n,
  amount_captured: 0n,
  amount_refunded: 0n,
  amount_refund_pending: 0n,
  description: 'Bouquet “Nanterre”',
  metadata: {},
  options: {
    amount_details: {
      line_items: [{ product_name: 'Bouquet “Nanterre”', quantity: 1, unit_cost: 3900 }],
      shipping: { amount: 300 },
    },
  },
  payment_method: null,
  return_url: null,
  next_action: null,
  last_payment_error: null,
  latest_charge_id: null,
  cancellation_reason: null,
  canceled_at: null,
  expires_at: new Date('2026-11-23T11:30:00Z'),
  provider: 'stripe',
  provider_connection_id: null,
  route: null,
  provider_ref: null,
  page_ref: null,
  page_url: null,
  page_handover: null,
  page_expires_at: null,
  conflict: null,
  attribution: null,
  version: 1,
  livemode: false,
  created_at: now,
  updated_at: now,
}

export const charge: PaymentPage['charges'][number] = {
  merchant_id: merchantId,
  id: chargeId,
  payment_intent_id: intentId,
  status: 'succeeded',
  amount: 4200n,
  amount_captured: 4200n,
  amount_refunded: 0n,
  currency: 'eur',
  captured: true,
  failure_code: null,
  failure_message: null,
  decline_code: null,
  method: { type: 'card', brand: 'visa', last4: '4242' },
  provider: 'stripe',
  provider_ref: 'ch_1',
  fee: null,
  created_at: now,
  dispute_id: null,
  refund_block: null,
}

const back = { return_url: 'https://shop.example/chat' }
const paid = { status: 'succeeded', amount_captured: 4200n, ...back } as const

/** One payment in every state that a payer can find it in. */
export const everyState: Record<string, Change> = {
  payable: { intent: { ...back } },
  confirm: {
    intent: {
      status: 'requires_action',
      next_action: { type: 'redirect_to_url', redirect_to_url: { url: 'https://bank.example/3ds' } },
    },
  },
  declined: { intent: { last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds' }, ...back } },
  processing: { intent: { status: 'processing' } },
  checking: { intent: { conflict: 'amount differs' } },
  authorised: { intent: { status: 'requires_capture', capture_method: 'manual' } },
  paid: { intent: paid, charges: [charge] },
  refunded: {
    intent: { ...paid, amount_refunded: 4200n },
    charges: [charge],
    refunds: [{ id: chargeId, amount: 4200n, status: 'succeeded', created_at: now, reason: null }],
  },
  expired: { intent: { status: 'canceled', cancellation_reason: 'expired' } },
  canceled: { intent: { status: 'canceled', ...back } },
}

const visa = { id: 'pm_01jd2q8k5xf0srd3q7m9w1c4ze', method: { type: 'card', brand: 'visa', last4: '4242' } }
const amex = { id: 'pm_01jd2q8k5xf0srd3q7m9w1c4zf', method: { type: 'card', brand: 'amex', last4: '0005' } }

/** The same for somebody for whom cards can be kept, or are. */
export const keptStates: Record<string, Change> = {
  keepable: { keeping: { methods: [], saving: 'offered' } },
  'kept-by-shop': { keeping: { methods: [], saving: 'always' } },
  kept: { keeping: { methods: [visa], saving: 'offered' } },
  'kept-two': { keeping: { methods: [visa, amex], saving: 'offered' } },
  'kept-declined': {
    intent: { last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds' } },
    keeping: { methods: [visa], saving: 'offered' },
  },
  'kept-asked': {
    intent: { last_payment_error: { code: 'card_declined', decline_code: 'authentication_required' } },
    keeping: { methods: [visa], saving: 'offered' },
  },
}

const code = {
  provider: 'wechatpay',
  currency: 'cny',
  page_ref: 'op_1',
  page_handover: { kind: 'qr', code: 'weixin://wxpay/bizpayurl?pr=NwY5Mz9' },
}

/** The same handed over on our own page, for `?hand=1`. */
export const handedStates: Record<string, Change> = {
  scan: { intent: { ...code, page_expires_at: new Date(now.getTime() + 7_200_000) } },
  lapsed: { intent: { ...code, page_expires_at: now } },
}

export interface Calls {
  opened: Parameters<PagePayments['openPage']>[1][]
  synced: number
}

interface Fakes extends Partial<PagePayments> {
  detach?: DeskOptions['methods']['detach']
  open?: DeskOptions['payLinks']['open']
  /** Pages by token. */
  pages?: Record<string, Change>
  /** Orders by the UUID that `options.checkout` of their payment names. */
  orders?: Record<string, FakeOrder>
}

export const providerOrigin = 'https://provider.example'

const fieldsSite = {
  script: 'https://js.provider.example/fields.js',
  scriptSrc: ['https://js.provider.example', 'https://*.js.provider.example'],
  frameSrc: ['https://js.provider.example', 'https://hooks.provider.example'],
  connectSrc: ['https://api.provider.example'],
}

/** The pages over payments that stand in memory. */
export const createTestPages = ({
  pages = everyState,
  orders = {},
  detach = refuses('resource_missing'),
  open = async () => undefined,
  ...fakes
}: Fakes = {}) => {
  const calls: Calls = { opened: [], synced: 0 }
  const payments: PagePayments = {
    readPage: async (token) => {
      const change = Object.hasOwn(pages, token) ? pages[token] : undefined
      return change && paymentPage(change)
    },
    openPage: async (_row, links) => {
      calls.opened.push(links)
      return `${providerOrigin}/c/pay/1`
    },
    readFields: async () => ({ clientSecret: 'pi_1_secret_2', publishableKey: 'pk_test_1' }),
    payWithKept: async (row) => row,
    identify: async () => ({ ok: false, reason: 'missing' }),
    sync: async () => {
      calls.synced += 1
    },
    ...fakes,
  }
  const { checkouts, changes } = createFakeCheckouts(merchantId, orders)
  const app = express()
  app.set('query parser', false)
  app.use(
    createPages({
      payments,
      checkouts,
      methods: { detach },
      methodsPage: { read: async () => undefined, remove: async () => undefined },
      setups: { openPage: refuses('setup_intent_unexpected_state'), sync: refuses('resource_missing') },
      payLinks: { open },
      publicUrl: 'https://pay.example',
      clock: { now: () => now },
      logger: pino({ level: 'silent' }),
      providerOrigins: [providerOrigin],
      fields: fieldsSite,
      home: '/demo',
    }),
  )
  return { app, calls, changes }
}

export const refuses = (code: ConstructorParameters<typeof AppError>[0]) => async (): Promise<never> => {
  throw new AppError(code)
}
