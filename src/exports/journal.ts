import type { AccountType } from '#ledger/chart.ts'

/** What every format is written from. Amounts are minor units, debit positive; days are those of UTC. */

export interface JournalTransaction {
  readonly seq: bigint
  /** UUID; files show it as `ltx_…`. */
  readonly id: string
  readonly eventKey: string
  readonly kind: string
  /** One line: without line breaks, tabs and other control characters. */
  readonly description: string
  /** As it was booked, line breaks and all: what its seal signs for. */
  readonly descriptionAsWritten: string
  /** 2026-11-30 */
  readonly effectiveOn: string
  /** The day it happened, where that lies in a period that was closed already. */
  readonly originalEffectiveOn: string | null
  /** 2026-11-30T12:00:00.000000Z */
  readonly effectiveAt: string
  readonly originalEffectiveAt: string | null
  readonly postedAt: string
  readonly valueOn: string | null
  readonly valueAt: string | null
  readonly baseCurrency: string
  readonly paymentIntentId: string | null
  readonly refundId: string | null
  readonly threadId: string | null
  readonly reversesId: string | null
  readonly refs: Readonly<Record<string, string>>
  /** Of the seal, 64 hexadecimal digits. */
  readonly hash: string
}

export interface JournalAccount {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly type: AccountType
  readonly currency: string
  readonly holder: string
}

/** One entry. Lines of a transaction share one `transaction` object, all lines of an account one `account`. */
export interface JournalLine {
  readonly transaction: JournalTransaction
  readonly line: number
  readonly account: JournalAccount
  readonly amount: bigint
  readonly baseAmount: bigint
  /** `amount` and `baseAmount` as text, `-4200`: to write digits, nothing has to be computed. */
  readonly digits: string
  readonly baseDigits: string
}

export interface AccountBalance {
  readonly account: JournalAccount
  readonly debit: bigint
  readonly credit: bigint
  /** Value of debit − credit in the base currency. */
  readonly base: bigint
}
