import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ProviderNotice } from '#providers/notice.ts'
import type {
  PaymentProvider,
  ProviderAnswer,
  ProviderCapabilities,
  ProviderPage,
  ProviderPayment,
  ProviderRefund,
} from '#providers/provider.ts'
import type { BankOrder, BankRefund, BankRequest, BankWire } from './template-bank.ts'

// The smallest provider that there can be, to start one of your own from: docs/providers/adding.md. It takes money on a
// page of its own and gives it back. In an adapter each part that begins with a line like the next is a file.

// capabilities: what it can do, as data
const capabilities: ProviderCapabilities = {
  currencies: 'all',
  manualCapture: false,
  partialCapture: false,
  incrementalAuthorization: false,
  partialRefund: true,
  refundsAreFinal: true,
  pageOnly: true,
  savedMethods: false,
  idempotencyHorizonMs: 20 * 60 * 60 * 1000,
}

// states: every word of the provider's, in full tables; a word that is in none stops here and is never guessed
const paymentStates = { OPEN: 'requires_payment_method', PAID: 'succeeded', CLOSED: 'canceled' } as const
const pageStates = { OPEN: 'open', PAID: 'complete', CLOSED: 'expired' } as const
const refundStates = { WAITING: 'pending', DONE: 'succeeded', BOUNCED: 'failed' } as const

class UnmappedError extends Error {}

const lookUp = <T>(table: Readonly<Record<string, T>>, key: string, what: string): T => {
  const found = Object.hasOwn(table, key) ? table[key] : undefined
  if (found === undefined) throw new UnmappedError(`the bank sent ${what} '${key}'`)
  return found
}

// amounts: the only door through which its numbers become money
const fromWire = (value: number): bigint => {
  if (!Number.isSafeInteger(value)) throw new UnmappedError(`the bank sent the amount ${value}`)
  return BigInt(value)
}
const currencyOf = (value: string): Currency => {
  if (!isCurrency(value)) throw new UnmappedError(`the bank sent the currency '${value}'`)
  return value
}

// mapping: pure, from its objects to ours
const mapPayment = (order: BankOrder): ProviderPayment => {
  const [amount, currency] = [fromWire(order.amount), currencyOf(order.currency)]
  const { payment } = order
  return {
    ref: order.number,
    state: lookUp(paymentStates, order.status, 'the state of an order'),
    amount,
    amountCapturable: 0n,
    amountReceived: payment ? amount : 0n,
    currency,
    tags: order.tags,
    ...(payment && {
      charge: {
        ref: payment.id,
        state: 'succeeded',
        amount,
        amountCaptured: amount,
        captured: true,
        method: { type: 'bank' },
        fee: { ref: payment.fee_id, amount: fromWire(payment.fee), currency, availableOn: new Date(payment.at) },
        createdAt: new Date(payment.at),
      },
    }),
  }
}

const mapPage = (order: BankOrder): ProviderPage => {
  const state = lookUp(pageStates, order.status, 'the state of an order')
  if (state === 'open') return { ref: order.number, state, url: order.pay_url, expiresAt: new Date(order.expires_at) }
  return { ref: order.number, state, ...(state === 'complete' ? { paymentRef: order.number } : {}) }
}

const mapRefund = (refund: BankRefund): ProviderRefund => ({
  ref: refund.number,
  state: lookUp(refundStates, refund.status, 'the state of a refund'),
  amount: fromWire(refund.amount),
  currency: currencyOf(refund.currency),
  paymentRef: refund.order,
  createdAt: new Date(refund.at),
  tags: refund.tags,
  ...(refund.status === 'BOUNCED' ? { failureReason: 'account_unusable' } : {}),
})

// client: the only network, and the judgement of what an answer says about the work
type LookupAnswer<T> = { outcome: 'ok'; value: T } | { outcome: 'unknown'; reason: string }

const errorSchema = z.object({ code: z.string(), message: z.string() })

