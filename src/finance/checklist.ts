import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import type { Month } from './month.ts'
import type { CodeBalance } from './trial-balance.ts'

/** One thing to look at before a month is closed. `ok: false` stops the closing when `blocking`, else it only warns. */
export interface ChecklistItem {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly blocking: boolean
}

/** What the check-list is made of, read from the database. */
export interface ClosingFacts {
  readonly month: Month
  readonly baseCurrency: string
  readonly balances: readonly CodeBalance[]
  /** Transactions up to the month's end that have no seal yet, and for how long the oldest has waited. */
  readonly unsealed: { readonly count: number; readonly seconds: number }
  /** Accounts that should run empty, and since when each has not been. */
  readonly open: readonly {
    readonly code: string
    readonly currency: string
    readonly balance: bigint
    readonly days: number
  }[]
  /** Entries of the month that were booked without a rate. */
  readonly unvalued: readonly { readonly currency: string; readonly entries: number }[]
  /** Public ids of proposals that would book into the month or before it. */
  readonly proposals: readonly string[]
  /** Public ids of the month's payments whose amount or state the provider disputes. */
  readonly conflicts: readonly string[]
}

/** The check-list of a month, in the order in which one works through it (finance.md §1.4). */
export const checklistOf = (facts: ClosingFacts): ChecklistItem[] => [
  sealLag(facts.unsealed),
  trialBalance(facts.balances),
  suspense(facts.balances),
  blocking('proposals', facts.proposals.length === 0, 'none is open', `undecided: ${facts.proposals.join(', ')}`),
  openItems(facts.open),
  rates(facts.unvalued),
  foreignRevenue(facts),
  warning('conflicted_payments', facts.conflicts.length === 0, 'none', facts.conflicts.join(', ')),
]

/** The names of what stops a closing. */
export const blockersOf = (checklist: readonly ChecklistItem[]): string[] =>
  checklist.filter((item) => item.blocking && !item.ok).map((item) => `${item.name} (${item.detail})`)

const blocking = (name: string, ok: boolean, good: string, bad: string): ChecklistItem => ({
  name,
  ok,
  detail: ok ? good : bad,
  blocking: true,
})

const warning = (name: string, ok: boolean, good: string, bad: string): ChecklistItem => ({
  ...blocking(name, ok, good, bad),
  blocking: false,
})

/** While others write something always waits for a moment, and the closing waits for it; longer, and nobody seals. */
const sealLagMaxSeconds = 60

const sealLag = ({ count, seconds }: ClosingFacts['unsealed']): ChecklistItem => {
  const waiting = `${count} not sealed yet, the oldest for ${seconds} seconds`
  const good = count === 0 ? 'every transaction is sealed' : waiting
  return blocking('seal_lag', seconds < sealLagMaxSeconds, good, waiting)
}

const trialBalance = (balances: readonly CodeBalance[]): ChecklistItem => {
  const rests = new Map<string, bigint>()
  const add = (currency: string, amount: bigint) => rests.set(currency, (rests.get(currency) ?? 0n) + amount)
  for (const { currency, debit, credit, base } of balances) {
    add(currency, debit - credit)
    add('the base currency', base)
  }
  const wrong = [...rests].filter(([, rest]) => rest !== 0n).map(([currency, rest]) => `${rest} in ${currency}`)
  return blocking('trial_balance', wrong.length === 0, 'balanced', `unbalanced by ${wrong.join(', ')}`)
}

const balanceOf = ({ debit, credit }: CodeBalance): bigint => debit - credit

const showBalance = (one: CodeBalance): string => `${one.code} ${showAmount(balanceOf(one), one.currency)}`

const showAmount = (amount: bigint, currency: string): string =>
  `${isCurrency(currency) ? toDecimalString(amount, currency as Currency) : amount} ${currency}`

const suspense = (balances: readonly CodeBalance[]): ChecklistItem => {
  const left = balances.filter((one) => (one.code === '1390' || one.code === '2090') && balanceOf(one) !== 0n)
  return blocking('suspense', left.length === 0, '1390 and 2090 are empty', left.map(showBalance).join(', '))
}

const openItems = (open: ClosingFacts['open']): ChecklistItem => {
  const shown = open.map(
    ({ code, currency, balance, days }) => `${code} ${showAmount(balance, currency)} for ${days} days`,
  )
  return warning('open_items', open.length === 0, 'nothing in transit, disputed or held', shown.join(', '))
}

const rates = (unvalued: ClosingFacts['unvalued']): ChecklistItem => {
  const shown = unvalued.map(({ currency, entries }) => `${entries} in ${currency}`)
  return warning(
    'rates',
    unvalued.length === 0,
    'every entry has its value',
    `booked without a rate: ${shown.join(', ')}`,
  )
}

const foreignRevenue = ({ balances, baseCurrency }: ClosingFacts): ChecklistItem => {
  const left = balances.filter(
    (one) => one.type === 'revenue' && one.currency !== baseCurrency && balanceOf(one) !== 0n,
  )
  return warning(
    'foreign_revenue',
    left.length === 0,
    'translated',
    `not translated: ${left.map(showBalance).join(', ')}`,
  )
}
