import type { Insertable } from 'kysely'
import { addMs, type Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Money } from '#kernel/money.ts'
import { oneLine } from '#ledger/posting.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { BalanceTransactionsTable } from '#platform/tables-payouts.ts'
import type { Providers } from '#providers/accounts.ts'
import type { ProviderBalanceEntry } from '#providers/money.ts'
import { type AccountKey, findOwner } from './account-repo.ts'
import { storeEntry } from './entry.ts'
import { isOfPayout, isOfSale, isOfSource, postingsBeside, postingsOf, postingsOfSale } from './entry-postings.ts'
import {
  findCharges,
  findClaimed,
  findRefundAmounts,
  forgetUnclaimed,
  insertEntries,
  type KnownCharge,
  keepUnclaimed,
  putInPayout,
} from './entry-repo.ts'
import { ensurePayouts } from './payout-repo.ts'

/** What following the money is built from. */
export interface PayoutDeps {
  db: Database
  clock: Clock
  queue: JobQueue
  logger: Logger
  metrics: Metrics
  providers: Providers
}

/**
 * Gives entries to their merchants: of a connection to its merchant; of the deployment's own account to whose charge
 * they come from, or to the only merchant there is. What is nobody's is kept aside. New entries are booked with it, as
 * far as nobody else books them. Any entry may come any number of times. `payoutRef`: the payout that took them.
 */
export const claimEntries = async (
  deps: PayoutDeps,
  account: AccountKey,
  entries: readonly ProviderBalanceEntry[],
  payoutRef?: string,
): Promise<void> => {
  const { maintenance } = deps.db
  const now = deps.clock.now()
  const payouts = entries.filter(({ kind }) => isOfPayout(kind))
  await ensurePayouts(maintenance, account, [...new Set(payouts.flatMap(({ source }) => source?.ref ?? []))], now)
  // Newest first as they come; within a second only their order tells which was earlier.
  const plain = entries
    .filter(({ kind }) => !isOfPayout(kind))
    .reverse()
    .sort(byTime)
  const sources = await findSources(deps, account, plain)
  const claimed = await findClaimed(
    maintenance,
    account,
    plain.map(({ ref }) => ref),
  )
  const owner = await findOwner(maintenance, account.connection)
  const own = plain.flatMap((entry) => {
    const source = sources.of(entry)
    const isForeign = account.connection !== '' && source !== undefined && source.merchantId !== owner
    const merchantId = claimed.get(entry.ref) ?? (isForeign ? owner : (source?.merchantId ?? owner))
    return merchantId === undefined ? [] : [{ entry, merchantId, source: isForeign ? undefined : source }]
  })
  await insertClaimed(deps, account, own, payoutRef, sources)
  const ownRefs = new Set(own.map(({ entry }) => entry.ref))
  await forgetUnclaimed(maintenance, account, [...ownRefs])
  const nobodys = plain.filter(({ ref }) => !ownRefs.has(ref))
  const fresh = await keepUnclaimed(
    maintenance,
    nobodys.map((entry) => ({
      id: newUuid(),
      ...account,
      provider_ref: entry.ref,
      content: storeEntry(entry),
      currency: entry.currency,
      net: entry.net,
      payout_ref: payoutRef ?? null,
      next_attempt_at: addMs(now, 3_600_000),
      created_at: entry.createdAt,
    })),
  )
  if (fresh > 0) deps.logger.warn({ ...account, entries: fresh }, 'balance entries belong to no merchant')
}

const byTime = (a: ProviderBalanceEntry, b: ProviderBalanceEntry): number =>
  a.createdAt.getTime() - b.createdAt.getTime()

interface Claimed {
  readonly entry: ProviderBalanceEntry
  readonly merchantId: string
  readonly source: KnownCharge | undefined
}

const insertClaimed = async (
  deps: PayoutDeps,
  account: AccountKey,
  claimed: readonly Claimed[],
  payoutRef: string | undefined,
  sources: Sources,
): Promise<void> => {
  if (claimed.length === 0) return
  const now = deps.clock.now()
  const prepared = claimed.map((one) => {
    const booking = bookingOf(account, one, sources)
    return { ...booking, row: rowOf(account, one, booking.booked, payoutRef) }
  })
  await inTransaction(
    deps.db,
    claimed.map(({ merchantId }) => merchantId),
    async (tx) => {
      const fresh = await insertEntries(
        tx,
        prepared.map(({ row }) => row),
      )
      const items = prepared.flatMap(({ row, items }) => (fresh.has(row.id) ? items : []))
      await postLedger(tx, items, now)
      if (payoutRef !== undefined)
        await putInPayout(
          tx,
          account,
          claimed.map(({ entry }) => entry.ref),
          payoutRef,
        )
    },
  )
}

