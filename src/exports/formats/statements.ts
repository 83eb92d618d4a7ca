import type { ExportContext } from '#exports/format.ts'
import type { AccountBalance, JournalAccount, JournalLine } from '#exports/journal.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { createSpool } from './statement-spool.ts'

/** An account over the time of the export. Amounts are minor units as its owner, or the holder of a liability, sees them. */
export interface Statement {
  readonly account: JournalAccount
  /** At most 22 characters (OFX), the same in every export: 1110-EUR, or 2020-EUR-… with the end of the account's id. */
  readonly id: string
  readonly opening: bigint
  readonly closing: bigint
  readonly credits: Turnover
  readonly debits: Turnover
  entries(): Iterable<string>
}

export interface Turnover {
  count: number
  sum: bigint
}

export interface Statements {
  /** First and last day: those that were asked for, else those of the lines. */
  readonly from: string
  readonly to: string
  /** When the youngest entry was booked, to the second; files of the same entries carry the same time. */
  readonly madeAt: string
  readonly list: readonly Statement[]
}

/** Entries are held in memory, compressed, until their account's turn: see `createSpool`. */
const entriesMax = 1_000_000

/** Of a file about nothing: no days asked for, no entries. */
const beginning = '1970-01-01'

/**
 * Statements of all asset and liability accounts that have a balance or an entry, by code, currency and holder.
 * `show` writes one entry, `amount` signed from the owner's view: what an asset is debited with and what a liability
 * is credited with is money coming in. Refuses above a million entries, and balances that do not add up.
 */
export const readStatements = async (
  context: ExportContext,
  lines: AsyncIterable<readonly JournalLine[]>,
  show: (line: JournalLine, amount: bigint) => string,
): Promise<Statements> => {
  const spool = createSpool()
  const open = new Map<string, Open>()
  let youngest = ''
  for (const balance of context.opening) if (hasStatement(balance.account)) openOf(open, balance.account, balance)
  for (const balance of context.closing) if (hasStatement(balance.account)) openOf(open, balance.account)
  let count = 0
  for await (const batch of lines) {
    for (const line of batch) {
      if (!hasStatement(line.account)) continue
      if (++count > entriesMax) throw tooMany()
      const amount = ownersView(line.account, line.amount)
      const turnovers = openOf(open, line.account)
      const turnover = amount > 0n ? turnovers.credits : turnovers.debits
      turnover.count++
      turnover.sum += amount > 0n ? amount : -amount
      if (line.transaction.postedAt > youngest) youngest = line.transaction.postedAt
      spool.add(line.account.id, show(line, amount))
    }
  }
  const closing = new Map(context.closing.map((balance) => [balance.account.id, balanceOf(balance)]))
  const from = context.from ?? context.days?.first ?? context.to ?? beginning
  const to = context.to ?? context.days?.last ?? from
  return {
    from,
    to,
    madeAt: youngest === '' ? `${to}T00:00:00Z` : `${youngest.slice(0, 19)}Z`,
    list: [...open.values()].sort(byAccount).map((one) => ({
      ...one,
      closing: checked(one, closing.get(one.account.id) ?? 0n),
      id: statementId(one.account),
      entries: () => spool.read(one.account.id),
    })),
  }
}

/** A message of no statement is none: both standards ask for one at least. */
export const refuseNoStatements = ({ closing }: ExportContext): string | undefined =>
  closing.some(({ account }) => hasStatement(account))
    ? undefined
    : 'there is no asset or liability account to make a statement of'

type Open = Pick<Statement, 'account' | 'opening' | 'credits' | 'debits'>

const hasStatement = ({ type }: JournalAccount): boolean => type === 'asset' || type === 'liability'

const ownersView = ({ type }: JournalAccount, amount: bigint): bigint => (type === 'asset' ? amount : -amount)

const balanceOf = ({ account, debit, credit }: AccountBalance): bigint => ownersView(account, debit - credit)

const openOf = (all: Map<string, Open>, account: JournalAccount, balance?: AccountBalance): Open => {
  let one = all.get(account.id)
  if (!one) {
    one = {
      account,
      opening: balance ? balanceOf(balance) : 0n,
      credits: { count: 0, sum: 0n },
      debits: { count: 0, sum: 0n },
    }
    all.set(account.id, one)
  }
  return one
}

const checked = ({ account, opening, credits, debits }: Open, expected: bigint): bigint => {
  const closing = opening + credits.sum - debits.sum
  if (closing === expected) return closing
  throw new Error(`entries of ${statementId(account)} lead from ${opening} to ${closing}, but it closes at ${expected}`)
}

const statementId = ({ id, code, currency, holder }: JournalAccount): string =>
  `${code}-${currency.toUpperCase()}${holder === '' ? '' : `-${showId('ledgerAccount', id).slice(-13)}`}`

const byAccount = (a: Open, b: Open): number => (sortKey(a) < sortKey(b) ? -1 : 1)

const sortKey = ({ account: { code, currency, holder, id } }: Open): string => [code, currency, holder, id].join('\0')

const tooMany = (): AppError =>
  new AppError('export_too_large', {
    message: `A file of statements takes at most ${entriesMax} entries. Choose fewer accounts, one currency or a shorter time.`,
  })
