import { createHmac } from 'node:crypto'
import { escapeNonAscii, graphError } from './fake-messenger.ts'
import {
  type FakeReply,
  type FakeServer,
  type FakeUpdate,
  type Fault,
  readJson,
  startFakeServer,
} from './fake-server.ts'
import { complainOfWhatsapp, type OrderParameters } from './whatsapp-limits.ts'

type Json = Record<string, unknown>

export interface SentWhatsapp {
  id: string
  to: string
  message: Json
}

export interface FakeTransaction {
  id: string
  status: 'pending' | 'success' | 'failed'
  refunds: { id: string; amount: { value: number; offset: number }; status: string }[]
}

export interface FakeWhatsapp extends FakeServer {
  readonly sent: SentWhatsapp[]
  readonly faults: Fault[]
  /** Attempts by reference id. */
  readonly attempts: Map<string, FakeTransaction[]>
  /** Bodies of refund requests. */
  readonly refunds: Json[]
  order(reference: string): OrderParameters
  update(value: Json): FakeUpdate
  /** Writes: opens the window of a day. */
  says(waId: string, text: string, more?: Json): FakeUpdate
  /** An attempt at the gateway, and the webhook that tells of it. */
  pays(waId: string, reference: string, attempt: Omit<FakeTransaction, 'refunds'>): FakeUpdate
}

export interface FakeWhatsappOptions {
  phoneNumberId: string
  token: string
  appSecret: string
  configuration?: string
  now?: () => Date
}

const windowMs = 24 * 3_600_000

/** The Cloud API as far as a number that sells in India needs it: limits, window, gateway, look-up, refunds. */
export const startFakeWhatsapp = async (options: FakeWhatsappOptions): Promise<FakeWhatsapp> => {
  const { phoneNumberId, token, appSecret, now = () => new Date() } = options
  const state = {
    sent: [] as SentWhatsapp[],
    faults: [] as Fault[],
    attempts: new Map<string, FakeTransaction[]>(),
    refunds: [] as Json[],
    heardAt: new Map<string, number>(),
  }
  const server = await startFakeServer(({ method, path, headers, body }) => {
    const fault = state.faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    if (headers.authorization !== `Bearer ${token}`) return graphError(190, 'Invalid OAuth access token.')
    const reply = route(
      state,
      options,
      `${method} ${path.replace(/^\/v\d+\.\d/, '')}`,
      body.length > 0 ? readJson(body) : {},
      now(),
    )
    return fault === 'lost' ? 'cut' : reply
  })
  const seconds = (): string => `${Math.floor(now().getTime() / 1000)}`
  const update = (value: Json): FakeUpdate => {
    const metadata = { display_phone_number: '15550001111', phone_number_id: phoneNumberId }
    const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }
    const whole = { object: 'whatsapp_business_account', entry: [{ id: 'WABA', changes: [change] }] }
    const body = Buffer.from(escapeNonAscii(JSON.stringify(whole)))
    const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
    return { body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature }, query: {} }
  }
  let ids = 0
  const wamid = (): string => {
    ids += 1
    return `wamid.in${ids}`
  }
  const { sent, faults, attempts, refunds } = state
  return {
    ...server,
    sent,
    faults,
    attempts,
    refunds,
    update,
    order: (reference) => orderOf(state, reference),
    says: (waId, text, more = {}) => {
      state.heardAt.set(waId, now().getTime())
      const contacts = [{ profile: { name: 'Åsa' }, wa_id: waId }]
      const message = { from: waId, id: wamid(), timestamp: seconds(), type: 'text', text: { body: text }, ...more }
      return update({ contacts, messages: [message] })
    },
    pays: (waId, reference, attempt) => {
      const known = attempts.get(reference) ?? []
      attempts.set(reference, [...known.filter(({ id }) => id !== attempt.id), { ...attempt, refunds: [] }])
      const { total_amount: amount, currency } = orderOf(state, reference)
      const status = attempt.status === 'success' ? 'captured' : 'pending'
      const transaction = { ...attempt, type: 'razorpay', method: { type: 'upi' } }
      const payment = { reference_id: reference, amount, currency, transaction }
      const about = { id: wamid(), recipient_id: waId, type: 'payment', status, timestamp: seconds() }
      return update({ statuses: [{ ...about, payment }] })
    },
  }
}

