import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'

/**
 * "€42.00", "42,00 €", "¥12,000". The digits are the currency's own: Intl shows some currencies (IQD, LAK, UZS …)
 * without the minor units that were really paid.
 */
export const amountText = (amount: bigint, currency: Currency, locale: string): string => {
  const digits = currencyExponent(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  // A decimal text keeps every digit; a number would not, above 2^53.
  return format.format(toDecimalString(amount, currency) as Intl.StringNumericLiteral)
}
