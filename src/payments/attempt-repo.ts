import type { Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { NativePaymentsTable } from '#platform/tables.ts'

/** A request inside a chat, of which `native/` takes care. */
export type NativeRow = Selectable<NativePaymentsTable>

/** The requests by which a payment was asked for inside a chat, oldest first. */
export const listNatives = (db: Db, merchantId: string, intentId: string): Promise<NativeRow[]> =>
  db
    .selectFrom('native_payments')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
