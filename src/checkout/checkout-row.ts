import type { Selectable } from 'kysely'
import type { CheckoutsTable } from '#platform/tables-chat.ts'
import type { Cart, Quote } from './cart.ts'

export type CheckoutRow = Selectable<CheckoutsTable>

/** A checkout with what is in it, read. */
export interface Checkout {
  readonly row: CheckoutRow
  readonly cart: Cart
  readonly quote: Quote
}
