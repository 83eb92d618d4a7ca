import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderMethod } from '#providers/setups.ts'
import { changeMethod, detachMethods, findKeptByRef, lockMethod, type MethodRow } from './method-repo.ts'
import type { MethodDeps } from './method-service.ts'
import { methodUpdated, sameMethod } from './method-view.ts'

export interface MethodSync {
  verdict: 'applied' | 'unchanged' | 'missing' | 'foreign'
  /** Whose it turned out to be. */
  merchantId?: string
}

/**
 * Asks the provider how a kept method stands and follows it: a card that its network replaced, one that was changed there
 * or detached. What was kept is read before the question and compared after it, so an answer that was overtaken is asked
 * for again. `owner`: whose account it is, when it is a connection; a method of anybody else is `foreign` there.
 */
export const syncMethod = async (
  deps: MethodDeps,
  from: Omit<ProviderAccount, 'merchantId'>,
  methodRef: string,
  owner: string | undefined,
): Promise<MethodSync> => {
  for (let attempt = 1; ; attempt++) {
    const row = await findKeptByRef(deps.db.maintenance, from, methodRef)
    if (!row || (owner !== undefined && row.merchant_id !== owner)) return { verdict: 'foreign' }
    const { merchant_id: merchantId } = row
    if (row.detached_at !== null) return { verdict: 'unchanged', merchantId }
    const news = await lookUp(deps, row)
    if (!news) return { verdict: 'missing', merchantId }
    const verdict = await inTransaction(deps.db, merchantId, (tx) => apply(tx, deps, row, news, attempt < 5))
    if (!verdict) continue
    if (verdict === 'applied') deps.queue.wake('outbox.drain', { id: row.id })
    return { verdict, merchantId }
  }
}

const lookUp = async (deps: MethodDeps, row: MethodRow): Promise<ProviderMethod | undefined> => {
  const { merchant_id: merchantId, provider, provider_connection_id: connectionId } = row
  const { setups } = await deps.providers.open({ merchantId, provider, connectionId })
  if (!setups) throw new Error(`the provider ${provider} tells nothing of its methods`)
  const found = await setups.findMethod({ methodRef: row.provider_ref })
  if (found.outcome === 'ok') return found.value
  throw new Error(found.outcome === 'unknown' ? found.reason : found.decline.message)
}

/** Undefined when it was written since the provider was asked, and it must be asked again. */
const apply = async (
  tx: Tx,
  deps: MethodDeps,
  asked: MethodRow,
  news: ProviderMethod,
  mayAskAgain: boolean,
): Promise<'applied' | 'unchanged' | undefined> => {
  const now = deps.clock.now()
  const before = await lockMethod(tx, asked.merchant_id, asked.id)
  if (!before || before.detached_at !== null) return 'unchanged'
  if (mayAskAgain && !sameMethod(before.method, asked.method ?? {})) return undefined
  if (news.savedFor === undefined) {
    await detachMethods(tx, before.merchant_id, { id: before.id }, now)
    return 'applied'
  }
  if (sameMethod(before.method, news.details)) return 'unchanged'
  const after = await changeMethod(tx, before, { method: { ...before.method, ...news.details } })
  await appendEvents(tx, [methodUpdated(before, after, now)])
  return 'applied'
}
