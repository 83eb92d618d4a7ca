import assert from 'node:assert/strict'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import type { Leg, Posting } from '#ledger/posting.ts'

export interface TableRow {
  readonly event: string
  readonly debit: string
  readonly credit: string
  readonly key: string
  readonly rule: unknown
  readonly posting: Posting | undefined
}

/** What happened, what it debits and credits, its key, and the rule with its facts: for `debit`/`credit` see `showLegs`. */
export const row = <Facts extends unknown[]>(
  event: string,
  debit: string,
  credit: string,
  key: string,
  rule: (...facts: Facts) => Posting | undefined,
  ...facts: Facts
): TableRow => ({ event, debit, credit, key, rule, posting: rule(...facts) })

/** `4090 25.00 · 2310 5.00`, with `/holder` after the code and the currency where a posting has several. */
export const showLegs = (posting: Posting | undefined, side: 'debit' | 'credit'): string => {
  const legs = posting?.legs ?? []
  const isMixed = new Set(legs.map((leg) => leg.currency)).size > 1
  const show = ({ code, currency, amount, holder }: Leg): string =>
    [
      holder === undefined ? code : `${code}/${holder}`,
      ...(isMixed ? [currency.toUpperCase()] : []),
      toDecimalString(side === 'debit' ? amount : -amount, currency),
    ].join(' ')
  return legs
    .filter((leg) => leg.amount > 0n === (side === 'debit'))
    .map(show)
    .join(' · ')
}

/** When the events of the tables happened. */
export const at = { effectiveAt: new Date('2026-11-02T09:30:00Z') }

/** An event in a currency. */
export const happenedIn = (code: string): { effectiveAt: Date; currency: Currency } => {
  assert.ok(isCurrency(code))
  return { ...at, currency: code }
}
