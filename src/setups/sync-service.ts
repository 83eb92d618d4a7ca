import { notFound } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import type { ProviderSetup, SetupCalls } from '#providers/setups.ts'
import { type AppliedSetup, applySetup, type SetupDeps, withoutSetupPage } from './apply-service.ts'
import { setupCallsOf } from './calls-service.ts'
import { findSetup, lockSetup, type SetupRow, updateSetup } from './repo.ts'
import { isSetupOpen } from './setup-machine.ts'
import { accountOfSetup } from './setup-view.ts'
import { performSetup, type SetupScope } from './work-service.ts'

export interface SyncedSetup {
  row: SetupRow
  verdict: AppliedSetup['verdict'] | 'nothing'
}

/**
 * Asks the provider how a setup intent stands and applies it. The row's version is read before the question and compared
 * after it, so an answer that was overtaken is asked for again. `ref`: what a notice of `from` has just named.
 */
export const syncSetup = async (
  deps: SetupDeps,
  merchantId: string,
  id: string,
  { ref, from }: { ref?: string | undefined; from?: Omit<ProviderAccount, 'merchantId'> } = {},
): Promise<SyncedSetup> => {
  for (let attempt = 1; ; attempt++) {
    const row = await inTransaction(deps.db, merchantId, (tx) => findSetup(tx, merchantId, id))
    if (!row) throw notFound('setup_intent', showId('setupIntent', id), 'intent')
    const isElsewhere =
      from !== undefined && (from.provider !== row.provider || from.connectionId !== row.provider_connection_id)
    if (isElsewhere) return { row, verdict: 'nothing' }
    const look = await lookAt(await setupCallsOf(deps, accountOfSetup(row)), row, ref)
    if (!look.setup && !look.isPageGone) return { row, verdict: 'nothing' }
    const synced = await inTransaction(deps.db, merchantId, async (tx): Promise<SyncedSetup | undefined> => {
      const locked = await lockSetup(tx, merchantId, id)
      if (!locked || (locked.version !== row.version && attempt < 5)) return undefined
      if (look.setup) return applySetup(tx, deps, locked, look.setup)
      const isLeft = locked.page_ref === row.page_ref
      const saved = isLeft ? await updateSetup(tx, locked, withoutSetupPage(locked), deps.clock.now()) : locked
      return { row: saved, verdict: 'unchanged' }
    })
    if (!synced) continue
    if (synced.verdict === 'change') deps.queue.wake('outbox.drain', { id })
    return synced
  }
}

interface Look {
  setup?: ProviderSetup | undefined
  isPageGone?: boolean
}

/** What a page sets up is followed while the page is there; when it is over, the setup intent is free for another way. */
const lookAt = async (calls: SetupCalls, row: SetupRow, hint: string | undefined): Promise<Look> => {
  if (row.page_ref !== null && isSetupOpen(row.status)) {
    const page = known(await calls.findPage({ pageRef: row.page_ref }))
    if (page?.state === 'expired') return { isPageGone: true }
  }
  const ref = hint ?? row.provider_ref
  return ref === null ? {} : { setup: known(await calls.find({ setupRef: ref })) }
}

const known = <T>(answer: ProviderAnswer<T>): T => {
  if (answer.outcome === 'ok') return answer.value
  throw new Error(answer.outcome === 'unknown' ? answer.reason : answer.decline.message)
}

/**
 * Closes the provider's page, if one is open, so that nothing is kept by two ways. A payer who has just finished there
 * is followed instead: the caller reads how that ended.
 */
export const leaveSetupPage = async (deps: SetupDeps, { merchantId, setupIntentId }: SetupScope): Promise<void> => {
  const row = await inTransaction(deps.db, merchantId, (tx) => findSetup(tx, merchantId, setupIntentId))
  if (!row || row.page_ref === null || !isSetupOpen(row.status)) return
  const scope = { merchantId, setupIntentId, requestId: newUuid() }
  const left = await performSetup(deps, scope, 'close_page', (_tx, current) =>
    Promise.resolve(
      current.page_ref === null ? { row: current } : { row: current, command: { pageRef: current.page_ref } },
    ),
  )
  if (left.page_ref !== null) await syncSetup(deps, merchantId, setupIntentId)
}
