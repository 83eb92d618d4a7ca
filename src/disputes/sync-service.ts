import { parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { ChargeRow } from '#payments/charge-view.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { findChargeByRef, findCharges, findIntent, lockIntent, matchIntent } from '#payments/repo.ts'
import { LookupFailed, syncPayment } from '#payments/sync-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { DisputeCalls, ProviderDispute } from '#providers/disputes.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import { applyDispute, openDispute } from './apply-service.ts'
import { findDisputeByRef, findDisputeOwner, lockDispute } from './repo.ts'

/** A payment of ours, by its UUIDs. */
export interface DisputedPayment {
  merchant_id: string
  id: string
}

export interface DisputeSync {
  verdict: 'applied' | 'unchanged' | 'stale' | 'missing' | 'conflict' | 'foreign'
  reason?: string
  /** Whose it turned out to be. */
  payment?: DisputedPayment
}

type From = Omit<ProviderAccount, 'merchantId'>

/**
 * Asks the provider how a dispute stands and applies it. Whose payment it is the notice may know (`hint`); else the
 * dispute's own tags say so, its payment's, or its charge's: the news of a dispute may overtake those of the payment.
 * `owner`: whose account it is, when it is a connection; a dispute of anybody else's payment is `foreign` there.
 */
export const syncDispute = async (
  deps: PaymentDeps,
  from: From,
  disputeRef: string,
  { hint, owner }: { hint?: DisputedPayment | undefined; owner?: string | undefined } = {},
): Promise<DisputeSync> => {
  const provider = await deps.providers.open({ ...from, merchantId: hint?.merchant_id ?? owner ?? '' })
  for (let attempt = 1; ; attempt++) {
    const known = hint ?? (await findDisputeOwner(deps.db.maintenance, from.provider, disputeRef))
    const version = known && (await readVersion(deps, known.merchant_id, from.provider, disputeRef))
    const news = await lookUp(callsOf(provider), disputeRef)
    if (!news) return { verdict: 'missing' }
    const payment = known ?? (await findPayment(deps, provider, from, news))
    if (!payment || (owner !== undefined && payment.merchant_id !== owner)) return { verdict: 'foreign' }
    await learnPayment(deps, from, payment, news)
    const synced = await inTransaction(deps.db, payment.merchant_id, (tx) =>
      applyNews(tx, deps, from, payment, news, attempt < 5 ? version : 'any'),
    )
    if (synced) {
      deps.queue.wake('outbox.drain', { id: payment.id })
      return { ...synced, payment }
    }
  }
}

/** The same for a dispute that was listed: what the list says of a stranger's is enough, and nothing is fetched. */
export const syncListed = async (
  deps: PaymentDeps,
  from: From,
  listed: ProviderDispute,
  { hint, owner }: { hint: DisputedPayment | undefined; owner: string | undefined },
): Promise<DisputeSync> => {
  const provider = await deps.providers.open({ ...from, merchantId: hint?.merchant_id ?? owner ?? '' })
  const payment = hint ?? (await findPayment(deps, provider, from, listed))
  return payment ? syncDispute(deps, from, listed.ref, { hint, owner }) : { verdict: 'foreign' }
}

/** The disputes of an account; a provider without them has sent no such news. */
export const callsOf = (provider: PaymentProvider): DisputeCalls => {
  if (!provider.disputes) throw new Error(`the provider ${provider.id} has no disputes`)
  return provider.disputes
}

const readVersion = (deps: PaymentDeps, merchantId: string, provider: string, ref: string) =>
  inTransaction(deps.db, merchantId, async (tx) => (await findDisputeByRef(tx, merchantId, provider, ref))?.version)

const lookUp = async (calls: DisputeCalls, disputeRef: string): Promise<ProviderDispute | undefined> => {
  const found = await calls.find({ disputeRef })
  if (found.outcome !== 'ok') throw new LookupFailed(found.outcome === 'unknown' ? found.reason : found.decline.message)
  return found.value
}

/** Our ids, which every payment of ours carries from the start; else whatever we know of its refs. */
const findPayment = async (
  deps: PaymentDeps,
  provider: PaymentProvider,
  { provider: id }: From,
  news: ProviderDispute,
): Promise<DisputedPayment | undefined> => {
  const merchantId = news.tags.merchant === undefined ? undefined : parseId('merchant', news.tags.merchant)
  const intentId = news.tags.paymentIntent === undefined ? undefined : parseId('paymentIntent', news.tags.paymentIntent)
  if (merchantId !== undefined && intentId !== undefined) {
    const tagged = await inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, intentId))
    if (tagged) return { merchant_id: merchantId, id: intentId }
  }
  const paymentRef = news.paymentRef ?? (await paymentOf(provider, news.chargeRef))
  return paymentRef === undefined ? undefined : matchIntent(deps.db.maintenance, id, { providerRef: paymentRef })
}