interface State {
  sent: SentWhatsapp[]
  attempts: Map<string, FakeTransaction[]>
  refunds: Json[]
  heardAt: Map<string, number>
}

const route = (state: State, options: FakeWhatsappOptions, call: string, body: Json, now: Date): FakeReply => {
  const { phoneNumberId: id, configuration = 'upi-test' } = options
  if (call === `GET /${id}`)
    return { status: 200, json: { id, display_phone_number: '+1 555 000 1111', verified_name: 'Fleurs' } }
  if (call === `POST /${id}/messages`) return send(state, body, now)
  if (call === `POST /${id}/payments_refund`) return refund(state, body)
  const reference = call.startsWith(`GET /${id}/payments/${configuration}/`) ? call.split('/').at(-1) : undefined
  return reference === undefined ? graphError(100, 'Unsupported request') : lookUp(state, decodeURIComponent(reference))
}

const send = ({ sent, heardAt }: State, message: Json, now: Date): FakeReply => {
  const to = String(message.to)
  const isOpen = now.getTime() - (heardAt.get(to) ?? 0) < windowMs
  if (!isOpen && message.type !== 'template') return graphError(131047, 'Re-engagement message')
  const complaint = complainOfWhatsapp(message, now)
  if (complaint !== undefined) return graphError(131009, complaint)
  const reference = referenceOf(message)
  if (reference !== undefined && sent.some((one) => referenceOf(one.message) === reference))
    return graphError(131009, 'reference_id must be unique')
  const id = `wamid.out${sent.length + 1}`
  sent.push({ id, to, message })
  return {
    status: 200,
    json: { messaging_product: 'whatsapp', contacts: [{ input: to, wa_id: to }], messages: [{ id }] },
  }
}

interface OrderMessage {
  interactive?: { type: string; action: { parameters: OrderParameters } }
}

const referenceOf = (message: Json): string | undefined => {
  const { interactive } = message as OrderMessage
  return interactive?.type === 'order_details' ? interactive.action.parameters.reference_id : undefined
}

const orderOf = ({ sent }: Pick<State, 'sent'>, reference: string): OrderParameters => {
  const found = sent.find((one) => referenceOf(one.message) === reference)?.message as OrderMessage | undefined
  if (!found?.interactive) throw new Error(`no order ${reference}`)
  return found.interactive.action.parameters
}

const lookUp = (state: State, reference: string): FakeReply => {
  if (!state.sent.some((one) => referenceOf(one.message) === reference)) return { status: 404, json: {} }
  const { currency, total_amount } = orderOf(state, reference)
  const transactions = (state.attempts.get(reference) ?? []).map((one) => ({
    ...one,
    pg_transaction_id: `pay_${one.id}`,
    type: 'razorpay',
    method: { type: 'upi' },
  }))
  const status = transactions.some((one) => one.status === 'success') ? 'captured' : 'pending'
  return {
    status: 200,
    json: { payments: [{ reference_id: reference, status, currency, total_amount, transactions }] },
  }
}

const refund = ({ attempts, refunds }: State, body: Json): FakeReply => {
  const { reference_id: reference, amount } = body as { reference_id: string; amount: Json }
  // Text, all three of them.
  if (typeof amount.value !== 'string' || amount.offset !== '100' || amount.currency !== 'INR')
    return graphError(100, 'Param amount must be strings')
  const paid = attempts.get(reference)?.find((one) => one.status === 'success')
  if (!paid) return graphError(100, 'no successful payment')
  refunds.push(body)
  const made = { id: `rf_${refunds.length}`, amount: { value: Number(amount.value), offset: 100 }, status: 'pending' }
  paid.refunds.push(made)
  return { status: 200, json: { id: made.id, status: made.status } }
}
