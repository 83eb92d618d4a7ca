import { exponentOf } from './currencies.ts'

/** 1.5 % plus 0.25 of the major unit, rounded half up once, in minor units. All in integers: thousandths of a minor unit. */
export function processingFee(amount: number, currency: string): number {
  const thousandths = BigInt(amount) * 15n + 250n * 10n ** BigInt(exponentOf(currency))
  return Number((thousandths + 500n) / 1000n)
}

/** 1 % of what is paid out at once, rounded half up. */
export function instantPayoutFee(amount: number): number {
  return Number((BigInt(amount) + 50n) / 100n)
}

/** 15.00 of the major unit for every dispute, kept whatever its outcome. */
export function disputeFee(currency: string): number {
  return 15 * 10 ** exponentOf(currency)
}
