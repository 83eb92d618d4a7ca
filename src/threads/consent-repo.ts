import { sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ThreadRow } from './repo.ts'

type Thread = Pick<ThreadRow, 'merchant_id' | 'id'>

/**
 * Adds a consent to a single message by this template, or takes one. False, and nothing done, when there is none to
 * take, however many ask at once.
 */
export const changeConsents = async (db: Db, thread: Thread, template: string, by: 1 | -1): Promise<boolean> => {
  const left = sql<number>`coalesce((consents ->> ${template})::integer, 0) + ${by}::integer`
  const changed = await db
    .updateTable('threads')
    .set({ consents: sql`jsonb_set(consents, array[${template}], to_jsonb(${left}))` })
    .where('merchant_id', '=', thread.merchant_id)
    .where('id', '=', thread.id)
    .where(left, '>=', 0)
    .returning('id')
    .executeTakeFirst()
  return changed !== undefined
}

/** The person takes no message by this template any more, or the platform says that no consent is left. */
export const endConsents = async (db: Db, thread: Thread, template: string): Promise<void> => {
  await db
    .updateTable('threads')
    .set({ consents: sql`jsonb_set(consents, array[${template}], '0')` })
    .where('merchant_id', '=', thread.merchant_id)
    .where('id', '=', thread.id)
    .execute()
}
