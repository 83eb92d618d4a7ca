import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { IntentRow } from './intent-view.ts'
import { hasInFlight, type NewOperation } from './operation-repo.ts'
import type { StoredCommand } from './provider-calls-service.ts'
import { isBeforeMoney } from './provider-news.ts'
import { lockIntent } from './repo.ts'
import { routeOfAttempt } from './route.ts'

/** A client's command: whose payment, and the request's identity, which makes the command happen once. */
export interface CommandScope {
  merchantId: string
  intentId: string
  requestId: string
}

export interface Planned {
  row: IntentRow
  /** Absent: nothing to call, the row is the result. */
  kind?: NewOperation['kind']
  amount?: bigint
  command?: Omit<StoredCommand, 'provider' | 'connection' | 'route' | 'version' | 'currency'>
}

export const newOperation = (
  scope: CommandScope,
  row: IntentRow,
  { kind, amount, command }: Omit<Planned, 'row'>,
): NewOperation => ({
  merchantId: scope.merchantId,
  paymentIntentId: row.id,
  kind: kind ?? 'authorize',
  requestId: scope.requestId,
  ...(amount === undefined ? {} : { amount }),
  command: {
    ...command,
    provider: row.provider,
    connection: row.provider_connection_id,
    ...(kind === 'authorize' || kind === 'page' ? { route: routeOfAttempt(row) } : {}),
    version: row.version,
    currency: row.currency,
  },
  state: 'sent',
})

export const requireLocked = async (tx: Tx, scope: Omit<CommandScope, 'requestId'>): Promise<IntentRow> => {
  const row = await lockIntent(tx, scope.merchantId, scope.intentId)
  if (!row) throw notFound('payment_intent', showId('paymentIntent', scope.intentId), 'intent')
  return row
}

/**
 * Refuses while something else may still take the payment: a call whose end is not known, or a page that was opened
 * after the caller had left the last one. Needs the payment's lock.
 */
export const refuseWhileBusy = async (tx: Tx, row: IntentRow): Promise<void> => {
  const hasPage = row.page_ref !== null && isBeforeMoney(row.status)
  if (hasPage || (await hasInFlight(tx, row.merchant_id, row.id))) throw new AppError('lock_timeout', { retryAfter: 1 })
}

/** What was allowed is what is charged: another amount since then, or an order that let go, must be asked about again. */
export const refuseOther = (asked: IntentRow, row: IntentRow): void => {
  if (asked.amount !== row.amount || asked.currency !== row.currency || row.options.let_go === true)
    throw new AppError('lock_timeout', { retryAfter: 1 })
}

/** A payment that is part of something larger follows from that; `param` is what somebody wants to change of it. */
export const refuseOwned = ({ options }: IntentRow, param: string | undefined): void => {
  const owner = ['checkout', 'bill'].find((name) => options[name] !== undefined)
  if (owner === undefined || param === undefined) return
  throw new AppError('payment_intent_unexpected_state', {
    message: `This PaymentIntent belongs to a ${owner} (metadata[${owner}]); its ${param} follows from that. Update the ${owner}.`,
    param,
  })
}

/** The provider holds something of this payment that nobody has booked: another way to take money stays shut. */
export const refuseConflicted = (row: IntentRow): void => {
  if (row.conflict === null) return
  throw new AppError('payment_intent_amount_reconciliation_mismatch', {
    message: `The provider disagrees about this payment: ${row.conflict}. Nothing was booked; somebody must look at it.`,
  })
}
