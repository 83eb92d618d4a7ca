/** Money here is whole minor units; sums stay below 2^53, products go through bigint. */

/** a × b ÷ c, half up, exact. */
export function mulDiv(a: number, b: number, c: number): number {
  const product = BigInt(a) * BigInt(b) * 2n + BigInt(c)
  return Number(product / (BigInt(c) * 2n))
}

const RATE_UNITS = 10_000

/** The fee of one order. `rate` in units of 0.01 %. Half up to the minor unit, which is what the published bill shows. */
export function feeOf(settlement: number, rate: number): number {
  return mulDiv(settlement, rate, RATE_UNITS)
}

/**
 * What a refund takes of a part of the order (what the payer paid, what the merchant got, the fee): proportional, and so
 * that all refunds together come to exactly that part.
 * @param refunded Of the whole order, with this refund.
 * @param taken Of the part, by the refunds before.
 */
export function shareOf(part: number, total: number, refunded: number, taken: number): number {
  return Math.max(0, mulDiv(part, refunded, total) - taken)
}

/** 10^8 times the rate: how WeChat Pay writes it. */
export const ONE = 100_000_000

const WITHOUT_MINOR_UNIT = new Set(['JPY', 'KRW', 'VND', 'CLP', 'ISK', 'XAF'])
const factorOf = (currency: string) => (WITHOUT_MINOR_UNIT.has(currency) ? 1 : 100)

/** An amount in the order's currency as an amount in the payer's, at a rate per whole unit of money. */
export function exchange(total: number, from: string, to: string, rate: number): number {
  const scaled = BigInt(total) * BigInt(rate) * BigInt(factorOf(to)) * 2n
  const divisor = BigInt(ONE) * BigInt(factorOf(from))
  return Number((scaled + divisor) / (divisor * 2n))
}

/** `1234` → `12.34` */
export function yuan(minor: number): string {
  const sign = minor < 0 ? '-' : ''
  const text = String(Math.abs(minor)).padStart(3, '0')
  return `${sign}${text.slice(0, -2)}.${text.slice(-2)}`
}

/** The same of any currency: `1234` yen → `1234.00` */
export function major(minor: number, currency: string): string {
  return factorOf(currency) === 1 ? `${minor}.00` : yuan(minor)
}

/** As the summary row of a bill writes amounts and counts: `45.0`, `0.47`. */
export function summaryNumber(minor: number): string {
  return yuan(minor).replace(/0$/, '')
}
