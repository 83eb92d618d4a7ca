import type { Currency } from '#kernel/currencies.ts'
import { type AccountCode, chartOfAccounts } from '#ledger/chart.ts'
import type { Leg } from '#ledger/posting.ts'

/** A line as a person wrote it: four-digit code, minor units, debit positive. */
export interface ProposedEntry {
  readonly account: string
  readonly currency: Currency
  readonly amount: bigint
  readonly holder?: string | undefined
}

export type EntriesVerdict =
  | { readonly ok: true; readonly legs: Leg[] }
  | {
      readonly ok: false
      readonly code:
        | 'ledger_unbalanced'
        | 'parameter_invalid_integer'
        | 'parameter_invalid_string'
        | 'parameter_missing'
      readonly message: string
      readonly param: string
    }

/** Whether a person's entries may be booked as one transaction; else the first mistake and the parameter it is in. */
export const judgeEntries = (entries: readonly ProposedEntry[]): EntriesVerdict => {
  if (entries.length < 2)
    return refuse('parameter_invalid_string', 'An adjustment has at least two entries.', 'entries')
  const legs: Leg[] = []
  for (const [index, entry] of entries.entries()) {
    const at = (name: string): string => `entries[${index}][${name}]`
    const { account, currency, amount, holder } = entry
    if (!isAccountCode(account)) {
      return refuse('parameter_invalid_string', `The chart of accounts has no account ${account}.`, at('account'))
    }
    if (amount === 0n) {
      return refuse('parameter_invalid_integer', 'An entry of zero says nothing; leave it out.', at('amount'))
    }
    if (held.has(account) && holder === undefined) {
      return refuse('parameter_missing', `Say whose ${account} it is: each holder has an account.`, at('holder'))
    }
    legs.push({ code: account, currency, amount, ...(holder === undefined ? {} : { holder }) })
  }
  return mixesMemo(legs) ?? isUnbalanced(legs) ?? { ok: true, legs }
}

const codes: ReadonlySet<string> = new Set(chartOfAccounts.map(({ code }) => code))

export const isAccountCode = (code: string): code is AccountCode => codes.has(code)

/** Accounts that owe to somebody in particular (finance.md §1.3 g). */
const held: ReadonlySet<string> = new Set(['2020', '2030', '2031', '2032'])

/** Memo accounts count what is not money yet: they net to zero between themselves, beside no real account. */
const isMemo = ({ code }: Leg): boolean => code.startsWith('9')

const mixesMemo = (legs: readonly Leg[]): EntriesVerdict | undefined => {
  const memo = legs.findIndex(isMemo)
  if (memo < 0 || legs.every(isMemo)) return undefined
  return refuse(
    'ledger_unbalanced',
    '9010 and 9011 are only counted: they net to zero between themselves. Book them apart from real accounts.',
    `entries[${memo}][account]`,
  )
}

const isUnbalanced = (legs: readonly Leg[]): EntriesVerdict | undefined => {
  const rests = new Map<string, bigint>()
  for (const { currency, amount } of legs) rests.set(currency, (rests.get(currency) ?? 0n) + amount)
  const open = [...rests].filter(([, rest]) => rest !== 0n)
  if (open.length === 0) return undefined
  const by = open.map(([currency, rest]) => `${rest} ${currency}`).join(' and ')
  return refuse('ledger_unbalanced', `Debits and credits differ by ${by} (minor units, debit positive).`, 'entries')
}

const refuse = (code: (EntriesVerdict & { ok: false })['code'], message: string, param: string): EntriesVerdict => ({
  ok: false,
  code,
  message,
  param,
})
