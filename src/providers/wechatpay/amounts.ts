import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toJsonAmount } from '#kernel/money.ts'

/** WeChat Pay sent something that the tables do not know. Never guessed over: the answer becomes `unknown`. */
export class UnmappedError extends Error {
  constructor(what: string, value: unknown) {
    super(`WeChat Pay sent ${what} ${typeof value === 'string' ? `'${value.slice(0, 80)}'` : String(value)}`)
    this.name = 'UnmappedError'
  }
}

/** What an overseas account can be paid in. Source: pay.weixin.qq.com/wiki/doc/api/external (currency list). */
const overseasCurrencies = ['hkd', 'gbp', 'usd', 'jpy', 'cad', 'aud', 'eur', 'nzd', 'krw', 'thb', 'sgd'].filter(
  isCurrency,
)
const homeCurrency = ['cny'].filter(isCurrency)

/** Minor units, as everywhere in API v3; only the bills are in yuan. */
export const toWire = (amount: bigint, currency: Currency) => ({
  total: toJsonAmount(amount),
  currency: currency.toUpperCase(),
})

/** The only door through which a number from WeChat becomes money. */
export const fromWire = (value: unknown, what: string): bigint => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new UnmappedError(what, value)
  return BigInt(value)
}

/** Domestic answers may leave the currency out: it is CNY there. */
export const currencyFromWire = (value: unknown, what: string): Currency => {
  const code = typeof value === 'string' ? value.toLowerCase() : value === undefined ? 'cny' : ''
  if (isCurrency(code)) return code
  throw new UnmappedError(what, value)
}

export const currenciesOf = (region: 'cn' | 'global'): readonly Currency[] =>
  region === 'global' ? overseasCurrencies : homeCurrency
