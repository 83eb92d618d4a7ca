import type { Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ConnectionsTable } from '#platform/tables-chat.ts'
import type { ThreadRow } from './repo.ts'

export type CarrierRow = Pick<
  Selectable<ConnectionsTable>,
  'id' | 'channel' | 'external_id' | 'name' | 'status' | 'settings' | 'livemode'
>

const carriers = (db: Db, merchantId: string) =>
  db
    .selectFrom('connections')
    .select(['id', 'channel', 'external_id', 'name', 'status', 'settings', 'livemode'])
    .where('merchant_id', '=', merchantId)
    .where('deleted_at', 'is', null)
    .where('status', '!=', 'disabled')

/**
 * What carries the messages of a thread: its own connection, else the only one of its channel (a broken one where none
 * is active, for it may be repaired).
 */
export const findCarrier = async (db: Db, thread: ThreadRow): Promise<CarrierRow | undefined> => {
  const { merchant_id, connection_id, channel } = thread
  if (connection_id !== null) return carriers(db, merchant_id).where('id', '=', connection_id).executeTakeFirst()
  const rows = await carriers(db, merchant_id)
    .where('channel', '=', channel as CarrierRow['channel'])
    .limit(20)
    .execute()
  const active = rows.filter(({ status }) => status === 'active')
  const usable = active.length > 0 ? active : rows
  return usable.length === 1 ? usable[0] : undefined
}

/** The merchant's own chat system, which takes what a platform does not. */
export const findMerchantRoute = (db: Db, merchantId: string): Promise<CarrierRow | undefined> =>
  carriers(db, merchantId)
    .where('channel', '=', 'custom')
    .where('status', '=', 'active')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()

export const findMerchant = (db: Db, merchantId: string) =>
  db
    .selectFrom('merchants')
    .select(['name', 'settings'])
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()

/** The payment behind a card, with who pays it and how it was paid. */
export const findPayment = (db: Db, merchantId: string, id: string) =>
  db
    .selectFrom('payment_intents as intent')
    .leftJoin('participants as person', (join) =>
      join.onRef('person.merchant_id', '=', 'intent.merchant_id').onRef('person.id', '=', 'intent.participant_id'),
    )
    .leftJoin('customers as customer', (join) =>
      join.onRef('customer.merchant_id', '=', 'intent.merchant_id').onRef('customer.id', '=', 'intent.customer_id'),
    )
    .leftJoin('charges as charge', (join) =>
      join.onRef('charge.merchant_id', '=', 'intent.merchant_id').onRef('charge.id', '=', 'intent.latest_charge_id'),
    )
    .leftJoin('native_payments as native', (join) =>
      join
        .onRef('native.merchant_id', '=', 'intent.merchant_id')
        .onRef('native.payment_intent_id', '=', 'intent.id')
        .on('native.state', '=', 'paid'),
    )
    .select([
      'intent.id',
      'intent.thread_id',
      'intent.status',
      'intent.amount',
      'intent.amount_captured',
      'intent.amount_refunded',
      'intent.currency',
      'intent.description',
      'intent.expires_at',
      'intent.options',
      'intent.livemode',
      'intent.created_at',
      'person.name as participant_name',
      'customer.name as customer_name',
      'charge.method',
      'charge.created_at as paid_at',
      'native.reference as paid_order',
    ])
    .where('intent.merchant_id', '=', merchantId)
    .where('intent.id', '=', id)
    .executeTakeFirst()

export type PaymentRow = NonNullable<Awaited<ReturnType<typeof findPayment>>>

export const findCheckoutOfIntent = (db: Db, merchantId: string, intentId: string) =>
  db
    .selectFrom('checkouts')
    .select(['id', 'status', 'cart', 'quote', 'total'])
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .executeTakeFirst()

export type CheckoutRow = NonNullable<Awaited<ReturnType<typeof findCheckoutOfIntent>>>

/** A refund, and all that was given back of its payment up to and with it. */
export const findRefund = async (db: Db, merchantId: string, id: string) => {
  const refund = await db
    .selectFrom('refunds')
    .select(['id', 'payment_intent_id', 'amount', 'currency', 'status'])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!refund) return undefined
  const before = await db
    .selectFrom('refunds')
    .select((eb) => eb.fn.coalesce(eb.fn.sum<string>('amount'), eb.lit(0)).as('amount'))
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', refund.payment_intent_id)
    .where('status', '=', 'succeeded')
    .where('id', '<', id)
    .executeTakeFirstOrThrow()
  return { ...refund, refundedBefore: BigInt(before.amount) }
}
