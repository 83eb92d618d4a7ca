import type { StoredCart } from './cart-schemas.ts'

type Nullable<T> = { [K in keyof T]?: T[K] | null | '' | undefined }

/** A change of a cart: absent members stay, null (or an empty text) clears. */
export type CartChange = Nullable<Omit<StoredCart, 'buyer' | 'requires' | 'tip'>> & {
  buyer?: Nullable<NonNullable<StoredCart['buyer']>> | null | '' | undefined
  requires?: Nullable<NonNullable<StoredCart['requires']>> | null | '' | undefined
  tip?: Nullable<NonNullable<StoredCart['tip']>> | null | '' | undefined
}

/** Buyer, requirements and tip are merged member by member, everything else is replaced whole. */
export const mergeCart = (cart: StoredCart, change: CartChange): StoredCart => {
  const { buyer, requires, tip, ...rest } = change
  return {
    ...merge(cart, rest),
    ...group('buyer', cart.buyer, buyer),
    ...group('requires', cart.requires, requires),
    ...group('tip', cart.tip, tip),
  }
}

const group = <N extends string, T extends object>(
  name: N,
  before: T | undefined,
  change: Nullable<T> | null | '' | undefined,
): { [K in N]?: T } => {
  if (change === undefined) return before === undefined ? {} : ({ [name]: before } as { [K in N]?: T })
  const after = change === null || change === '' ? {} : merge(before ?? ({} as T), change)
  return Object.keys(after).length === 0 ? ({ [name]: undefined } as { [K in N]?: T }) : ({ [name]: after } as never)
}

const merge = <T extends object>(before: T, change: Nullable<T>): T => {
  const merged = { ...before } as Record<string, unknown>
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) continue
    if (value === null || value === '') delete merged[name]
    else merged[name] = value
  }
  return merged as T
}
