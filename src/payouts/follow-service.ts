import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import type { MoneyCalls, ProviderBalanceEntry, ProviderPayout } from '#providers/money.ts'
import { type AccountKey, findMirroredUntil, findOwner } from './account-repo.ts'
import { applyPayout } from './apply-service.ts'
import { claimEntries, type PayoutDeps } from './claim-service.ts'
import { isOfPayout } from './entry-postings.ts'
import { sumPayoutParts } from './entry-repo.ts'
import { listSince, openMoney, requireAnswer } from './money-service.ts'
import { takeIntoPayout } from './payout-entry-service.ts'
import {
  claimPayout,
  findParts,
  findProviderPayout,
  type PayoutRelease,
  type ProviderPayoutRow,
  releasePayout,
  wakePayout,
} from './payout-repo.ts'
import { settleAccount } from './settle-service.ts'

/** Longer than a payout's entries take to list; a crashed worker's payout comes back after it. */
const leaseMs = 5 * 60_000
/** A bank may send a payout back for about so long after it was paid. */
const mayFailMs = 14 * 86_400_000
const hourMs = 3_600_000

/** Job `payout.follow`: asks the provider how a payout stands and applies it to each merchant that has a part in it. */
export const followPayout = async (deps: PayoutDeps, id: string): Promise<void> => {
  const { maintenance } = deps.db
  const now = deps.clock.now()
  const lease = addMs(now, leaseMs)
  const row = await claimPayout(maintenance, id, now, lease)
  if (!row) return
  try {
    await releasePayout(maintenance, id, lease, await follow(deps, row))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    deps.logger.warn({ err: error, payout: row.provider_ref }, 'a payout could not be followed yet')
    // Twice as long each time, up to a day: a provider's outage, or an account that is gone.
    const waitMs = Math.min(30_000 * 2 ** Math.min(row.attempts, 12), 24 * hourMs) // exact: a time span
    const next = addMs(now, waitMs)
    await releasePayout(maintenance, id, lease, { last_error: reason.slice(0, 500), next_attempt_at: next })
  }
}

const follow = async (deps: PayoutDeps, row: ProviderPayoutRow): Promise<PayoutRelease> => {
  const account = { provider: row.provider, connection: row.connection }
  const now = deps.clock.now()
  const money = await openMoney(deps, account)
  const payout = money && requireAnswer(await money.findPayout({ payoutRef: row.provider_ref }))
  if (!money || !payout) return { last_error: 'the provider does not have this payout', next_attempt_at: null }
  if (row.state === 'unknown' && !payout.isComposed) await catchUp(deps, money, account)
  const told = await compose(deps, money, account, payout, row.composed_at !== null)
  const entries = await readOwnEntries(money, payout)
  // What it takes has become available before it: 1120 must not seem to fall below zero.
  await settleAccount(deps, { ...account, livemode: payout.livemode })
  const parts = await partsOf(deps, account, payout, told !== undefined || row.composed_at !== null)
  for (const part of parts) {
    await applyPayout(deps, { account, payout, ...part, ...(told === undefined ? {} : { told }), ...entries })
  }
  deps.queue.wake('outbox.drain', { id: newUuid() })
  const unclaimed = payout.amount - parts.reduce((sum, { amount }) => sum + amount, 0n)
  if (unclaimed !== 0n && row.unclaimed !== unclaimed)
    deps.logger.warn({ payout: payout.ref, unclaimed }, 'a part of a payout belongs to no merchant')
  return {
    state: payout.state,
    amount: payout.amount,
    currency: payout.currency,
    unclaimed,
    ...(told === undefined ? {} : { composed_at: now }),
    attempts: 0,
    last_error: null,
    next_attempt_at: nextLook(payout, told !== undefined || row.composed_at !== null, now),
  }
}

/** Until the bank cannot send it back any more, and its entries are known; news come sooner than this. */
const nextLook = (payout: ProviderPayout, isComposed: boolean, now: Date): Date | null => {
  const hasEnded = payout.state === 'failed' || payout.state === 'canceled'
  const mayChange = !hasEnded && addMs(payout.arrivalDate, mayFailMs) > now
  if (!mayChange && (isComposed || !payout.automatic)) return null
  return addMs(now, payout.state === 'paid' && isComposed ? 24 * hourMs : hourMs)
}

