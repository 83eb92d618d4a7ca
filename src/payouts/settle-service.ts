import { addMs } from '#kernel/clock.ts'
import { isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { postSettled } from '#ledger/payout-rules.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { ProviderBalanceEntry } from '#providers/money.ts'
import type { AccountKey } from './account-repo.ts'
import { readFunds, tellBalance } from './balance-service.ts'
import { bookingOf, findSources, type PayoutDeps } from './claim-service.ts'
import { postingsOf } from './entry-postings.ts'
import { type EntryRow, findDueMerchants, lockDue, lockWaiting, markBooked } from './entry-repo.ts'
import { type Batch, batchesOf, batchRef } from './settlement.ts'
import { addSettlement, nextPart } from './settlement-repo.ts'

/** So many entries become available in one transaction; the rest in the next. */
const entriesMax = 2000

/** A charge of ours is heard of long before; what is still unknown then comes from elsewhere. */
const waitMs = 24 * 3_600_000

/** Books what has become available of an account, for each of its merchants. */
export const settleAccount = async (deps: PayoutDeps, account: AccountKey & { livemode: boolean }): Promise<void> => {
  const merchants = await findDueMerchants(deps.db.maintenance, account, deps.clock.now())
  for (const merchantId of merchants) {
    await identifyWaiting(deps, account, merchantId)
    for (let booked = entriesMax; booked === entriesMax; ) {
      booked = await inTransaction(deps.db, merchantId, async (tx) => {
        const before = await readFunds(tx, merchantId)
        const settled = await settleMerchant(tx, deps, account, merchantId)
        await tellBalance(tx, deps, { merchantId, livemode: account.livemode, before, ...settled })
        return settled.entries
      })
    }
    deps.queue.wake('outbox.drain', { id: newUuid() })
  }
}

interface Settled {
  readonly entries: number
  readonly items: readonly LedgerItem[]
}

/** Dr 1120 / Cr 1110 for every entry that has become available, once: its batch is written on it in the same transaction. */
const settleMerchant = async (
  tx: Tx,
  { clock }: Pick<PayoutDeps, 'clock'>,
  account: AccountKey,
  merchantId: string,
): Promise<Settled> => {
  const now = clock.now()
  const rows = await lockDue(tx, merchantId, account, now, entriesMax)
  const items: LedgerItem[] = []
  for (const batch of batchesOf(rows.map(dueOf)))
    items.push(...(await settleBatch(tx, account, merchantId, batch, now)))
  await postLedger(tx, items, now)
  return { entries: rows.length, items }
}

const settleBatch = async (
  tx: Tx,
  { provider, connection }: AccountKey,
  merchantId: string,
  batch: Batch,
  now: Date,
): Promise<LedgerItem[]> => {
  const account = { provider, connection }
  const part = await nextPart(tx, merchantId, account, batch)
  await addSettlement(tx, { merchantId, account, batch, part, now })
  const posting = postSettled({
    batchRef: batchRef(account, batch, part),
    amount: batch.amount,
    currency: batch.currency,
    effectiveAt: batch.availableOn,
    valueAt: batch.availableOn,
    refs: { provider },
  })
  return posting ? [{ merchantId, posting, paymentIntentId: null, refundId: null, threadId: null }] : []
}

const dueOf = (row: EntryRow) => ({
  id: row.id,
  currency: currencyOf(row.currency),
  net: row.net,
  availableOn: row.available_on,
})

/**
 * Looks again for what entries come from. Those whose charge, refund or dispute is still unknown a day after they were
 * made come from outside: the merchant uses the account for other things as well. They are booked against 2090.
 */
const identifyWaiting = async (deps: PayoutDeps, account: AccountKey, merchantId: string): Promise<void> => {
  const key = { provider: account.provider, connection: account.connection }
  for (let looked = entriesMax; looked === entriesMax; ) {
    const now = deps.clock.now()
    const seen = await inTransaction(deps.db, merchantId, (tx) => lockWaiting(tx, merchantId, key, entriesMax))
    const sources = await findSources(deps, key, seen.map(entryOf))
    const changed = await inTransaction(deps.db, merchantId, async (tx) => {
      const rows = await lockWaiting(tx, merchantId, key, entriesMax)
      const judged = rows.map((row) => {
        const entry = entryOf(row)
        const found = sources.of(entry)
        const source = found?.merchantId === merchantId ? found : undefined
        const booking = bookingOf(key, { entry, merchantId, source }, sources)
        const isForeign = booking.booked === 'waiting' && addMs(row.created_at, waitMs) <= now
        return isForeign
          ? { row, booked: 'here' as const, items: foreignItems(key, merchantId, entry) }
          : { row, ...booking }
      })
      await postLedger(
        tx,
        judged.flatMap(({ items }) => items),
        now,
      )
      for (const booked of ['elsewhere', 'here'] as const)
        await markBooked(
          tx,
          merchantId,
          judged.filter((one) => one.booked === booked).map(({ row }) => row.id),
          booked,
        )
      return judged.filter(({ booked }) => booked !== 'waiting').length
    })
    looked = changed === 0 ? 0 : seen.length
  }
}

const foreignItems = ({ provider }: AccountKey, merchantId: string, entry: ProviderBalanceEntry): LedgerItem[] =>
  postingsOf({ ...entry, kind: 'other', provider, sourceRef: entry.source?.ref ?? null }).map((posting) => ({
    merchantId,
    posting,
    paymentIntentId: null,
    refundId: null,
    threadId: null,
  }))

/** A row as the entry that it mirrors. */
const entryOf = (row: EntryRow): ProviderBalanceEntry => ({
  ref: row.provider_ref,
  kind: row.kind,
  type: row.type,
  category: row.reporting_category,
  amount: row.amount,
  fee: row.fee,
  ...(row.application_fee === 0n ? {} : { applicationFee: row.application_fee }),
  net: row.net,
  currency: currencyOf(row.currency),
  ...(row.source_ref === null
    ? {}
    : {
        source: {
          kind: row.source_kind ?? 'other',
          ref: row.source_ref,
          ...(row.charge_ref === null ? {} : { chargeRef: row.charge_ref }),
          tags: {},
        },
      }),
  availableOn: row.available_on,
  createdAt: row.created_at,
  status: 'available',
})

const currencyOf = (currency: string) => {
  if (!isCurrency(currency)) throw new Error(`unknown currency ${currency}`)
  return currency
}
