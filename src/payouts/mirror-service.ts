import { addMs } from '#kernel/clock.ts'
import type { MoneyCalls } from '#providers/money.ts'
import { type AccountRow, claimAccount, releaseAccount, updateAccount } from './account-repo.ts'
import { claimEntries, type PayoutDeps } from './claim-service.ts'
import { readStored } from './entry.ts'
import { nextAvailable, takeUnclaimed } from './entry-repo.ts'
import { lookBackMs, openMoney, requireAnswer } from './money-service.ts'
import { settleAccount } from './settle-service.ts'

const hourMs = 3_600_000
/** Longer than a round may take; a crashed worker's account comes back after it. */
const leaseMs = 5 * 60_000
/** Pages of one run; the next run goes on where it stopped. */
const pagesMax = 50
const unclaimedMax = 500

/**
 * Job `balance.follow`: mirrors what is new in an account, gives nobody's entries to those whose they turn out to be,
 * and books what has become available.
 */
export const followAccount = async (deps: PayoutDeps, id: string): Promise<void> => {
  const { maintenance } = deps.db
  const now = deps.clock.now()
  const lease = addMs(now, leaseMs)
  const account = await claimAccount(maintenance, id, now, lease)
  if (!account) return
  try {
    const money = await openMoney(deps, account)
    const isDone = money ? await mirror(deps, money, account) : true
    await rematch(deps, account)
    await settleAccount(deps, account)
    const next = isDone ? await nextLook(deps, account, now) : now
    await releaseAccount(maintenance, account, lease, { attempts: 0, last_error: null, next_attempt_at: next })
    if (!isDone) deps.queue.wake('balance.follow', { id })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    deps.logger.warn({ err: error, provider: account.provider }, 'an account could not be mirrored yet')
    const waitMs = Math.min(30_000 * 2 ** Math.min(account.attempts, 7), hourMs) // exact: a time span
    await releaseAccount(maintenance, account, lease, {
      attempts: account.attempts + 1,
      last_error: reason.slice(0, 500),
      next_attempt_at: addMs(now, waitMs),
    })
  }
}

/** In an hour, or as soon as something becomes available. */
const nextLook = async (deps: PayoutDeps, account: AccountRow, now: Date): Promise<Date> => {
  const hourly = addMs(now, hourMs)
  const available = await nextAvailable(deps.db.maintenance, keyOf(account), now)
  return available && available < hourly ? available : hourly
}

/** Page by page, each kept before the next is asked for. Answers whether the round is over. */
const mirror = async (deps: PayoutDeps, money: MoneyCalls, account: AccountRow): Promise<boolean> => {
  const { maintenance } = deps.db
  const startedAt = account.round_started_at ?? deps.clock.now()
  const since = addMs(account.mirrored_until, -lookBackMs)
  let cursor = account.round_cursor ?? undefined
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = requireAnswer(await money.listEntries({ since, cursor }))
    await claimEntries(deps, keyOf(account), page.data)
    cursor = page.next
    if (cursor === undefined) {
      await updateAccount(maintenance, account.id, {
        mirrored_until: startedAt,
        round_started_at: null,
        round_cursor: null,
      })
      return true
    }
    await updateAccount(maintenance, account.id, { round_started_at: startedAt, round_cursor: cursor })
  }
  return false
}

/** A charge may have been heard of after its entry. */
const rematch = async (deps: PayoutDeps, account: AccountRow): Promise<void> => {
  const key = keyOf(account)
  const rows = await takeUnclaimed(deps.db.maintenance, key, deps.clock.now(), unclaimedMax)
  for (const [payoutRef, group] of Map.groupBy(rows, (row) => row.payout_ref)) {
    await claimEntries(
      deps,
      key,
      group.map((row) => readStored(row.content)),
      payoutRef ?? undefined,
    )
  }
}

const keyOf = ({ provider, connection }: AccountRow) => ({ provider, connection })