const rowOf = (
  account: AccountKey,
  { entry, merchantId }: Claimed,
  booked: 'elsewhere' | 'here' | 'waiting',
  payoutRef: string | undefined,
) =>
  ({
    merchant_id: merchantId,
    id: newUuid(),
    ...account,
    provider_ref: entry.ref,
    kind: entry.kind,
    type: entry.type,
    reporting_category: entry.category,
    amount: entry.amount,
    fee: entry.fee,
    application_fee: entry.applicationFee ?? 0n,
    net: entry.net,
    currency: entry.currency,
    description: entry.description === undefined ? null : oneLine(entry.description),
    source_kind: entry.source?.kind ?? null,
    source_ref: entry.source?.ref ?? null,
    charge_ref: entry.source?.chargeRef ?? null,
    booked,
    available_on: entry.availableOn,
    payout_ref: payoutRef ?? null,
    created_at: entry.createdAt,
  }) satisfies Insertable<BalanceTransactionsTable>

/** How an entry gets into the books, and what of that is ours to book. */
export const bookingOf = (
  account: AccountKey,
  { entry, merchantId, source }: Claimed,
  sources: Sources,
): { booked: 'elsewhere' | 'here' | 'waiting'; items: LedgerItem[] } => {
  const bookable = { ...entry, provider: account.provider, sourceRef: entry.source?.ref ?? null }
  const itemOf = (posting: LedgerItem['posting']): LedgerItem => ({
    merchantId,
    posting,
    paymentIntentId: source?.paymentIntentId ?? null,
    refundId: null,
    threadId: source?.threadId ?? null,
  })
  if (isOfSale(entry.kind)) {
    const isKnown = source && source.seller !== null && source.currency === entry.currency
    // Belongs to a sale of ours; by itself (`here`) it would be one that nobody has identified.
    return isKnown
      ? { booked: 'elsewhere', items: postingsOfSale(bookable, source.seller).map(itemOf) }
      : { booked: 'waiting', items: [] }
  }
  if (!isOfSource(entry.kind)) return { booked: 'here', items: postingsOf(bookable).map(itemOf) }
  if (!source) return { booked: 'waiting', items: [] }
  const amount = sources.amountOf(entry, source)
  if (amount === 'unknown') return { booked: 'waiting', items: [] }
  return { booked: 'elsewhere', items: postingsBeside(bookable, amount).map(itemOf) }
}

export interface Sources {
  /** The charge that an entry comes from, where it is ours. */
  of(entry: Pick<ProviderBalanceEntry, 'source'>): KnownCharge | undefined
  /** What was converted, in the payer's currency; undefined when nothing was, unknown while nobody can tell. */
  amountOf(
    entry: Pick<ProviderBalanceEntry, 'kind' | 'amount' | 'currency' | 'source'>,
    charge: KnownCharge,
  ): Money | undefined | 'unknown'
}

/** What is known of the charges and refunds behind entries. */
export const findSources = async (
  { db: { maintenance } }: Pick<PayoutDeps, 'db'>,
  account: AccountKey,
  entries: readonly Pick<ProviderBalanceEntry, 'source'>[],
): Promise<Sources> => {
  const refs = (kind: 'charge' | 'refund') =>
    entries.flatMap(({ source }) =>
      kind === 'charge' ? (source?.chargeRef ?? []) : source?.kind === kind ? source.ref : [],
    )
  const charges = await findCharges(maintenance, account, [...new Set(refs('charge'))])
  const refunds = await findRefundAmounts(maintenance, account.provider, [...new Set(refs('refund'))])
  return {
    of: ({ source }) => charges.get(source?.chargeRef ?? ''),
    amountOf: ({ kind, amount, currency, source }, charge) => {
      // What a dispute moves is booked in the currency of the balance already.
      const isOfDispute = kind === 'dispute' || kind === 'dispute_reversal'
      if (currency === charge.currency || isOfDispute) return undefined
      const refund = refunds.get(source?.ref ?? '')
      if (kind === 'charge' && amount > 0n && charge.amountCaptured > 0n)
        return { amount: charge.amountCaptured, currency: charge.currency }
      if (kind === 'transfer') return convertedOf(charge, charge.transferred === null ? null : -charge.transferred)
      if (kind === 'application_fee') return convertedOf(charge, charge.applicationFee)
      if (kind === 'refund' && refund !== undefined) return { amount: -refund, currency: charge.currency }
      return 'unknown'
    },
  }
}

const convertedOf = ({ currency }: KnownCharge, amount: bigint | null): Money | 'unknown' =>
  amount === null ? 'unknown' : { amount, currency }
