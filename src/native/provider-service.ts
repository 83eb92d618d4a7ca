import type { Channels, Connection } from '#channels/channel.ts'
import type { NativeRef } from '#channels/payments.ts'
import type { Currency } from '#kernel/currencies.ts'
import type { Database } from '#platform/database.ts'
import type {
  PaymentProvider,
  ProviderAnswer,
  ProviderCapabilities,
  ProviderId,
  ProviderPayment,
  ProviderRefund,
} from '#providers/provider.ts'
import { nameRefunds } from './refunds.ts'
import { findNativeById, listRefundRefs, type NativeRow } from './repo.ts'
import { heldPayment, toProviderPayment } from './rules.ts'

export interface NativeProviderDeps {
  id: Extract<ProviderId, 'telegram' | 'whatsapp'>
  /** For how long a refund may be sent again with the same key, in ms; 0: never, it is looked up and no more. */
  idempotencyHorizonMs: number
  db: Database
  channels: Channels
  connections: { openAny(merchantId: string, id: string): Promise<Connection | undefined> }
}

type Refused = Extract<ProviderAnswer<never>, { outcome: 'refused' }>

const refused = (message: string): Refused => ({
  outcome: 'refused',
  decline: { code: 'payment_intent_unexpected_state', message },
})

/**
 * A chat platform as the provider of the payments it took: what it told us is in `native_payments`, refunds go through
 * its adapter. Payments begin in the chat, so nothing here takes money.
 */
export const createNativeProvider = (deps: NativeProviderDeps): PaymentProvider => {
  const inChat = () =>
    Promise.resolve(refused('The payer is paying inside the chat; wait for the platform, or until it gives up.'))
  const noSaving = () => Promise.resolve(refused('This platform keeps no methods of payment for later.'))
  const none = () => Promise.resolve({ outcome: 'ok' as const, value: undefined })
  const findRefunds = (query: { paymentRef: string }) => findAllRefunds(deps, query.paymentRef)
  return {
    id: deps.id,
    capabilities: capabilitiesOf(deps),
    authorize: inChat,
    capture: inChat,
    cancel: inChat,
    increment: inChat,
    openPage: inChat,
    closePage: inChat,
    refund: async ({ paymentRef, idempotencyKey, amount, tags }) => {
      const paid = await openPaid(deps, paymentRef)
      if ('outcome' in paid) return paid
      return paid.payments.refund(paid.connection, paid.ref, { idempotencyKey, amount, tags })
    },
    cancelRefund: async () => refused('Refunds inside a chat cannot be taken back.'),
    createCustomer: noSaving,
    detachMethod: noSaving,
    findPayment: async ({ paymentRef }) => {
      const row = await findRow(deps, paymentRef)
      return { outcome: 'ok', value: row && showPayment(row) }
    },
    findPaymentsByTag: async () => ({ outcome: 'ok', value: [] }),
    findRefunds,
    findRefund: async ({ refundRef, paymentRef = '' }) => {
      const found = await findRefunds({ paymentRef })
      if (found.outcome !== 'ok') return found
      return { outcome: 'ok', value: found.value.find((one) => one.ref === refundRef) }
    },
    findPage: none,
    findCharge: none,
    verifyWebhook: () => ({ ok: false, reason: 'its news come in through the channel' }),
  }
}

const capabilitiesOf = ({ idempotencyHorizonMs }: NativeProviderDeps): ProviderCapabilities => ({
  currencies: 'all',
  manualCapture: false,
  partialCapture: false,
  incrementalAuthorization: false,
  partialRefund: true,
  savedMethods: false,
  idempotencyHorizonMs,
})

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const findRow = async ({ db, id }: NativeProviderDeps, paymentRef: string): Promise<NativeRow | undefined> => {
  const row = uuid.test(paymentRef) ? await findNativeById(db.maintenance, paymentRef) : undefined
  return row?.channel === id ? row : undefined
}

const showPayment = (row: NativeRow): ProviderPayment | undefined => {
  const currency = row.currency as Currency
  if (row.state === 'held') return heldPayment(row.id, row.amount, currency)
  if (row.state !== 'paid' || row.platform_ref === null || row.paid_at === null) return undefined
  return toProviderPayment(row.id, row.channel, {
    payload: row.reference,
    state: 'succeeded',
    amount: row.amount,
    currency,
    platformRef: row.platform_ref,
    at: row.paid_at,
    ...(row.method === null ? {} : { method: row.method }),
  })
}

/** The adapter, the merchant's account there and the payment as both know it. */
const openPaid = async (deps: NativeProviderDeps, paymentRef: string) => {
  const row = await findRow(deps, paymentRef)
  if (!row || row.platform_ref === null) return refused('The platform has not told us of this payment.')
  const connection = await deps.connections.openAny(row.merchant_id, row.connection_id)
  const payments = deps.channels[deps.id].payments
  if (!connection || !payments)
    return refused('The connection that took this payment is gone. Connect the same account again, then refund.')
  const ref: NativeRef = {
    reference: row.reference,
    platformRef: row.platform_ref,
    processorRef: row.processor_ref ?? undefined,
    payer: row.payer ?? undefined,
    total: row.amount,
    currency: row.currency as Currency,
  }
  return { row, connection, payments, ref }
}

const findAllRefunds = async (
  deps: NativeProviderDeps,
  paymentRef: string,
): Promise<ProviderAnswer<readonly ProviderRefund[]>> => {
  const paid = await openPaid(deps, paymentRef)
  if ('outcome' in paid) return { outcome: 'unknown', reason: paid.decline.message }
  const found = await paid.payments.findRefunds(paid.connection, paid.ref)
  if (found.outcome !== 'ok') return found
  const ours = await listRefundRefs(deps.db.maintenance, paid.row.merchant_id, paid.row.payment_intent_id)
  const named = nameRefunds(found.value, ours)
  return named
    ? { ...found, value: named }
    : { outcome: 'unknown', reason: 'several refunds of the same amount are under way' }
}
