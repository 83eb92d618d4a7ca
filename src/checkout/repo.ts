import type { Insertable } from 'kysely'
import { toJsonAmount } from '#kernel/money.ts'
import type { Db } from '#platform/database.ts'
import type { CheckoutsTable } from '#platform/tables-chat.ts'
import type { Quote } from './cart.ts'
import { readCart, type StoredCart } from './cart-schemas.ts'
import type { Checkout, CheckoutRow } from './checkout-row.ts'
import { readQuote } from './schemas.ts'

export const selectCheckouts = (db: Db, merchantId: string) =>
  db.selectFrom('checkouts').selectAll().where('merchant_id', '=', merchantId)

export const findCheckout = async (db: Db, merchantId: string, id: string): Promise<Checkout | undefined> =>
  open(await selectCheckouts(db, merchantId).where('id', '=', id).executeTakeFirst())

export const findByIntent = async (db: Db, merchantId: string, intentId: string): Promise<Checkout | undefined> =>
  open(await selectCheckouts(db, merchantId).where('payment_intent_id', '=', intentId).executeTakeFirst())

/** Everything that changes a checkout reads it this way first; its payment is locked after it, never before. */
export const lockCheckout = async (db: Db, merchantId: string, id: string): Promise<Checkout | undefined> =>
  open(await selectCheckouts(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst())

export const lockByIntent = async (db: Db, merchantId: string, intentId: string): Promise<Checkout | undefined> =>
  open(await selectCheckouts(db, merchantId).where('payment_intent_id', '=', intentId).forUpdate().executeTakeFirst())

const open = (row: CheckoutRow | undefined): Checkout | undefined => row && openCheckout(row)

export const openCheckout = (row: CheckoutRow): Checkout => ({
  row,
  cart: readCart(row.cart),
  quote: readQuote(row.quote),
})

export type NewCheckout = Omit<Insertable<CheckoutsTable>, 'cart' | 'quote' | 'metadata'> & {
  cart: StoredCart
  quote: Quote
  metadata: Record<string, string>
}

export const insertCheckout = (db: Db, { cart, quote, metadata, ...row }: NewCheckout): Promise<CheckoutRow> =>
  db
    .insertInto('checkouts')
    .values({ ...row, cart: JSON.stringify(cart), quote: stringify(quote), metadata: JSON.stringify(metadata) })
    .returningAll()
    .executeTakeFirstOrThrow()

export interface CheckoutChange {
  status?: CheckoutRow['status']
  cart?: StoredCart
  quote?: Quote
  customer_id?: string
  locale?: string
  metadata?: Record<string, string>
  payment_intent_id?: string | null
  promotion_code_id?: string | null
  is_redeemed?: boolean
  expires_at?: Date
  completed_at?: Date
  canceled_at?: Date
}

/** Writes a change of a locked checkout and returns it as it is now. */
export const updateCheckout = async (
  db: Db,
  row: CheckoutRow,
  { cart, quote, metadata, ...plain }: CheckoutChange,
  now: Date,
): Promise<Checkout> =>
  openCheckout(
    await db
      .updateTable('checkouts')
      .set({
        ...plain,
        ...(cart === undefined ? {} : { cart: JSON.stringify(cart) }),
        ...(quote === undefined ? {} : { quote: stringify(quote), total: quote.total }),
        ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
        version: row.version + 1,
        updated_at: now,
      })
      .where('merchant_id', '=', row.merchant_id)
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow(),
  )

const stringify = (quote: Quote): string =>
  JSON.stringify(quote, (_, value) => (typeof value === 'bigint' ? toJsonAmount(value) : value))

/** Open checkouts whose time is over, of all merchants. */
export const findExpired = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('checkouts')
    .select(['merchant_id', 'id'])
    .where('status', 'in', ['incomplete', 'ready', 'in_progress'])
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
