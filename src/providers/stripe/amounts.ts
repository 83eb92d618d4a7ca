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
  const shift = wireShift(currency)
  if (shift >= 0) return toJsonAmount(amount * 10n ** BigInt(shift))
  const step = 10n ** BigInt(-shift)
  if (amount % step !== 0n) throw new UnsendableAmountError(amount, currency, step)
  return toJsonAmount(amount / step)
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

const wireShift = (currency: Currency): number => {
  const exponent = currencyExponent(currency)
  return (wireExponents[currency] ?? exponent) - exponent
}
