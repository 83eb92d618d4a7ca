import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import type { Secrets } from '#platform/crypto.ts'
import { type Database, inSnapshot, inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, type Page, readPage, requireUuid } from '#platform/listing.ts'
import { type AccountChoice, findAccounts, readBaseCurrency, selectAccounts } from './account-repo.ts'
import { noTurnover } from './balance-movements.ts'
import { endOf } from './balance-points.ts'
import { type BalancePoint, readBalances } from './balance-repo.ts'
import { createBalanceReadings, requireSealed } from './balance-service.ts'
import { type EntryKey, type JournalFilter, readEntryPage, readLines, selectTransactions } from './journal-repo.ts'
import { parseEntryId, showAccount, showEntry, showTransaction } from './ledger-view.ts'
import type {
  Account,
  AccountListQuery,
  AccountQuery,
  Entry,
  EntryListQuery,
  LedgerTransaction,
  TransactionListQuery,
} from './schemas.ts'
import { createSealReadings } from './seal-reading-service.ts'
import type { Sealer } from './seal-service.ts'

export type LedgerService = ReturnType<typeof createLedgerService>

interface LedgerDeps {
  db: Database
  clock: Clock
  secrets: Secrets
  sealer: Sealer
}

export const createLedgerService = (deps: LedgerDeps) => {
  const { db } = deps
  return {
    ...createBalanceReadings(deps),
    ...createSealReadings(deps),

    listAccounts: async (merchantId: string, query: AccountListQuery): Promise<Page<Account>> => {
      const point = pointOf(query)
      await requireSealed(deps, merchantId, point.asOfSeq)
      return inSnapshot(db, merchantId, (tx) => listAccounts(tx, merchantId, query, point))
    },

    retrieveAccount: async (merchantId: string, id: string, query: AccountQuery): Promise<Account> => {
      const point = pointOf(query)
      await requireSealed(deps, merchantId, point.asOfSeq)
      return inSnapshot(db, merchantId, async (tx) => {
        const uuid = requireUuid('ledgerAccount', id, 'ledger account')
        const row = await selectAccounts(tx, merchantId).where('id', '=', uuid).executeTakeFirst()
        if (!row) throw notFound('ledger account', id)
        const [turnover = noTurnover] = await readBalances(tx, merchantId, point, { accountIds: [uuid] })
        return showAccount(row, turnover, await readBaseCurrency(tx, merchantId), askedOf(query))
      })
    },

    listTransactions: (merchantId: string, query: TransactionListQuery): Promise<Page<LedgerTransaction>> =>
      inTransaction(db, merchantId, (tx) => listTransactions(tx, merchantId, query)),

    retrieveTransaction: (merchantId: string, id: string): Promise<LedgerTransaction> =>
      inTransaction(db, merchantId, async (tx) => {
        const uuid = requireUuid('ledgerTransaction', id, 'ledger transaction')
        const row = await selectTransactions(tx, merchantId).where('id', '=', uuid).executeTakeFirst()
        if (!row) throw notFound('ledger transaction', id)
        return showTransaction(row, await readLines(tx, merchantId, [uuid]))
      }),

    listEntries: (merchantId: string, query: EntryListQuery): Promise<Page<Entry>> =>
      inTransaction(db, merchantId, (tx) => listEntries(tx, merchantId, query)),
  }
}

const pointOf = (query: AccountQuery): BalancePoint => ({
  before: query.as_of === undefined ? undefined : endOf(query.as_of),
  asOfSeq: query.as_of_seq === undefined ? undefined : BigInt(query.as_of_seq),
})

const askedOf = (query: AccountQuery) => ({ asOf: query.as_of ?? null, asOfSeq: query.as_of_seq ?? null })

const listAccounts = async (
  tx: Tx,
  merchantId: string,
  query: AccountListQuery,
  point: BalancePoint,
): Promise<Page<Account>> => {
  let select = selectAccounts(tx, merchantId)
  if (query.currency !== undefined) select = select.where('currency', '=', query.currency)
  if (query.holder !== undefined) select = select.where('holder', '=', query.holder)
  const { rows, hasMore } = await readPage(select, query, 'ledgerAccount')
  const accountIds = rows.map((row) => row.id)
  const balances = new Map((await readBalances(tx, merchantId, point, { accountIds })).map((row) => [row.id, row]))
  const base = await readBaseCurrency(tx, merchantId)
  const data = rows.map((row) => showAccount(row, balances.get(row.id) ?? noTurnover, base, askedOf(query)))
  return listAnswer('/v1/ledger/accounts', data, hasMore)
}

const listTransactions = async (
  tx: Tx,
  merchantId: string,
  query: TransactionListQuery,
): Promise<Page<LedgerTransaction>> => {
  let select = selectTransactions(tx, merchantId)
  if (query.kind !== undefined) select = select.where('kind', '=', query.kind)
  if (query.payment_intent !== undefined) {
    const intent = requireUuid('paymentIntent', query.payment_intent, 'payment intent', 'payment_intent')
    select = select.where('payment_intent_id', '=', intent)
  }
  const { rows, hasMore } = await readPage(select, query, 'ledgerTransaction')
  const ids = rows.map((row) => row.id)
  const lines = Map.groupBy(await readLines(tx, merchantId, ids), (line) => line.transaction_id)
  const data = rows.map((row) => showTransaction(row, lines.get(row.id) ?? []))
  return listAnswer('/v1/ledger/transactions', data, hasMore)
}

const listEntries = async (tx: Tx, merchantId: string, query: EntryListQuery): Promise<Page<Entry>> => {
  if (query.starting_after !== undefined && query.ending_before !== undefined) {
    throw new AppError('parameters_exclusive', {
      message: 'Send starting_after or ending_before, not both.',
      param: 'ending_before',
    })
  }
  const { account, holder, payment_intent: intent, transaction } = query
  const filter: JournalFilter = {
    currency: query.currency,
    accountIds: account || holder ? await requireAccounts(tx, merchantId, { account, holder }) : undefined,
    paymentIntentId: intent && requireUuid('paymentIntent', intent, 'payment intent', 'payment_intent'),
    transactionIds: transaction === undefined ? undefined : [requireTransaction(transaction)],
  }
  const { rows, hasMore } = await readEntryPage(tx, merchantId, filter, {
    limit: query.limit,
    after: requireEntry(query.starting_after, 'starting_after'),
    before: requireEntry(query.ending_before, 'ending_before'),
  })
  return listAnswer('/v1/ledger/entries', rows.map(showEntry), hasMore)
}

const requireTransaction = (id: string): string =>
  requireUuid('ledgerTransaction', id, 'ledger transaction', 'transaction')

const requireEntry = (id: string | undefined, param: string): EntryKey | undefined => {
  if (id === undefined) return undefined
  const key = parseEntryId(id)
  if (!key) throw notFound('ledger entry', id, param)
  return key
}

/** The accounts that are meant; 404 names the parameter that none has. */
const requireAccounts = async (tx: Tx, merchantId: string, choice: AccountChoice): Promise<string[]> => {
  const rows = await findAccounts(tx, merchantId, choice)
  if (rows.length > 0) return rows.map((row) => row.id)
  throw choice.account === undefined
    ? notFound('holder', choice.holder ?? '', 'holder')
    : notFound('ledger account', choice.account, 'account')
}
