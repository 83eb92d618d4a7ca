import type { CodeBalance } from './checklist.ts'
import type { Month } from './month.ts'

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
