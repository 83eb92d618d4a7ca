import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'

export interface LedgerWatch {
  /** Resolves when a committed ledger transaction of the payment can be read. */
  posted(paymentIntentId: string): Promise<void>
  close(): void
}

interface Query {
  text: string
  everyMs: number
}

/** What the watch asks for: which of `$2` are done. */
export const postedSql = `select w.id from unnest($2::uuid[]) as w (id) cross join lateral (
    select from ledger_transactions t where t.merchant_id = $1 and t.payment_intent_id = w.id limit 1
  ) t`
export const refundedSql = `select id from refunds where merchant_id = $1 and id = any($2::uuid[]) and status = 'succeeded'`

/** Asks the database over and over, so that a moment counts only once it is committed and visible to others. */
export const watchDatabase = (database: Client, merchant: string, { text, everyMs }: Query): LedgerWatch => {
  const waiting = new Map<string, (value: undefined) => void>()
  let closed = false
  const look = async (): Promise<void> => {
    while (!closed) {
      if (waiting.size > 0) {
        const { rows } = await database.query<{ id: string }>({
          name: 'watch',
          text,
          values: [merchant, [...waiting.keys()]],
        })
        for (const { id } of rows) {
          waiting.get(id)?.(undefined)
          waiting.delete(id)
        }
      }
      await sleep(everyMs)
    }
  }
  void look()
  return {
    posted: (id) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`nothing was posted for ${id} within 20 s`)), 20_000)
        waiting.set(id, () => {
          clearTimeout(timer)
          resolve()
        })
      }),
    close: () => {
      closed = true
    },
  }
}
