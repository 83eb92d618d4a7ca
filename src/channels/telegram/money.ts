import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { toJsonAmount } from '#kernel/money.ts'

/**
 * Digits of Telegram's own table (`currencies.json`, as its Android and iOS clients carry it): not ISO's for CVE and
 * MGA. What is not listed has two.
 */
const exponents: ReadonlyMap<string, number> = new Map(
  Object.entries({
    0: 'bif clp cve djf gnf isk jpy kmf krw mga pyg rwf ugx uyi vnd vuv xaf xof xpf xtr',
    3: 'bhd iqd jod kwd lyd omr tnd',
    4: 'clf',
  }).flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, Number.parseInt(digits, 10)] as const)),
)

const exponentOf = (currency: string): number => exponents.get(currency) ?? 2

/**
 * What an invoice may ask for, in our minor units and both ends included; undefined: only Telegram knows. Its table keeps
 * the limits of every currency near 1 to 10,000 US dollars and moves them with the exchange rates; in dollars they stand
 * still. Of Stars it says no highest number. Source: core.telegram.org/bots/payments (supported currencies).
 */
const amountLimits = (currency: Currency): { readonly min: bigint; readonly max?: bigint } | undefined => {
  if (currency === 'usd') return { min: 100n, max: 1_000_000n }
  return currency === 'xtr' ? { min: 1n } : undefined
}

/** Whether Telegram may take it; what it certainly refuses is not asked of it. */
export const isWithinLimits = (amount: bigint, currency: Currency): boolean => {
  const { min, max } = amountLimits(currency) ?? { min: 0n }
  return amount >= min && (max === undefined || amount <= max)
}

/** Our minor units in Telegram's; undefined where they do not come out even (CVE and MGA have no cents there). */
export const toTelegramAmount = (amount: bigint, currency: Currency): number | undefined => {
  const shift = exponentOf(currency) - currencyExponent(currency)
  if (shift >= 0) return toJsonAmount(amount * 10n ** BigInt(shift))
  const unit = 10n ** BigInt(-shift)
  return amount % unit === 0n ? toJsonAmount(amount / unit) : undefined
}

/** Telegram's amount in ours; undefined for a currency that we do not know, and for what is no amount. */
export const fromTelegramAmount = (
  amount: unknown,
  code: unknown,
): { amount: bigint; currency: Currency } | undefined => {
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 0 || typeof code !== 'string')
    return undefined
  const currency = code.toLowerCase()
  if (!isCurrency(currency)) return undefined
  const shift = currencyExponent(currency) - exponentOf(currency)
  const units = BigInt(amount)
  if (shift >= 0) return { amount: units * 10n ** BigInt(shift), currency }
  const unit = 10n ** BigInt(-shift)
  return units % unit === 0n ? { amount: units / unit, currency } : undefined
}
