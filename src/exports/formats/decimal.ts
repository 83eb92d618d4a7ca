import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'

/** Major units with exactly the digits of the currency: −4200 eur → "-42.00". */
export const decimalOf = (amount: bigint, currency: string): string => toDecimalString(amount, known(currency))

/** The same with a comma: −4200 eur → "-42,00". */
export const decimalCommaOf = (amount: bigint, currency: string): string =>
  decimalOf(amount, currency).replace('.', ',')

/** Digits after the decimal mark. */
export const exponentOf = (currency: string): number => currencyExponent(known(currency))

const known = (currency: string): Currency => {
  if (!isCurrency(currency)) throw new RangeError(`unknown currency ${currency}`)
  return currency
}
