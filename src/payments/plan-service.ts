import { notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { IntentRow } from './intent-view.ts'
import type { NewOperation } from './operation-repo.ts'
import type { StoredCommand } from './provider-calls-service.ts'
import { lockIntent } from './repo.ts'

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
  command?: Omit<StoredCommand, 'provider' | 'version' | 'currency'>
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
  command: { ...command, provider: row.provider, version: row.version, currency: row.currency },
  state: 'sent',
})

export const requireLocked = async (tx: Tx, scope: Omit<CommandScope, 'requestId'>): Promise<IntentRow> => {
  const row = await lockIntent(tx, scope.merchantId, scope.intentId)
  if (!row) throw notFound('payment_intent', showId('paymentIntent', scope.intentId), 'intent')
  return row
}
