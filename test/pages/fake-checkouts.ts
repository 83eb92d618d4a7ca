import type { Cart } from '#checkout/cart.ts'
import { readCart, type StoredCart } from '#checkout/cart-schemas.ts'
import type { Checkout } from '#checkout/checkout-view.ts'
import { mergeCart } from '#checkout/merge.ts'
import { findProblems } from '#checkout/messages.ts'
import { updateCheckoutBody } from '#checkout/schemas.ts'
import { priceCart } from '#checkout/totals.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { PageCheckouts } from '#pages/checkout/desk.ts'

const at = new Date('2026-11-22T12:00:00Z')

export interface FakeOrder {
  cart: StoredCart
  status?: Checkout['row']['status']
  locale?: string
  intentId?: string | null
}

/** Codes that the shop takes, and what each takes off. */
const codes: Record<string, bigint> = { BLUME: 500n, GRATIS: 1_000_000n }

/** Orders that stand in memory, priced by the real rules. */
export const createFakeCheckouts = (merchantId: string, orders: Record<string, FakeOrder>) => {
  const changes: object[] = []
  const open = (id: string): Checkout | undefined => {
    const order = orders[id]
    if (!order) return undefined
    const cart = readCart(order.cart)
    const price = priceCart(cart, discountOf(cart))
    const row = {
      merchant_id: merchantId,
      id,
      thread_id: null,
      participant_id: null,
      customer_id: null,
      payment_intent_id: order.intentId ?? null,
      status: order.status ?? 'ready',
      currency: 'eur',
      locale: order.locale ?? null,
      cart: order.cart,
      quote: {},
      total: price.total,
      promotion_code_id: null,
      is_redeemed: false,
      metadata: {},
      version: 1,
      expires_at: new Date(at.getTime() + 86_400_000),
      completed_at: null,
      canceled_at: null,
      livemode: false,
      created_at: at,
      updated_at: at,
    }
    return { row, cart, quote: { ...price, messages: findProblems(cart) } }
  }
  const link = (id: string) => ({ checkout_url: linkOf(open(id)) }) as Awaited<ReturnType<PageCheckouts['update']>>
  const checkouts: PageCheckouts = {
    readForPage: async (_merchant, id) => open(id),
    retrieve: async (_merchant, id) => link(parseId('checkout', id) ?? ''),
    update: async (_scope, shown, change) => {
      const id = parseId('checkout', shown) ?? ''
      const order = orders[id]
      if (!order) throw new AppError('resource_missing')
      const { promotion_code: code } = change
      if (code && codes[code] === undefined) throw new AppError('promotion_code_invalid')
      changes.push(updateCheckoutBody.parse(change))
      order.cart = mergeCart(order.cart, change)
      const total = open(id)?.quote.total ?? 0n
      order.intentId = total === 0n ? null : (order.intentId ?? newIntent)
      return link(id)
    },
    complete: async (_scope, shown) => {
      const id = parseId('checkout', shown) ?? ''
      const order = orders[id]
      if (order) order.status = 'completed'
      return link(id)
    },
  }
  return { checkouts, changes, open }
}

/** A payment that is made when an order costs something again. */
export const newIntent = '019ad000-0000-7000-8000-0000000000ff'

const discountOf = (cart: Cart): bigint => {
  const base = cart.lines.reduce((sum, { quantity, unitAmount }) => sum + BigInt(quantity) * unitAmount, 0n)
  const off = codes[cart.promotionCode ?? ''] ?? 0n
  return off < base ? off : base
}

const linkOf = (checkout: Checkout | undefined): string | null => {
  const intentId = checkout?.row.payment_intent_id ?? null
  return intentId && `https://pay.example/pay/${intentId === newIntent ? 'new' : 'it'}`
}

/** A bouquet for Paris, with everything that can be asked. */
export const fullCart: StoredCart = {
  line_items: [
    { name: 'Bouquet “Nanterre”', quantity: 1, unit_amount: 3900 },
    { name: 'Vase', quantity: 2, unit_amount: 1250 },
  ],
  requires: { name: true, email: true, phone: true, shipping: true },
  shipping_options: [
    { id: 'bike', title: 'By bicycle', amount: 300, description: 'Within two hours', countries: ['FR'] },
    { id: 'post', title: 'By post', amount: 700, countries: ['FR', 'DE', 'US'] },
  ],
  tip: { max: 5000, suggested: [200, 400, 600] },
}
