import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'

/** What a reversal has to know of the transaction that it takes back. */
export interface Original {
  readonly eventKey: string
  readonly threadId: string | null
  readonly refs: Record<string, string>
  readonly legs: readonly {
    readonly code: string
    readonly currency: string
    readonly amount: bigint
    readonly baseAmount: bigint
    readonly holder: string
  }[]
}

export const findOriginal = async (tx: Tx, merchantId: string, id: string): Promise<Original | undefined> => {
  const row = await tx
    .selectFrom('ledger_transactions')
    .select(['event_key', 'thread_id', sql<Record<string, string>>`refs`.as('refs')])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const legs = await tx
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_accounts as a', (join) =>
      join.onRef('a.merchant_id', '=', 'e.merchant_id').onRef('a.id', '=', 'e.account_id'),
    )
    .select(['a.code', 'a.holder', 'e.currency', 'e.amount', 'e.base_amount as baseAmount'])
    .where('e.merchant_id', '=', merchantId)
    .where('e.transaction_id', '=', id)
    .orderBy('e.line')
    .execute()
  return { eventKey: row.event_key, threadId: row.thread_id, refs: row.refs, legs }
}

export const isReversed = async (tx: Tx, merchantId: string, id: string): Promise<boolean> => {
  const row = await tx
    .selectFrom('ledger_transactions')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('reverses_id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether a transaction was booked, and whether into another period than its own. */
export const findBooked = (
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<{ originalEffectiveAt: Date | null } | undefined> =>
  tx
    .selectFrom('ledger_transactions')
    .select('original_effective_at as originalEffectiveAt')
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()
