import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { DisputeCalls, ProviderDispute } from '#providers/disputes.ts'
import { factsOf } from './apply-service.ts'
import { judgeDispute } from './dispute-machine.ts'
import {
  claimLook,
  ensureConnectionLooks,
  ensureOwnLook,
  findDueLooks,
  findKnown,
  findLookOwner,
  type LookRow,
  updateLook,
} from './look-repo.ts'
import { firstLook, lookEveryMs, lookPauseMs, lookSince } from './look-rules.ts'
import { syncListed } from './sync-service.ts'

/** Longer than a round may take; a crashed worker's account comes back after it. */
const leaseMs = 5 * 60_000
/** Pages of one run; the next run goes on where it stopped. */
const pagesMax = 20
/** So many accounts are woken by one pass. */
const dueMax = 100
/** New connections are looked for this often; their first look is an hour away anyway. */
const ensureEveryMs = 10 * 60_000

/** Finds disputes whose news never came: every account's are listed now and then. */
export const createLooks = (deps: PaymentDeps) => {
  const { maintenance } = deps.db
  let ensuredAt = Number.NEGATIVE_INFINITY
  const ensure = async (now: Date): Promise<void> => {
    if (now.getTime() - ensuredAt < ensureEveryMs) return
    const next = addMs(now, lookEveryMs)
    const providers = deps.providers.routable()
    const fresh = { looked_until: firstLook(now), next_attempt_at: next, created_at: now }
    for (const provider of providers)
      if (deps.providers.hasOwn(provider)) await ensureOwnLook(maintenance, { id: newUuid(), provider, ...fresh })
    await ensureConnectionLooks(maintenance, providers, { now, next })
    ensuredAt = now.getTime()
  }
  return {
    /** Job `dispute.look`: lists what an account has had of disputes since the last look, and fetches what is news to us. */
    look: (id: string) => lookAt(deps, id),

    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      await ensure(now)
      for (const { id } of await findDueLooks(maintenance, now, dueMax))
        deps.queue.wake('dispute.look', { id }, { repeated: true })
    },
  }
}

const lookAt = async (deps: PaymentDeps, id: string): Promise<void> => {
  const { maintenance } = deps.db
  const now = deps.clock.now()
  const look = await claimLook(maintenance, id, now, addMs(now, leaseMs))
  if (!look) return
  try {
    const isDone = await goThrough(deps, look)
    await updateLook(maintenance, id, {
      attempts: 0,
      last_error: null,
      next_attempt_at: isDone ? addMs(now, lookEveryMs) : now,
    })
    if (!isDone) deps.queue.wake('dispute.look', { id })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    deps.logger.warn({ err: error, provider: look.provider }, 'the disputes of an account could not be listed yet')
    await updateLook(maintenance, id, {
      attempts: look.attempts + 1,
      last_error: reason.slice(0, 500),
      next_attempt_at: addMs(now, lookPauseMs(look.attempts)),
    })
  }
}

/** Page by page, each worked off before the next is asked for. Answers whether the round is over. */
const goThrough = async (deps: PaymentDeps, look: LookRow): Promise<boolean> => {
  const { maintenance } = deps.db
  const startedAt = look.round_started_at ?? deps.clock.now()
  const since = lookSince({ lookedUntil: look.looked_until, startedAt })
  const source = await openSource(deps, look)
  let cursor = look.round_cursor ?? undefined
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = source.calls ? await readPage(source.calls, since, cursor) : { data: [] }
    await workOff(deps, source, page.data)
    cursor = page.next
    if (cursor === undefined) {
      await updateLook(maintenance, look.id, { looked_until: startedAt, round_started_at: null, round_cursor: null })
      return true
    }
    await updateLook(maintenance, look.id, { round_started_at: startedAt, round_cursor: cursor })
  }
  return false
}

interface Source {
  from: { provider: string; connectionId: string | null }
  /** Whose it is, when it is a connection. */
  owner: string | undefined
  /** Undefined where the provider has no disputes. */
  calls: DisputeCalls | undefined
}

const openSource = async (deps: PaymentDeps, { provider, connection }: LookRow): Promise<Source> => {
  const owner = await findLookOwner(deps.db.maintenance, connection)
  const from = { provider, connectionId: connection === '' ? null : connection }
  const { disputes } = await deps.providers.open({ ...from, merchantId: owner ?? '' })
  return { from, owner, calls: disputes }
}

const readPage = async (calls: DisputeCalls, since: Date, cursor: string | undefined) => {
  const page = await calls.list({ since, cursor })
  if (page.outcome === 'ok') return page.value
  throw new Error(page.outcome === 'unknown' ? page.reason : page.decline.message)
}

/** The list only says which to fetch: what we have as it is, and what is nobody's of ours, costs no call. */
const workOff = async (
  deps: PaymentDeps,
  { from, owner }: Source,
  listed: readonly ProviderDispute[],
): Promise<void> => {
  const refs = listed.map(({ ref }) => ref)
  const known = new Map(
    (await findKnown(deps.db.maintenance, from.provider, refs)).map((one) => [one.row.provider_ref, one] as const),
  )
  for (const news of listed) {
    const ours = known.get(news.ref)
    if (ours && judgeDispute(factsOf(ours.row, ours.movements), news).kind !== 'change') continue
    const hint = ours && { merchant_id: ours.row.merchant_id, id: ours.row.payment_intent_id }
    const { verdict } = await syncListed(deps, from, news, { hint, owner })
    if (verdict === 'applied')
      deps.logger.warn({ provider: from.provider, dispute: news.ref }, 'found news of a dispute that nobody had told')
  }
}
