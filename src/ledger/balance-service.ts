import { AppError, notFound } from '#kernel/errors.ts'
import { type Database, inSnapshot, inTransaction, type Tx } from '#platform/database.ts'
import { type AccountRow, findAccounts, readBaseCurrency } from './account-repo.ts'
import { noTurnover } from './balance-movements.ts'
import { endOf, startOf } from './balance-points.ts'
import { type BalancePoint, countUnsealed, readBalances, readHeadSeq } from './balance-repo.ts'
import type {
  BalanceSheet,
  BalanceSheetQuery,
  IncomeStatement,
  IncomeStatementQuery,
  Statement,
  StatementQuery,
  TrialBalance,
  TrialBalanceQuery,
} from './balance-schemas.ts'
import { readAccountTurnover, readPlace, readStatementLines, readTurnoverUpTo } from './balance-statement-repo.ts'
import {
  type Coverage,
  movedBetween,
  showBalanceSheet,
  showIncomeStatement,
  showStatement,
  showTrialBalance,
} from './balance-view.ts'
import { parseEntryId } from './ledger-view.ts'
import type { Sealer } from './seal-service.ts'

interface Deps {
  db: Database
  sealer: Sealer
}

/** How long a reader who asks for a seq that is not sealed yet waits for it. */
const sealedWithinMs = 3000

/** Resolves once the merchant's ledger is sealed up to `seq`; 409 when it is not within three seconds. */
export const requireSealed = async (
  { db, sealer }: Deps,
  merchantId: string,
  seq: bigint | undefined,
): Promise<void> => {
  const readHead = () => inTransaction(db, merchantId, (tx) => readHeadSeq(tx, merchantId))
  if (seq === undefined || (await readHead()) >= seq) return
  await sealer.catchUp(merchantId, sealedWithinMs)
  const head = await readHead()
  if (head >= seq) return
  throw new AppError('ledger_seq_not_sealed', {
    message: `The ledger is sealed up to ${head}, not up to ${seq}. Ask for a lower as_of_seq, or try again in a moment.`,
    param: 'as_of_seq',
  })
}

export const createBalanceReadings = (deps: Deps) => ({
  trialBalance: (merchantId: string, query: TrialBalanceQuery): Promise<TrialBalance> => {
    const before = query.as_of === undefined ? undefined : endOf(query.as_of)
    return readAt(deps, merchantId, { before, asOfSeq: seqOf(query) }, async (tx, point, coverage) => {
      const rows = await readBalances(tx, merchantId, point, { currency: query.currency })
      return showTrialBalance(rows, query.as_of ?? null, coverage)
    })
  },

  incomeStatement: (merchantId: string, query: IncomeStatementQuery): Promise<IncomeStatement> => {
    const { from, to } = requireSpan(query)
    const before = to === null ? undefined : endOf(to)
    return readAt(deps, merchantId, { before, asOfSeq: seqOf(query) }, async (tx, point, coverage) => {
      const filter = { types: ['revenue', 'expense'] as const }
      const later = await readBalances(tx, merchantId, point, filter)
      const earlier =
        from === null ? [] : await readBalances(tx, merchantId, { ...point, before: startOf(from) }, filter)
      return showIncomeStatement(movedBetween(earlier, later), { from, to }, coverage)
    })
  },

  balanceSheet: (merchantId: string, query: BalanceSheetQuery): Promise<BalanceSheet> => {
    const before = query.as_of === undefined ? undefined : endOf(query.as_of)
    return readAt(deps, merchantId, { before, asOfSeq: seqOf(query) }, async (tx, point, coverage) =>
      showBalanceSheet(await readBalances(tx, merchantId, point), query.as_of ?? null, coverage),
    )
  },

  statement: async (merchantId: string, query: StatementQuery): Promise<Statement> => {
    requireSpan(query)
    await requireSealed(deps, merchantId, seqOf(query))
    return inSnapshot(deps.db, merchantId, (tx) => readStatement(tx, merchantId, query))
  },
})

const seqOf = (query: { as_of_seq?: number | undefined }): bigint | undefined =>
  query.as_of_seq === undefined ? undefined : BigInt(query.as_of_seq)

const requireSpan = ({ from, to }: { from?: number | string | undefined; to?: number | string | undefined }) => {
  if (from !== undefined && to !== undefined && startOf(from) >= endOf(to)) {
    throw new AppError('parameter_invalid_string', { message: '`to` lies before `from`.', param: 'to' })
  }
  return { from: from ?? null, to: to ?? null }
}

/** Reads at a point, in one snapshot, and says what it covers. */
const readAt = async <T>(
  deps: Deps,
  merchantId: string,
  point: BalancePoint,
  read: (tx: Tx, point: BalancePoint, coverage: Coverage) => Promise<T>,
): Promise<T> => {
  await requireSealed(deps, merchantId, point.asOfSeq)
  return inSnapshot(deps.db, merchantId, async (tx) => {
    const isSealed = point.asOfSeq !== undefined
    const coverage = {
      headSeq: point.asOfSeq ?? (await readHeadSeq(tx, merchantId)),
      unsealed: isSealed ? 0 : await countUnsealed(tx, merchantId, point.before),
      baseCurrency: await readBaseCurrency(tx, merchantId),
    }
    return read(tx, point, coverage)
  })
}

const readStatement = async (tx: Tx, merchantId: string, query: StatementQuery): Promise<Statement> => {
  const account = await requireOneAccount(tx, merchantId, query)
  const asOfSeq = seqOf(query) ?? (await readHeadSeq(tx, merchantId))
  const scope = { merchantId, accountId: account.id, asOfSeq }
  const from = query.from === undefined ? undefined : startOf(query.from)
  const before = query.to === undefined ? undefined : endOf(query.to)
  const opening = from === undefined ? noTurnover : await readAccountTurnover(tx, scope, from)
  const after = query.starting_after === undefined ? undefined : await requirePlace(tx, scope, query.starting_after)
  const rows = await readStatementLines(tx, scope, { from, before, after, limit: query.limit + 1 })
  return showStatement({
    account,
    baseCurrency: await readBaseCurrency(tx, merchantId),
    from: query.from ?? null,
    to: query.to ?? null,
    asOfSeq,
    opening,
    closing: await readAccountTurnover(tx, scope, before),
    brought: after === undefined ? opening : await readTurnoverUpTo(tx, scope, after),
    lines: rows.slice(0, query.limit),
    hasMore: rows.length > query.limit,
  })
}

/** A statement is of one account: a code stands for several when there are several currencies or holders. */
const requireOneAccount = async (tx: Tx, merchantId: string, query: StatementQuery): Promise<AccountRow> => {
  const accounts = await findAccounts(tx, merchantId, query)
  const [account, ...others] = accounts
  if (!account) throw notFound('ledger account', query.account, 'account')
  if (others.length === 0) return account
  const param = others.some(({ currency }) => currency !== account.currency) ? 'currency' : 'holder'
  const examples = [...new Set(accounts.map((one) => one[param]))].slice(0, 3).map((value) => `'${value}'`)
  throw new AppError('parameter_missing', {
    message: `There are several accounts ${query.account}: say whose with ${param}, for example ${examples.join(' or ')}.`,
    param,
  })
}

const requirePlace = async (tx: Tx, scope: Parameters<typeof readPlace>[1], id: string) => {
  const key = parseEntryId(id)
  const place = key && (await readPlace(tx, scope, key))
  if (!place) throw notFound('line of this statement', id, 'starting_after')
  return place
}
