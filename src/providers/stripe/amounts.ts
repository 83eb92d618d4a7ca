import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { toJsonAmount } from '#kernel/money.ts'

/** Stripe sent something that the tables do not know. Never guessed over: the answer becomes `unknown`. */
export class UnmappedError extends Error {
  constructor(what: string, value: unknown) {
    super(`Stripe sent ${what} ${typeof value === 'string' ? `'${value.slice(0, 80)}'` : String(value)}`)
    this.name = 'UnmappedError'
  }
}

/** An amount that cannot be written on Stripe's wire. Thrown before anything is sent, so it has certainly no effect. */
export class UnsendableAmountError extends Error {
  constructor(amount: bigint, currency: Currency, steps: bigint) {
    super(`Stripe takes ${currency} only in steps of ${steps} minor units, not ${amount}.`)
    this.name = 'UnsendableAmountError'
  }
}

/**
 * Digits on Stripe's wire where they are not those of ISO 4217: krona and shilling kept their old two decimals there
 * (5 ISK is sent as 500), the ariary has none.
 */
const wireExponents: Readonly<Record<string, number>> = { isk: 2, ugx: 2, mga: 0 }

export const toWire = (amount: bigint, currency: Currency): number => {
  const step = stepOf(currency)
  if (amount % step !== 0n) throw new UnsendableAmountError(amount, currency, step)
  const shift = wireShift(currency)
  return toJsonAmount(shift >= 0 ? amount * 10n ** BigInt(shift) : amount / 10n ** BigInt(-shift))
}

/** The only door through which a number from Stripe becomes money. */
export const fromWire = (value: unknown, currency: Currency, what: string): bigint => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new UnmappedError(what, value)
  const wire = BigInt(value)
  const shift = wireShift(currency)
  if (shift <= 0) return wire * 10n ** BigInt(-shift)
  const step = 10n ** BigInt(shift)
  if (wire % step !== 0n) throw new UnmappedError(`a fraction of one ${currency} as ${what}`, value)
  return wire / step
}

export const currencyFromWire = (value: unknown, what: string): Currency => {
  if (typeof value === 'string' && isCurrency(value)) return value
  throw new UnmappedError(what, value)
}

/** Of three decimals Stripe takes two, the last must be 0; where its wire has fewer digits than ISO 4217, so do amounts. */
const stepOf = (currency: Currency): bigint => {
  const shift = wireShift(currency)
  if (shift < 0) return 10n ** BigInt(-shift)
  return currencyExponent(currency) === 3 ? 10n : 1n
}

/**
 * The smallest charge, in minor units, of the currencies that Stripe settles in (docs.stripe.com/currencies, "Minimum and
 * maximum charge amounts"). In others it is what these come to after conversion, which only Stripe knows.
 */
const smallest: Readonly<Record<string, bigint>> = {
  aed: 200n,
  aud: 50n,
  brl: 50n,
  cad: 50n,
  chf: 50n,
  czk: 1500n,
  dkk: 250n,
  eur: 50n,
  gbp: 30n,
  hkd: 400n,
  huf: 17_500n,
  inr: 50n,
  jpy: 50n,
  mxn: 1000n,
  myr: 200n,
  nok: 300n,
  nzd: 50n,
  pln: 200n,
  ron: 200n,
  sek: 300n,
  sgd: 50n,
  thb: 1000n,
  usd: 50n,
}

/** Eight digits on the wire. */
const wireMax = 99_999_999n

/** What Stripe takes at once, in our minor units. */
export const amountLimits = (currency: Currency): { min: bigint; max: bigint } => {
  const shift = wireShift(currency)
  const scale = 10n ** BigInt(shift < 0 ? -shift : shift)
  return { min: smallest[currency] ?? stepOf(currency), max: shift < 0 ? wireMax * scale : wireMax / scale }
}

const wireShift = (currency: Currency): number => {
  const exponent = currencyExponent(currency)
  return (wireExponents[currency] ?? exponent) - exponent
}
