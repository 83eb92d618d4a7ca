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

const json = <T>(value: T | undefined): { value?: string | null } =>
  value === undefined ? {} : { value: value === null ? null : JSON.stringify(value) }

/** Writes a change of a locked row and returns the row as it is now. */
export const updateIntent = (db: Db, row: IntentRow, change: IntentChange, now: Date): Promise<IntentRow> => {
  const { metadata, options, next_action, last_payment_error, page_handover, route, ...plain } = change
  const action = json(next_action)
  const error = json(last_payment_error)
  const handover = json(page_handover)
  const routed = json(route)
  return db
    .updateTable('payment_intents')
    .set({
      ...plain,
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
      ...(options === undefined ? {} : { options: JSON.stringify(options) }),
      ...(action.value === undefined ? {} : { next_action: action.value }),
      ...(error.value === undefined ? {} : { last_payment_error: error.value }),
      ...(handover.value === undefined ? {} : { page_handover: handover.value }),
      ...(routed.value === undefined ? {} : { route: routed.value }),
      version: row.version + 1,
      updated_at: now,
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

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

export const findChargeByRef = (
  db: Db,
  merchantId: string,
  provider: string,
  ref: string,
): Promise<ChargeRow | undefined> =>
  db
    .selectFrom('charges')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('provider', '=', provider)
    .where('provider_ref', '=', ref)
    .executeTakeFirst()

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

/** Inserts the attempt or brings it up to date; totals of refunds are not touched here. */
export const upsertCharge = (
  db: Db,
  row: Omit<Selectable<ChargesTable>, 'dispute_id' | 'refund_block' | 'operation_id'>,
): Promise<ChargeRow> => {
  const values = { ...row, method: row.method && JSON.stringify(row.method), fee: row.fee && JSON.stringify(row.fee) }
  return db
    .insertInto('charges')
    .values({ ...values, operation_id: lastAttempt(db, row) })
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
    .executeTakeFirstOrThrow()
}

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