const paymentOf = async (provider: PaymentProvider, chargeRef: string | undefined): Promise<string | undefined> => {
  if (chargeRef === undefined) return undefined
  const found = await provider.findCharge({ chargeRef })
  if (found.outcome !== 'ok') throw new LookupFailed('the disputed charge could not be read')
  return found.value?.paymentRef
}

/** Before a dispute is booked its payment is, which may not have been heard of yet. */
const learnPayment = async (
  deps: PaymentDeps,
  from: From,
  { merchant_id: merchantId, id }: DisputedPayment,
  news: ProviderDispute,
): Promise<void> => {
  const charge = await inTransaction(deps.db, merchantId, (tx) => findCharge(tx, merchantId, id, from.provider, news))
  if (!charge || charge.amount_captured === 0n) await syncPayment(deps, merchantId, id, news.paymentRef, from)
}

/** The charge that is named, or the one that paid. */
const findCharge = async (
  tx: Tx,
  merchantId: string,
  intentId: string,
  provider: string,
  { chargeRef }: ProviderDispute,
): Promise<ChargeRow | undefined> => {
  if (chargeRef !== undefined) return findChargeByRef(tx, merchantId, provider, chargeRef)
  const intent = await findIntent(tx, merchantId, intentId)
  if (!intent?.latest_charge_id) return undefined
  return (await findCharges(tx, merchantId, [intent.latest_charge_id]))[0]
}

/**
 * Undefined when the dispute was written since the provider was asked, and it must be asked again: nobody knows which
 * of two views that were fetched at once is the newer one.
 */
const applyNews = async (
  tx: Tx,
  deps: PaymentDeps,
  from: From,
  payment: DisputedPayment,
  news: ProviderDispute,
  version: number | undefined | 'any',
): Promise<DisputeSync | undefined> => {
  const intent = await lockIntent(tx, payment.merchant_id, payment.id)
  if (!intent) return { verdict: 'missing' }
  const before = await findLocked(tx, intent, from, news.ref)
  if (version !== 'any' && before?.version !== version) return undefined
  const charge = await findCharge(tx, intent.merchant_id, intent.id, from.provider, news)
  if (!charge) throw new LookupFailed('the disputed charge is not known yet')
  const disputed = { intent, charge, connectionId: from.connectionId }
  if (!before) return (await openDispute(tx, deps, disputed, news)) ? { verdict: 'applied' } : undefined
  const { verdict } = await applyDispute(tx, deps, disputed, before, news)
  if (verdict.kind !== 'conflict') return { verdict: verdict.kind === 'change' ? 'applied' : verdict.kind }
  deps.metrics.conflicts.inc()
  const { reason } = verdict
  deps.logger.error({ dispute: showId('dispute', before.id), reason }, 'the provider disagrees; nothing was booked')
  return { verdict: 'conflict', reason }
}

const findLocked = async (tx: Tx, intent: IntentRow, { provider }: From, ref: string) => {
  const found = await findDisputeByRef(tx, intent.merchant_id, provider, ref)
  return found && lockDispute(tx, intent.merchant_id, found.id)
}