/** Only a refusal in the bank's own words had certainly no effect: a 5xx, a broken connection or a riddle may have had one. */
const ask = async <Wire, T>(
  wire: BankWire,
  request: BankRequest,
  map: (body: Wire) => T,
): Promise<ProviderAnswer<T>> => {
  try {
    const { status, body } = await wire(request)
    if (status === 200) return { outcome: 'ok', value: map(body as Wire) }
    const error = errorSchema.safeParse(body)
    // 409: the number has another order or refund. What that is, a look-up says.
    if (status >= 500 || status === 409 || !error.success) return { outcome: 'unknown', reason: `status ${status}` }
    const { code, message } = error.data
    return { outcome: 'refused', decline: { code: 'provider_error', declineCode: code, message } }
  } catch (error) {
    return { outcome: 'unknown', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** A refused look-up says nothing about the work, except that there is no such object. */
const find = async <Wire, T>(
  wire: BankWire,
  path: string,
  map: (body: Wire) => T,
): Promise<LookupAnswer<T | undefined>> => {
  const answer = await ask(wire, { method: 'GET', path }, map)
  if (answer.outcome !== 'refused') return answer
  const isAbsent = answer.decline.declineCode === 'not_found'
  return isAbsent ? { outcome: 'ok', value: undefined } : { outcome: 'unknown', reason: answer.decline.message }
}

// commands: each carries its operation's id, under which the bank does it once
type Commands = Pick<PaymentProvider, 'openPage' | 'closePage' | 'cancel' | 'refund'>

const commandsOf = (wire: BankWire): Commands => ({
  openPage: async ({ capture, idempotencyKey: number, amount, currency, tags, expiresAt }) => {
    if (capture === 'manual') return refusal('The bank takes money at once: use capture_method automatic.')
    const order = { number, amount: toJsonAmount(amount), currency, tags, expires_at: expiresAt?.toISOString() }
    return ask(wire, { method: 'POST', path: '/orders', body: order }, mapPage)
  },
  closePage: async ({ pageRef }) => {
    const closed = await ask(wire, { method: 'POST', path: `/orders/${pageRef}/close` }, mapPage)
    if (closed.outcome !== 'refused') return closed
    // Refused because it is paid: then it is not open either, and that is what was wanted.
    const found = await find(wire, `/orders/${pageRef}`, mapPage)
    if (found.outcome === 'unknown') return found
    return found.value ? { outcome: 'ok', value: found.value } : closed
  },
  cancel: async ({ paymentRef }) => {
    const closed = await ask(wire, { method: 'POST', path: `/orders/${paymentRef}/close` }, mapPayment)
    if (closed.outcome !== 'refused') return closed
    const found = await find(wire, `/orders/${paymentRef}`, mapPayment)
    return found.outcome === 'ok' && found.value ? { ...closed, payment: found.value } : closed
  },
  refund: ({ idempotencyKey: number, paymentRef: order, amount, tags }) => {
    const body = { number, order, amount: toJsonAmount(amount), tags }
    return ask(wire, { method: 'POST', path: '/refunds', body }, mapRefund)
  },
})

const refusal = (message: string): ProviderAnswer<never> => ({
  outcome: 'refused',
  decline: { code: 'payment_intent_unexpected_state', message },
})

/** What the capabilities say no to is refused with a sentence that tells what to do instead. */
const notOffered: Pick<
  PaymentProvider,
  'authorize' | 'capture' | 'increment' | 'cancelRefund' | 'createCustomer' | 'detachMethod'
> = {
  authorize: async () => refusal('The bank is paid on its page: leave out payment_method and send the payer there.'),
  capture: async () => refusal('The bank takes money at once and holds none.'),
  increment: async () => refusal('The bank takes money at once and holds none.'),
  cancelRefund: async () => refusal('The bank takes no refund back once it has been sent.'),
  createCustomer: async () => refusal('The bank keeps no methods of payment.'),
  detachMethod: async () => refusal('The bank keeps no methods of payment.'),
}

// lookups: how every unknown outcome is resolved
type Lookups = Pick<
  PaymentProvider,
  'findPayment' | 'findPaymentsByTag' | 'findRefund' | 'findRefunds' | 'findPage' | 'findCharge'
>

const lookupsOf = (wire: BankWire): Lookups => ({
  findPayment: ({ paymentRef }) => find(wire, `/orders/${paymentRef}`, mapPayment),
  // Nothing is ever authorised, and an order is found by its number: none is looked for by our tags.
  findPaymentsByTag: async () => ({ outcome: 'ok', value: [] }),
  findPage: ({ pageRef }) => find(wire, `/orders/${pageRef}`, mapPage),
  findRefund: ({ refundRef }) => find(wire, `/refunds/${refundRef}`, mapRefund),
  findRefunds: async ({ paymentRef }) => {
    const found = await find(wire, `/orders/${paymentRef}/refunds`, (list: BankRefund[]) => list.map(mapRefund))
    return found.outcome === 'ok' ? { ...found, value: found.value ?? [] } : found
  },
  findCharge: ({ chargeRef }) =>
    find(wire, `/payments/${chargeRef}`, (order: BankOrder) => {
      const { charge, ref } = mapPayment(order)
      return charge && { charge, paymentRef: ref }
    }),
})

// webhook: pure; the signature first, over the raw bytes, then what it is about
const noticeSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  at: z.iso.datetime(),
  data: z.object({
    order: z.string().optional(),
    refund: z.string().optional(),
    tags: z.record(z.string(), z.string()).default({}),
  }),
})
type Data = z.output<typeof noticeSchema>['data']

/** What to look at, by type. What is of no interest is said here, too; everything else waits for a person. */
const subjects: Readonly<Record<string, (data: Data) => ProviderNotice['subject']>> = {
  'order.paid': ({ order = '' }) => ({ kind: 'payment', ref: order }),
  'refund.settled': ({ refund = '', order = '' }) => ({ kind: 'refund', ref: refund, paymentRef: order }),
  'bank.holiday': () => ({ kind: 'ignored' }),
}

const verifierOf =
  (secret: string): PaymentProvider['verifyWebhook'] =>
  ({ body, headers, now }) => {
    const { 'bank-time': time = '', 'bank-signature': signature = '' } = headers
    const mac = createHmac('sha256', secret).update(`${time}.`).update(body).digest()
    const given = Buffer.from(signature, 'hex')
    if (given.length !== mac.length || !timingSafeEqual(given, mac)) return { ok: false, reason: 'a wrong signature' }
    if (!(Math.abs(now.getTime() / 1000 - Number(time)) <= 300)) return { ok: false, reason: 'older than 300 s' }
    const read = noticeSchema.safeParse(parseJson(Buffer.from(body).toString()))
    if (!read.success) return { ok: false, reason: 'not a notification' }
    const { id: ref, type, at, data } = read.data
    const subject = Object.hasOwn(subjects, type) ? subjects[type]?.(data) : undefined
    const notice = { ref, type, createdAt: new Date(at), livemode: false, tags: data.tags }
    return { ok: true, notice: { ...notice, subject: subject ?? { kind: 'unknown' } } }
  }

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// index: the provider as an account
export const createTemplateProvider = (wire: BankWire, secret: string): PaymentProvider => ({
  // A provider of your own has its name in ProviderId.
  id: 'template' as PaymentProvider['id'],
  capabilities,
  ...commandsOf(wire),
  ...notOffered,
  ...lookupsOf(wire),
  verifyWebhook: verifierOf(secret),
})
