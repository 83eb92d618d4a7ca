import type { ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { legibleText } from './legible-text.ts'
import { type TransactionLines, wholeTransactions } from './whole-transactions.ts'

/** A journal entry as small-business accounting takes it: balanced, in the base currency, without memo accounts. */
export interface Voucher {
  /** Unique among all exports of a ledger, at most 21 characters unless seqs pass a thousand million. */
  readonly number: string
  /** 2026-11-30 */
  readonly day: string
  readonly text: string
  readonly lines: readonly VoucherLine[]
}

export interface VoucherLine {
  readonly code: string
  readonly name: string
  /** Minor units of the base currency, debit positive, never zero. */
  readonly amount: bigint
}

/**
 * One voucher for each transaction, or with `granularity: 'day'` for each day: what the accounts took on either side.
 * What rounds to nothing in the base currency has no line.
 */
export const vouchers = (
  context: ExportContext,
  chunks: AsyncIterable<readonly JournalLine[]>,
  scripts: 'western' | 'all' = 'all',
): AsyncGenerator<readonly Voucher[]> =>
  context.options.granularity === 'day' ? dayVouchers(context, chunks) : transactionVouchers(context, chunks, scripts)

async function* transactionVouchers(
  context: ExportContext,
  chunks: AsyncIterable<readonly JournalLine[]>,
  scripts: 'western' | 'all',
): AsyncGenerator<readonly Voucher[]> {
  for await (const transactions of wholeTransactions(chunks)) {
    yield transactions.flatMap((lines) => voucherOf(context, lines, scripts))
  }
}

const voucherOf = (context: ExportContext, lines: TransactionLines, scripts: 'western' | 'all'): Voucher[] => {
  const transaction = lines[0]?.transaction
  const kept = lines
    .filter(isWritten)
    .map(({ account, baseAmount }) => ({ ...context.mapped(account), amount: baseAmount }))
  if (!transaction || kept.length === 0) return []
  const { seq, effectiveOn } = transaction
  return [{ number: `J${seq}`, day: effectiveOn, text: legibleText(transaction, scripts), lines: kept }]
}

const isWritten = ({ account, baseAmount }: JournalLine): boolean => account.type !== 'memo' && baseAmount !== 0n

/** Holds a sum for each day and account, whatever the number of lines. */
async function* dayVouchers(
  context: ExportContext,
  chunks: AsyncIterable<readonly JournalLine[]>,
): AsyncGenerator<readonly Voucher[]> {
  const days = new Map<string, Map<string, VoucherLine>>()
  for await (const chunk of chunks) {
    for (const line of chunk) {
      if (!isWritten(line)) continue
      const day = days.get(line.transaction.effectiveOn) ?? new Map<string, VoucherLine>()
      days.set(line.transaction.effectiveOn, day)
      const { code, name } = context.mapped(line.account)
      const key = `${code} ${name} ${line.baseAmount > 0n ? 'debit' : 'credit'}`
      day.set(key, { code, name, amount: (day.get(key)?.amount ?? 0n) + line.baseAmount })
    }
  }
  yield [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, sums]) => ({
      // A later export may add to the same day, so the day alone would not be unique.
      number: `${day.replaceAll('-', '')}-${context.asOfSeq}`,
      day,
      text: `Payments of ${day}`,
      lines: [...sums.values()].sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)),
    }))
}
