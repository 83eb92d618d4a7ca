import type { ExportContext } from '#exports/format.ts'
import type { AccountBalance, JournalTransaction } from '#exports/journal.ts'
import { decimalOf } from './decimal.ts'
import { type BalanceItem, balanceCodes, netOf } from './stripe-items.ts'

type Cells = Readonly<Record<string, string>>

interface Sums {
  readonly currency: string
  readonly category: string
  count: number
  gross: bigint
  fee: bigint
}

/** Sums by currency and reporting category. `sign` −1 turns payouts around: what went to the bank is positive. */
export const createSummary = (sign: 1n | -1n) => {
  const all = new Map<string, Sums>()
  return {
    add: ({ currency, category, gross, fee }: BalanceItem): void => {
      const key = `${currency} ${category}`
      const sums = all.get(key) ?? { currency, category, count: 0, gross: 0n, fee: 0n }
      all.set(key, sums)
      sums.count++
      sums.gross += sign * gross
      sums.fee += sign * fee
    },
    rows: (): Cells[] =>
      [...all].sort().map(([, { currency, category, count, gross, fee }]) => ({
        reporting_category: category,
        currency,
        count: String(count),
        gross: decimalOf(gross, currency),
        fee: decimalOf(fee, currency),
        net: decimalOf(gross - fee, currency),
      })),
  }
}

/** Start + activity − payouts = end, per currency; throws where the ledger's closing balance says otherwise. */
export const balanceRows = (
  context: ExportContext,
  activity: ReadonlyMap<string, bigint>,
  payouts: ReadonlyMap<string, bigint>,
): Cells[] => {
  const start = balancesOf(context.opening)
  const end = balancesOf(context.closing)
  const first = context.from ?? context.days?.first
  const last = context.to ?? context.days?.last
  const dated = (what: string, day: string | undefined) => (day === undefined ? what : `${what} (${day})`)
  return [...new Set([...start.keys(), ...end.keys(), ...activity.keys(), ...payouts.keys()])]
    .sort()
    .flatMap((currency) => {
      const moved = activity.get(currency) ?? 0n
      const paid = -(payouts.get(currency) ?? 0n)
      const ending = (start.get(currency) ?? 0n) + moved - paid
      requireEnd(currency, ending, end.get(currency) ?? 0n)
      const row = (category: string, description: string, amount: bigint) => ({
        category,
        description,
        net_amount: decimalOf(amount, currency),
        currency,
      })
      return [
        row('starting_balance', dated('Starting balance', first), start.get(currency) ?? 0n),
        row('activity', 'Activity', moved),
        row('payouts', 'Total payouts', paid),
        row('ending_balance', dated('Ending balance', last), ending),
      ]
    })
}

/** What lay at the provider before the first line, as one item per currency. */
export const carriedForward = ({ opening, fromSeq, from, baseCurrency }: ExportContext): BalanceItem[] =>
  [...balancesOf(opening)]
    .filter(([, amount]) => amount !== 0n)
    .map(([currency, gross]) => ({
      transaction: { ...nothing, baseCurrency, description: `Balance before ${from ?? `entry ${fromSeq + 1n}`}` },
      currency,
      category: 'other_adjustment',
      gross,
      fee: 0n,
      id: '',
      availableOn: '',
    }))

/** Throws where open items do not add up to the closing balance. */
export const requireEnding = ({ closing }: ExportContext, items: readonly BalanceItem[]): void => {
  const sums = balancesOf([])
  for (const item of items) sums.set(item.currency, (sums.get(item.currency) ?? 0n) + netOf(item))
  const end = balancesOf(closing)
  for (const currency of new Set([...sums.keys(), ...end.keys()])) {
    requireEnd(currency, sums.get(currency) ?? 0n, end.get(currency) ?? 0n)
  }
}

const requireEnd = (currency: string, actual: bigint, expected: bigint): void => {
  if (actual !== expected) throw new Error(`the balance ends at ${actual} ${currency}, but the ledger says ${expected}`)
}

const balancesOf = (balances: readonly AccountBalance[]): Map<string, bigint> => {
  const sums = new Map<string, bigint>()
  for (const { account, debit, credit } of balances) {
    if (!balanceCodes.has(account.code)) continue
    sums.set(account.currency, (sums.get(account.currency) ?? 0n) + debit - credit)
  }
  return sums
}

const nothing: Omit<JournalTransaction, 'baseCurrency' | 'description'> = {
  seq: 0n,
  id: '',
  eventKey: '',
  kind: 'carried_forward',
  descriptionAsWritten: '',
  effectiveOn: '',
  originalEffectiveOn: null,
  effectiveAt: '',
  originalEffectiveAt: null,
  postedAt: '',
  valueOn: null,
  valueAt: null,
  paymentIntentId: null,
  refundId: null,
  threadId: null,
  reversesId: null,
  refs: {},
  hash: '',
}
