import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import {
  type AccountKey,
  bringForward,
  ensureConnectionAccounts,
  ensureOwnAccount,
  findDueAccounts,
  wakeAccount,
} from './account-repo.ts'
import type { PayoutDeps } from './claim-service.ts'
import { createConfirmations } from './confirm-service.ts'
import { countUnclaimed } from './entry-repo.ts'
import { followPayout } from './follow-service.ts'
import { followAccount } from './mirror-service.ts'
import { findDuePayouts, wakePayout } from './payout-repo.ts'
import { createPayoutReadings } from './read-service.ts'

export type PayoutService = ReturnType<typeof createPayoutService>

interface PayoutServiceDeps extends PayoutDeps {
  /** Providers that tell their account with us: those of the deployment's own accounts, and those merchants connect. */
  followed: { own: readonly string[]; connected: readonly string[] }
}

/** So long after a movement its entry is there: people look for it, and one reading serves many payments. */
const movementPauseMs = 30_000
/** So many accounts or payouts are woken by one pass. */
const dueMax = 200

export const createPayoutService = (deps: PayoutServiceDeps) => {
  const { maintenance } = deps.db
  let hasEnsuredOwn = false
  const planned = new Map<string, number>()
  const ensureAccounts = async (now: Date): Promise<void> => {
    if (!hasEnsuredOwn) {
      for (const provider of deps.followed.own) await ensureOwnAccount(maintenance, newUuid(), provider, now)
      hasEnsuredOwn = true
    }
    await ensureConnectionAccounts(maintenance, deps.followed.connected, now)
  }
  return {
    ...createPayoutReadings(deps),
    ...createConfirmations(deps),

    /** News of a payout: what became of it is fetched. */
    hear: async (account: AccountKey, payoutRef: string): Promise<void> => {
      const id = await wakePayout(maintenance, account, payoutRef, deps.clock.now())
      deps.queue.wake('payout.follow', { id })
    },

    /** News of a balance: its entries are fetched. */
    hearBalance: async (account: AccountKey): Promise<void> => {
      await ensureAccounts(deps.clock.now())
      const id = await wakeAccount(maintenance, account, deps.clock.now())
      if (id !== undefined) deps.queue.wake('balance.follow', { id })
    },

    /** Money has moved in an account: its new entries are read soon, once for all the news of that time. */
    hearMovement: async (account: AccountKey): Promise<void> => {
      const key = `${account.provider} ${account.connection}`
      const now = deps.clock.now()
      if ((planned.get(key) ?? 0) > now.getTime()) return
      const by = addMs(now, movementPauseMs)
      planned.set(key, by.getTime())
      await bringForward(maintenance, account, by)
    },

    /** Job `payout.follow`. */
    followPayout: (id: string) => followPayout(deps, id),
    /** Job `balance.follow`. */
    followAccount: (id: string) => followAccount(deps, id),

    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      await ensureAccounts(now)
      for (const { id } of await findDueAccounts(maintenance, now, dueMax))
        deps.queue.wake('balance.follow', { id }, { repeated: true })
      for (const { id } of await findDuePayouts(maintenance, now, dueMax))
        deps.queue.wake('payout.follow', { id }, { repeated: true })
      deps.metrics.unclaimedEntries.set(await countUnclaimed(maintenance))
    },
  }
}
