import type { AccountType } from '#ledger/chart.ts'
import type { Month } from './month.ts'

/** What a code took in a currency, on either side; minor units. */
export interface CodeBalance {
  readonly code: string
  readonly type: AccountType
  readonly currency: string
  readonly debit: bigint
  readonly credit: bigint
  /** Value of debit − credit in the base currency. */
  readonly base: bigint
}

interface AccountBalance extends Pick<CodeBalance, 'code' | 'type' | 'currency' | 'debit' | 'credit'> {
  readonly baseDebit: bigint
  readonly baseCredit: bigint
}

/** Accounts of several holders as one line of their code. */
export const byCode = (accounts: readonly AccountBalance[]): CodeBalance[] => {
  const lines = new Map<string, CodeBalance>()
  for (const { code, type, currency, debit, credit, baseDebit, baseCredit } of accounts) {
    const key = `${code} ${currency}`
    const line = lines.get(key) ?? { code, type, currency, debit: 0n, credit: 0n, base: 0n }
    const base = line.base + baseDebit - baseCredit
    lines.set(key, { ...line, debit: line.debit + debit, credit: line.credit + credit, base })
  }
  return [...lines.values()]
}

/** The books at the end of a closed month. */
export interface ClosingBalance {
  readonly month: Month
  /** Seals up to here are in it. */
  readonly asOfSeq: bigint
  readonly baseCurrency: string
  readonly balances: readonly CodeBalance[]
}

/**
 * The text whose SHA-256 a closed period carries: one JSON array without white space, whose members are strings or
 * arrays:
 *
 *     ["trial_balance", month, as_of_seq, base_currency, [[code, currency, debit, credit, base_balance], …]]
 *
 * Numbers are decimal strings of minor units; debit and credit are all that the code ever took in the currency up to
 * the end of the month, base_balance is the value of debit − credit. Lines go by code, then currency; codes without an
 * entry have none. Made anew from the seals up to as_of_seq it must come out the same for ever.
 */
export const trialBalanceText = ({ month, asOfSeq, baseCurrency, balances }: ClosingBalance): string =>
  JSON.stringify([
    'trial_balance',
    month,
    String(asOfSeq),
    baseCurrency,
    balances
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .map(({ code, currency, debit, credit, base }) => [code, currency, String(debit), String(credit), String(base)]),
  ])

const keyOf = ({ code, currency }: CodeBalance): string => `${code} ${currency}`
