import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ChargesTable } from '#platform/tables.ts'
import type { ChargeRow } from './charge-view.ts'
import type { IntentStatus } from './intent-machine.ts'
import type { IntentRow } from './intent-view.ts'

const intents = (db: Db, merchantId: string) =>
  db.selectFrom('payment_intents').selectAll().where('merchant_id', '=', merchantId)

export const findIntent = (db: Db, merchantId: string, id: string): Promise<IntentRow | undefined> =>
  intents(db, merchantId).where('id', '=', id).executeTakeFirst()

/** Locks the row: everything that changes a payment reads it this way first. */
export const lockIntent = (db: Db, merchantId: string, id: string): Promise<IntentRow | undefined> =>
  intents(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

interface IntentKey {
  readonly merchantId: string
  readonly intentId: string
}

export const findIntents = async (db: Db, wanted: readonly IntentKey[]): Promise<IntentRow[]> =>
  (await sql<IntentRow>`${selectWanted(wanted)}`.execute(db)).rows

/** Locks many rows, each once, in the order of their keys, so that two who want the same wait instead of deadlocking. */
export const lockIntents = async (db: Db, wanted: readonly IntentKey[]): Promise<IntentRow[]> =>
  (await sql<IntentRow>`${selectWanted(wanted)} order by i.merchant_id, i.id for update`.execute(db)).rows

const selectWanted = (wanted: readonly IntentKey[]) => sql`
  select i.* from payment_intents i where (i.merchant_id, i.id) in (
    select * from unnest(
      ${wanted.map(({ merchantId }) => merchantId)}::uuid[], ${wanted.map(({ intentId }) => intentId)}::uuid[]))`

export interface IntentChange {
  status?: IntentStatus
  amount?: bigint
  currency?: string
  capture_method?: 'automatic' | 'manual'
  amount_authorized?: bigint
  amount_capturable?: bigint
  amount_captured?: bigint
  customer_id?: string
  participant_id?: string
  description?: string
  metadata?: Record<string, string>
  options?: Record<string, unknown>
  payment_method?: string | null
  return_url?: string | null
  next_action?: Record<string, unknown> | null
  last_payment_error?: Record<string, unknown> | null
  latest_charge_id?: string | null
  cancellation_reason?: string | null
  canceled_at?: Date | null
  expires_at?: Date | null
  provider_ref?: string | null
  page_ref?: string | null
  page_url?: string | null
  page_handover?: Record<string, unknown> | null
  page_expires_at?: Date | null
  conflict?: string | null
  /** Another way to pay took over, or gave up; its `provider_ref` changes with it. */
  provider?: string
  provider_connection_id?: string | null
  route?: Record<string, unknown> | null
}

/** Writes a change of a locked row and returns the row as it is now. */
export const updateIntent = async (db: Db, row: IntentRow, change: IntentChange, now: Date): Promise<IntentRow> => {
  const [saved] = await updateIntents(db, [{ row, change }], now)
  if (!saved) throw new Error('a payment is gone that was locked')
  return saved
}

/** Writes a change of each locked row and returns the rows as they are now, in the same order. */
export const updateIntents = async (
  db: Db,
  changes: readonly { row: IntentRow; change: IntentChange }[],
  now: Date,
): Promise<IntentRow[]> => {
  if (changes.length === 0) return []
  const columns = [...new Set(changes.flatMap(({ change }) => changedIn(change)))]
  const records = changes.map(({ row, change }) => ({
    merchant_id: row.merchant_id,
    id: row.id,
    ...Object.fromEntries(
      columns.map((column) => [column, change[column] === undefined ? row[column] : change[column]]),
    ),
  }))
  const set = columns.map((column) => sql`${sql.ref(column)} = x.${sql.ref(column)},`)
  const { rows } = await sql<IntentRow>`
    update payment_intents i set ${sql.join(set, sql` `)} version = i.version + 1, updated_at = ${now}
    from jsonb_populate_recordset(null::payment_intents, ${JSON.stringify(records, asText)}::jsonb) x
    where i.merchant_id = x.merchant_id and i.id = x.id
    returning i.*`.execute(db)
  const saved = new Map(rows.map((row) => [row.id, row]))
  return changes.flatMap(({ row }) => saved.get(row.id) ?? [])
}

const changedIn = (change: IntentChange): (keyof IntentChange)[] =>
  (Object.keys(change) as (keyof IntentChange)[]).filter((column) => change[column] !== undefined)

/** JSON has no integers as large as an amount may be. */
const asText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

/** Which payment a provider's object belongs to, across merchants: only the maintenance role may ask. */
export const matchIntent = (
  db: Db,
  provider: string,
  by: { providerRef?: string | undefined; pageRef?: string | undefined },
): Promise<{ merchant_id: string; id: string } | undefined> => {
  const query = db.selectFrom('payment_intents').select(['merchant_id', 'id']).where('provider', '=', provider)
  if (by.providerRef !== undefined) return query.where('provider_ref', '=', by.providerRef).executeTakeFirst()
  if (by.pageRef !== undefined) return query.where('page_ref', '=', by.pageRef).executeTakeFirst()
  return Promise.resolve(undefined)
}

export interface ChargeName {
  readonly merchantId: string
  readonly provider: string
  /** The provider's. */
  readonly ref: string
}

export const findChargeByRef = async (
  db: Db,
  merchantId: string,
  provider: string,
  ref: string,
): Promise<ChargeRow | undefined> => (await findChargesByRef(db, [{ merchantId, provider, ref }]))[0]

/** Those of the charges that we know, in no order. */
export const findChargesByRef = (db: Db, names: readonly ChargeName[]): Promise<ChargeRow[]> =>
  names.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('charges')
        .selectAll()
        .where((where) =>
          where.or(
            names.map(({ merchantId, provider, ref }) =>
              where.and({ merchant_id: merchantId, provider, provider_ref: ref }),
            ),
          ),
        )
        .execute()

export const findCharges = (db: Db, merchantId: string, ids: readonly string[]): Promise<ChargeRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('charges')
        .selectAll()
        .where('merchant_id', '=', merchantId)
        .where('id', 'in', [...ids])
        .execute()

export const listCharges = (db: Db, merchantId: string, intentId: string): Promise<ChargeRow[]> =>
  db
    .selectFrom('charges')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()

type NewCharge = Omit<Selectable<ChargesTable>, 'dispute_id' | 'refund_block' | 'operation_id'>

/** Inserts attempts or brings them up to date, in no order; totals of refunds are not touched here. */
export const upsertCharges = (db: Db, rows: readonly NewCharge[]): Promise<ChargeRow[]> =>
  rows.length === 0
    ? Promise.resolve([])
    : db
        .insertInto('charges')
        .values(
          rows.map((row) => ({
            ...row,
            method: row.method && JSON.stringify(row.method),
            fee: row.fee && JSON.stringify(row.fee),
            operation_id: lastAttempt(db, row),
          })),
        )
        .onConflict((conflict) =>
          conflict.columns(['merchant_id', 'provider', 'provider_ref']).doUpdateSet((set) => ({
            status: set.ref('excluded.status'),
            amount: set.ref('excluded.amount'),
            amount_captured: set.ref('excluded.amount_captured'),
            captured: set.ref('excluded.captured'),
            failure_code: set.ref('excluded.failure_code'),
            failure_message: set.ref('excluded.failure_message'),
            decline_code: set.ref('excluded.decline_code'),
            method: set.fn.coalesce('excluded.method', 'charges.method'),
            fee: set.fn.coalesce('excluded.fee', 'charges.fee'),
          })),
        )
        .returningAll()
        .execute()

/** What took the payment to its account last: the page or the call that a charge which is new to us came of. */
const lastAttempt = (db: Db, row: { merchant_id: string; payment_intent_id: string; provider: string }) =>
  db
    .selectFrom('operations')
    .select('id')
    .where('merchant_id', '=', row.merchant_id)
    .where('payment_intent_id', '=', row.payment_intent_id)
    .where('kind', 'in', ['authorize', 'page'])
    .where(sql`command ->> 'provider'`, '=', row.provider)
    .orderBy('id', 'desc')
    .limit(1)

/** Payments that wait for the provider or for time: what the sweep must look at. */
export const findWaiting = (db: Db, before: Date, limit: number) =>
  db
    .selectFrom('payment_intents')
    .select(['merchant_id', 'id'])
    .where('updated_at', '<', before)
    .where((where) =>
      where.or([
        where('status', 'in', ['processing', 'requires_action']),
        where.and([where('page_ref', 'is not', null), where('status', '=', 'requires_payment_method')]),
      ]),
    )
    .orderBy('updated_at')
    .limit(limit)
    .execute()

/** Without those that a call is under way for (it has its own look-ups) or that wait for a person: no use in asking. */
export const findExpired = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('payment_intents')
    .select(['merchant_id', 'id'])
    .where('expires_at', '<=', now)
    .where('conflict', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('operations')
            .select('operations.id')
            .whereRef('operations.merchant_id', '=', 'payment_intents.merchant_id')
            .whereRef('operations.payment_intent_id', '=', 'payment_intents.id')
            .where('operations.state', 'in', ['created', 'sent', 'unknown'])
            .where('operations.kind', 'not in', ['refund', 'cancel_refund']),
        ),
      ),
    )
    .where('status', 'in', ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'])
    .orderBy('expires_at')
    .limit(limit)
    .execute()
