import type { Cart, Quote } from '#checkout/cart.ts'
import type { TotalFacts } from './card-parts.ts'
import type { OrderFacts } from './compose-request.ts'

/** A checkout's cart and quote as cards show them. Tax that the prices contain has no row: it would be counted twice. */
export const orderOf = (cart: Cart, quote: Quote): OrderFacts => ({
  lines: cart.lines.map(({ name, description, quantity, unitAmount, imageUrl, reference }, index) => ({
    name,
    quantity,
    unitAmount,
    amount: quote.lines[index]?.amount ?? BigInt(quantity) * unitAmount,
    ...(description === undefined ? {} : { description }),
    ...(imageUrl === undefined ? {} : { imageUrl }),
    ...(reference === undefined ? {} : { reference }),
  })),
  totals: [
    { kind: 'subtotal', amount: quote.base },
    ...some('discount', -quote.discount),
    ...some('shipping', quote.shipping),
    ...some('tax', quote.taxBehavior === 'exclusive' ? quote.tax : 0n),
    ...some('tip', quote.tip),
    { kind: 'total', amount: quote.total },
  ],
})

const some = (kind: TotalFacts['kind'], amount: bigint): TotalFacts[] => (amount === 0n ? [] : [{ kind, amount }])