/**
 * Mirrors the entries that a payout took, all of them, and answers what they add up to. Undefined while the provider
 * does not tell, and when that was done before.
 */
const compose = async (
  deps: PayoutDeps,
  money: MoneyCalls,
  account: AccountKey,
  payout: ProviderPayout,
  isComposed: boolean,
): Promise<bigint | undefined> => {
  if (!payout.isComposed || isComposed) return undefined
  let told = 0n
  let cursor: string | undefined
  do {
    const page = requireAnswer(await money.listEntries({ payoutRef: payout.ref, cursor }))
    const taken = page.data.filter((entry) => !isOwn(payout, entry))
    await followReturned(deps, account, taken)
    await claimEntries(deps, account, taken, payout.ref)
    await takeIntoPayout(
      deps,
      account,
      taken.filter(({ kind }) => isOfPayout(kind)),
      payout.ref,
    )
    told += taken.reduce((sum, { net }) => sum + net, 0n)
    cursor = page.next
  } while (cursor !== undefined)
  return told
}

/** What a payout made by hand took is not told: what the account has is mirrored before, so that it does not seem to be missing. */
const catchUp = async (deps: PayoutDeps, money: MoneyCalls, account: AccountKey): Promise<void> => {
  const until = await findMirroredUntil(deps.db.maintenance, account)
  if (until === undefined) return
  for await (const entries of listSince(money, until)) await claimEntries(deps, account, entries)
}

const isOwn = (payout: ProviderPayout, entry: ProviderBalanceEntry): boolean =>
  entry.ref === payout.entryRef || (isOfPayout(entry.kind) && entry.source?.ref === payout.ref)

/** What came back of an earlier payout goes out with this one: whose it was must be known first. */
const followReturned = async (
  deps: PayoutDeps,
  account: AccountKey,
  entries: readonly ProviderBalanceEntry[],
): Promise<void> => {
  const refs = new Set(entries.flatMap(({ kind, source }) => (isOfPayout(kind) ? (source?.ref ?? []) : [])))
  for (const ref of refs) {
    const known = await findProviderPayout(deps.db.maintenance, account, ref)
    if (known?.state === 'failed' || known?.state === 'canceled') continue
    await followPayout(deps, await wakePayout(deps.db.maintenance, account, ref, deps.clock.now()))
  }
}

/** The payout's own entries say what it cost, and when it came back. */
const readOwnEntries = async (money: MoneyCalls, payout: ProviderPayout) => {
  const read = async (entryRef: string | undefined) =>
    entryRef === undefined ? undefined : requireAnswer(await money.findEntry({ entryRef }))
  const [out, back] = [await read(payout.entryRef), await read(payout.failureEntryRef)]
  return { ...(out ? { out } : {}), ...(back ? { back } : {}) }
}

interface Part {
  merchantId: string
  amount: bigint
  /** The merchant has the account for itself: what the payout costs is its own, too. */
  isWhole: boolean
}

/**
 * A payout of a merchant's own account is the merchant's. Of a shared one each has the sum of its entries in it, which
 * is known once the provider tells them; what was said of a part once stays.
 */
const partsOf = async (
  { db: { maintenance } }: PayoutDeps,
  account: AccountKey,
  payout: ProviderPayout,
  isComposed: boolean,
): Promise<Part[]> => {
  const known = await findParts(maintenance, account, payout.ref)
  const isAll = known.length === 1 && known[0]?.amount === payout.amount
  if (known.length > 0 && (isComposed || isAll)) return known.map((part) => ({ ...part, isWhole: isAll }))
  const owner = await findOwner(maintenance, account.connection)
  if (owner !== undefined) return [{ merchantId: owner, amount: payout.amount, isWhole: true }]
  if (!isComposed) return []
  const parts = await sumPayoutParts(maintenance, account, payout.ref)
  return parts.filter(({ amount }) => amount !== 0n).map((part) => ({ ...part, isWhole: false }))
}
