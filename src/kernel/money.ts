import { type Currency, currencyExponent } from './currencies.ts'

/** An amount of money: integer minor units (cents, yen, fils) and its currency. */
export interface Money {
  readonly amount: bigint
  readonly currency: Currency
}

export const money = (amount: bigint, currency: Currency): Money => ({ amount, currency })

/** Sum of amounts of one currency; mixing currencies is a programming error. */
export const addMoney = (a: Money, b: Money): Money => {
  if (a.currency !== b.currency) throw new RangeError(`cannot add ${b.currency} to ${a.currency}`)
  return money(a.amount + b.amount, a.currency)
}

/**
 * The only way from `bigint` to a JSON number. Throws above 2^53 − 1, where JSON readers lose units silently.
 */
export const toJsonAmount = (amount: bigint): number => {
  if (amount > 9_007_199_254_740_991n || amount < -9_007_199_254_740_991n) {
    throw new RangeError(`amount ${amount} is too large for JSON`)
  }
  return Number(amount) // exact: guarded above
}

/** A decimal string with exactly the currency's digits and no grouping: 4200 EUR → "42.00", 12000 JPY → "12000". */
export const toDecimalString = (amount: bigint, currency: Currency): string => {
  const exponent = currencyExponent(currency)
  const sign = amount < 0n ? '-' : ''
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, '0')
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/**
 * Splits an amount over weights so that the parts add up exactly: every part is floored, then the units left over go
 * to the largest remainders (ties to the earlier part).
 */
export const allocate = (amount: bigint, weights: readonly bigint[]): bigint[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (total <= 0n || weights.some((weight) => weight < 0n)) throw new RangeError('weights must be positive in sum')
  if (amount < 0n) return allocate(-amount, weights).map((part) => -part)
  const parts = weights.map((weight) => (amount * weight) / total)
  const left = amount - parts.reduce((sum, part) => sum + part, 0n)
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (amount * weight) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
    .slice(0, Number(left)) // exact: fewer units are left over than there are parts
  const lucky = new Set(byRemainder.map((entry) => entry.index))
  return parts.map((part, index) => (lucky.has(index) ? part + 1n : part))
}
