import type { Inbound } from '#channels/inbound.ts'
import {
  isObject,
  objectsIn,
  readOptional,
  readRef,
  readText,
  readTime,
  refOfContent,
} from '#channels/inbound-fields.ts'
import type { Currency } from '#kernel/currencies.ts'
import { failureOfCode } from './errors.ts'
import { fromMetaAmount, readCurrency } from './money.ts'

type Fields = Record<string, unknown>

const receiptStates = { sent: 'sent', delivered: 'delivered', read: 'read', failed: 'failed' } as const

/** What became of a message, or of the payment that it asked for. */
export const readStatus = (status: Fields, now: Date): Inbound[] => {
  const wamid = readText(status.id, 500)
  const at = readTime(Number(status.timestamp) * 1000, now)
  const name = readText(status.status, 50)
  if (wamid === '') return [unknown('status', status, now)]
  if (status.type === 'payment') return readPayment(status, wamid, at, now)
  const state = receiptStates[name as keyof typeof receiptStates]
  const base = { ref: readRef(wamid, name), type: `status_${name}`.slice(0, 100), at }
  if (!state) return [{ ...base, kind: 'unknown' }]
  const [error] = objectsIn(status.errors)
  const failure = typeof error?.code === 'number' ? { failure: failureOfCode(error.code) } : {}
  return [{ ...base, kind: 'receipt', messageRefs: [wamid], state, ...(state === 'failed' ? failure : {}) }]
}

/** Meta itself says not to rely on it: what counts is looked up under the request's reference. */
const readPayment = (status: Fields, wamid: string, at: Date, now: Date): Inbound[] => {
  const payment = isObject(status.payment) ? status.payment : {}
  const reference = readText(payment.reference_id, 255)
  const state = paymentStates[readText(status.status, 50)]
  if (reference === '' || !state) return [unknown('payment', status, now)]
  const transaction = isObject(payment.transaction) ? payment.transaction : {}
  const transactionId = readText(transaction.id, 255)
  const hint: Inbound = {
    kind: 'payment',
    ref: readRef(wamid, 'payment', state, transactionId, readText(transaction.status, 50)),
    type: 'status_payment',
    at,
    payload: reference,
    state: transaction.status === 'failed' ? 'failed' : state,
    amount: fromMetaAmount(payment.amount) ?? 0n,
    currency: readCurrency(payment.currency) ?? ('inr' as Currency),
    platformRef: transactionId,
    isHint: true,
  }
  // Their place differs between two of Meta's own samples.
  const refunds = [...objectsIn(payment.refunds), ...objectsIn(transaction.refunds)]
  return [hint, ...refunds.flatMap((refund) => readRefund(refund, { wamid, at, reference, transactionId, payment }))]
}

const paymentStates: Readonly<Record<string, 'pending' | 'succeeded' | 'failed' | undefined>> = {
  captured: 'succeeded',
  pending: 'pending',
  failed: 'failed',
}

export const refundStates: Readonly<Record<string, 'pending' | 'succeeded' | 'failed' | undefined>> = {
  pending: 'pending',
  success: 'succeeded',
  completed: 'succeeded',
  failed: 'failed',
}

interface Context {
  wamid: string
  at: Date
  reference: string
  transactionId: string
  payment: Fields
}

const readRefund = (refund: Fields, { wamid, at, reference, transactionId, payment }: Context): Inbound[] => {
  const refundRef = readOptional(refund.id, 255)
  const status = readText(refund.status, 50)
  const state = refundStates[status]
  const amount = fromMetaAmount(refund.amount)
  const currency = readCurrency(payment.currency)
  if (refundRef === undefined || !state || amount === undefined || !currency) return []
  const ref = readRef(wamid, 'refund', refundRef, status)
  const about = { payload: reference, platformRef: transactionId, refundRef }
  return [{ kind: 'refund', ref, type: 'status_refund', at, ...about, amount, currency, state }]
}

const unknown = (type: string, status: Fields, now: Date): Inbound => ({
  kind: 'unknown',
  ref: refOfContent(type, status),
  type,
  at: now,
})
