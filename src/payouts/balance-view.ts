import { toJsonAmount } from '#kernel/money.ts'
import type { Posting } from '#ledger/posting.ts'
import type { BalanceObject } from './schemas.ts'

/** What an account of the chart holds in one currency; debit positive, minor units. */
export interface Funds {
  readonly code: string
  readonly currency: string
  readonly amount: bigint
}

/** Stripe's balance, from the books; `reserved` and `in_transit` are ours. Every currency is in every list. */
export const showBalance = (funds: readonly Funds[], livemode: boolean): BalanceObject => {
  const held = funds.filter(({ code }) => codes.has(code))
  const currencies = [...new Set(held.map(({ currency }) => currency))].sort()
  const of = (code: string) =>
    currencies.map((currency) => ({
      amount: toJsonAmount(
        held.reduce((sum, one) => (one.code === code && one.currency === currency ? sum + one.amount : sum), 0n),
      ),
      currency,
    }))
  return {
    object: 'balance',
    available: of('1120'),
    livemode,
    pending: of('1110'),
    reserved: of('1130'),
    in_transit: of('1140'),
  }
}

/** The same once these are booked. */
export const fundsAfter = (funds: readonly Funds[], postings: readonly Posting[]): Funds[] => [
  ...funds,
  ...postings.flatMap(({ legs }) => legs.map(({ code, currency, amount }) => ({ code, currency, amount }))),
]

/** Whether a currency's available balance has become negative. */
export const fallenBelowZero = (before: readonly Funds[], after: readonly Funds[]): boolean => {
  const available = (funds: readonly Funds[], currency: string): bigint =>
    funds.reduce((sum, one) => (one.code === '1120' && one.currency === currency ? sum + one.amount : sum), 0n)
  const currencies = new Set(after.map(({ currency }) => currency))
  return [...currencies].some((currency) => available(after, currency) < 0n && available(before, currency) >= 0n)
}

const codes: ReadonlySet<string> = new Set(['1110', '1120', '1130', '1140'])
