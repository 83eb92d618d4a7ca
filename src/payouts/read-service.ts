import type { Clock } from '#kernel/clock.ts'
import { notFound } from '#kernel/errors.ts'
import { type IdKind, parseId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import { readFunds } from './balance-service.ts'
import { showBalance } from './balance-view.ts'
import { findEntryIds } from './entry-repo.ts'
import { showEntry } from './entry-view.ts'
import { findPayout } from './payout-repo.ts'
import { showPayout } from './payout-view.ts'
import { findProviderRef, selectEntries, withSources } from './read-repo.ts'
import type { ListBalanceTransactions, ListPayouts } from './schemas.ts'

interface Deps {
  db: Database
  clock: Clock
}

/** Balance, entries and payouts, as a merchant reads them. */
export const createPayoutReadings = ({ db, clock }: Deps) => ({
  retrieveBalance: (merchantId: string, livemode: boolean) =>
    inTransaction(db, merchantId, async (tx) => showBalance(await readFunds(tx, merchantId), livemode)),

  retrieveEntry: (merchantId: string, id: string) =>
    inTransaction(db, merchantId, async (tx) => {
      const uuid = requireUuid('balanceTransaction', id, 'balance transaction')
      const rows = await selectEntries(tx, merchantId).where('id', '=', uuid).execute()
      const [entry] = await withSources(tx, merchantId, rows)
      if (!entry) throw notFound('balance transaction', id)
      return showEntry(entry, clock.now())
    }),

  listEntries: (merchantId: string, query: ListBalanceTransactions) =>
    inTransaction(db, merchantId, async (tx) => {
      let select = selectEntries(tx, merchantId)
      if (query.currency !== undefined) select = select.where('currency', '=', query.currency.toLowerCase())
      if (query.type !== undefined) select = select.where('type', '=', query.type)
      if (query.payout !== undefined)
        select = select.where('payout_ref', '=', await requirePayoutRef(tx, merchantId, query.payout))
      if (query.source !== undefined)
        select = select.where('source_ref', '=', await requireSourceRef(tx, merchantId, query.source))
      const { rows, hasMore } = await readPage(select, query, 'balanceTransaction')
      const now = clock.now()
      const data = (await withSources(tx, merchantId, rows)).map((entry) => showEntry(entry, now))
      return listAnswer('/v1/balance_transactions', data, hasMore)
    }),

  retrievePayout: (merchantId: string, id: string) =>
    inTransaction(db, merchantId, async (tx) => {
      const row = await findPayout(tx, merchantId, requireUuid('payout', id, 'payout'))
      if (!row) throw notFound('payout', id)
      return showPayout(row, await findEntryIds(tx, row))
    }),

  listPayouts: (merchantId: string, query: ListPayouts) =>
    inTransaction(db, merchantId, async (tx) => {
      let select = tx.selectFrom('payouts').selectAll().where('merchant_id', '=', merchantId)
      if (query.status !== undefined) select = select.where('status', '=', query.status)
      const { rows, hasMore } = await readPage(select, query, 'payout')
      const data = []
      for (const row of rows) data.push(showPayout(row, await findEntryIds(tx, row)))
      return listAnswer('/v1/payouts', data, hasMore)
    }),
})

const requirePayoutRef = async (tx: Tx, merchantId: string, id: string): Promise<string> => {
  const ref = await findProviderRef(tx, merchantId, 'payouts', requireUuid('payout', id, 'payout', 'payout'))
  if (ref === undefined) throw notFound('payout', id, 'payout')
  return ref
}

const sources: readonly [IdKind, 'charges' | 'refunds' | 'disputes' | 'payouts'][] = [
  ['charge', 'charges'],
  ['refund', 'refunds'],
  ['dispute', 'disputes'],
  ['payout', 'payouts'],
]

const requireSourceRef = async (tx: Tx, merchantId: string, id: string): Promise<string> => {
  for (const [kind, table] of sources) {
    const uuid = parseId(kind, id)
    const ref = uuid === undefined ? undefined : await findProviderRef(tx, merchantId, table, uuid)
    if (ref !== undefined) return ref
  }
  throw notFound('object', id, 'source')
}
