import { ensureCustomerRef, keepMethod } from '#customers/keep-service.ts'
import { findCustomerRef, findMethod, findMethodByRef } from '#customers/method-repo.ts'
import type { Consent } from '#customers/method-schemas.ts'
import { findCustomer } from '#customers/repo.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { ProviderPayment } from '#providers/provider.ts'
import type { PaymentDeps } from './apply-service.ts'
import { accountOf, type IntentRow } from './intent-view.ts'

/** The API asked to keep the method: who integrates has the payer's consent. */
export const keepsByApi = ({ setup_future_usage: usage }: IntentRow['options']): boolean =>
  usage === 'off_session' || usage === 'on_session'

/** What a method is kept for. The box on the page speaks of next time, at which the payer is there again. */
export const keptUsage = ({ setup_future_usage: usage }: IntentRow['options']): 'off_session' | 'on_session' =>
  usage === 'off_session' ? 'off_session' : 'on_session'

/**
 * The provider's customer under whom the method of this payment can be kept; undefined where none can be: no customer,
 * one who was erased, or a provider that keeps nothing. Called between transactions.
 */
export const payerToKeep = async (deps: PaymentDeps, row: IntentRow): Promise<string | undefined> => {
  const { merchant_id: merchantId, customer_id: customerId } = row
  if (customerId === null || !deps.providers.capabilities(row.provider).savedMethods) return undefined
  const customer = await inTransaction(deps.db, merchantId, (tx) => findCustomer(tx, merchantId, customerId))
  if (!customer || customer.deleted_at) return undefined
  return ensureCustomerRef(deps, accountOf(row), customerId)
}

/**
 * What the provider calls a method. One that is kept here goes by our id, for its own customer only; any other is the
 * provider's and goes on as it came. Without the payer only what they agreed to be charged so is, and that is written down.
 */
export const resolveMethod = async (
  tx: Tx,
  row: IntentRow,
  method: string,
  offSession: boolean,
): Promise<{ method: string; customerRef?: string; consent?: Record<string, unknown> }> => {
  const id = parseId('paymentMethod', method)
  const refuse = (message: string) =>
    new AppError('payment_intent_incompatible_payment_method', { message, param: 'payment_method' })
  if (id === undefined) {
    if (!offSession) return { method }
    throw refuse('Nobody has agreed to be charged with this without being there. Attach it to the customer first.')
  }
  const kept = await findMethod(tx, row.merchant_id, id)
  if (!kept) throw notFound('payment_method', method, 'payment_method')
  if (kept.customer_id !== row.customer_id) {
    const customer = showId('customer', kept.customer_id)
    throw refuse(`The payment method belongs to the customer ${customer}. Send that customer with the payment.`)
  }
  if (kept.detached_at !== null) throw refuse('The payment method was detached from its customer. Use another one.')
  const customerRef = await findCustomerRef(tx, accountOf(row), kept.customer_id)
  const isElsewhere = kept.provider !== row.provider || kept.provider_connection_id !== row.provider_connection_id
  if (isElsewhere || customerRef === undefined)
    throw refuse(`The payment method is kept by ${kept.provider}; this payment is with ${row.provider}.`)
  if (!offSession) return { method: kept.provider_ref, customerRef }
  if (kept.usage === 'off_session') return { method: kept.provider_ref, customerRef, consent: kept.consent }
  throw refuse(
    'The payer agreed to be charged with this only when they are there (usage on_session). Send them to the checkout page, or set it up again with usage off_session.',
  )
}

/**
 * The provider's view with the method named as clients know it, and kept if it has just paid and the provider keeps it.
 * In the transaction that applies the payment.
 */
export const withKeptMethod = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  payment: ProviderPayment,
): Promise<ProviderPayment> => {
  const { methodRef, savedFor, state, charge } = payment
  if (methodRef === undefined || (row.customer_id === null && savedFor === undefined)) return payment
  const known = await findMethodByRef(tx, row.merchant_id, row.provider, methodRef)
  if (known) return { ...payment, methodRef: showId('paymentMethod', known.id) }
  if (savedFor === undefined || (state !== 'succeeded' && state !== 'requires_capture')) return payment
  const kept = await keepMethod(
    tx,
    {
      ...accountOf(row),
      methodRef,
      savedFor,
      details: charge?.method,
      consent: consentOf(row),
      usage: keptUsage(row.options),
      paymentIntentId: row.id,
      threadId: row.thread_id,
      livemode: row.livemode,
    },
    deps.clock.now(),
  )
  return kept ? { ...payment, methodRef: showId('paymentMethod', kept.id) } : payment
}

const consentOf = (row: IntentRow): Consent =>
  keepsByApi(row.options) || row.options.consent === undefined
    ? { at: unixSeconds(row.created_at), locale: null, source: 'api', text: null }
    : (row.options.consent as Consent)
