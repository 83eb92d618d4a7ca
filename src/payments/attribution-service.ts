import { coalesce } from '#platform/coalesce.ts'
import { atOnce, type Database } from '#platform/database.ts'
import { type Attribution, attributionOf } from '#threads/touch.ts'

interface ThreadKey {
  merchantId: string
  threadId: string
}

interface TouchRow {
  id: string
  first_touch: object | null
  last_touch: object | null
}

/** Reads how people came to threads. Payments that are created at the same time share one statement. */
export const createAttributionReader = ({ db }: { db: Database }): ((key: ThreadKey) => Promise<Attribution | null>) =>
  coalesce<ThreadKey, Attribution | null>({
    run: async (keys) => {
      const merchants = keys.map((key) => key.merchantId)
      const rows = await atOnce<TouchRow>(db, merchants, {
        name: 'read_touches',
        // Row by row, so that the primary key is used also while the table has no statistics.
        text: `select t.id, t.first_touch, t.last_touch from unnest($1::uuid[], $2::uuid[]) as w (merchant_id, id)
          cross join lateral (
            select id, first_touch, last_touch from threads
            where merchant_id = w.merchant_id and id = w.id and last_touch is not null limit 1
          ) as t`,
        values: [merchants, keys.map((key) => key.threadId)],
      })
      const byId = new Map(rows.map((row) => [row.id, attributionOf(row)]))
      return keys.map(({ threadId }) => ({ ok: true, value: byId.get(threadId) ?? null }))
    },
  })
