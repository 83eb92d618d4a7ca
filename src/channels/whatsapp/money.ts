import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { toJsonAmount } from '#kernel/money.ts'

export interface MetaAmount {
  value: number
  offset: 100
}

/** Meta says hundredths, always; what has other minor units cannot be said. */
export const isSayable = (currency: Currency): boolean => currencyExponent(currency) === 2

export const toMetaAmount = (amount: bigint): MetaAmount => ({ value: toJsonAmount(amount), offset: 100 })

/** Of a stranger; numbers in most places, strings in some. Undefined for anything but whole hundredths. */
export const fromMetaAmount = (given: unknown): bigint | undefined => {
  if (typeof given !== 'object' || given === null) return undefined
  const { value, offset } = given as { value?: unknown; offset?: unknown }
  if (`${offset}` !== '100' || !/^\d{1,15}$/.test(`${value}`)) return undefined
  return BigInt(`${value}`)
}

export const readCurrency = (code: unknown): Currency | undefined => {
  const lower = typeof code === 'string' ? code.toLowerCase() : ''
  return isCurrency(lower) && isSayable(lower) ? lower : undefined
}
