import { notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { PaymentProvider, ProviderPayment } from '#providers/provider.ts'
import { type PaymentDeps, saveCharges } from './apply-service.ts'
import { showCharge } from './charge-view.ts'
import { accountOf, type IntentRow } from './intent-view.ts'
import { type NewsBatches, newsAlone, type Synced } from './news-batch-service.ts'
import { isBeforeMoney } from './provider-news.ts'
import { findChargeByRef, findIntent, lockIntent } from './repo.ts'

/** The provider could not be asked; whoever wanted to know tries again later. */
export class LookupFailed extends Error {
  override name = 'LookupFailed'
}

/**
 * Asks the provider how a payment stands and applies it. The row's version is read before the question and compared
 * after it, so an answer that was overtaken by newer news is asked for again: state never goes back.
 * `paymentRef` names the provider's payment when a notification has just told us of it, `from` whose notification it was:
 * of a payment that another provider has taken meanwhile, only money is news.
 */
export const syncPayment = async (
  deps: PaymentDeps,
  merchantId: string,
  intentId: string,
  paymentRef?: string,
  from?: Omit<ProviderAccount, 'merchantId'>,
  { readIntent, writeNews }: NewsBatches = newsAlone(deps),
): Promise<Synced> => {
  for (let attempt = 1; ; attempt++) {
    const row = await readIntent(merchantId, intentId)
    if (!row) throw notFound('payment_intent', showId('paymentIntent', intentId), 'intent')
    const isElsewhere = from !== undefined && !isOf(row, from, paymentRef)
    if (isElsewhere && paymentRef === undefined) return { row, verdict: 'nothing' }
    const provider = await deps.providers.open({ ...accountOf(row), ...from })
    const look: Look = isElsewhere
      ? { payment: await findPayment(provider, paymentRef ?? '') }
      : await lookUp(provider, row, paymentRef)
    if (look.payment === undefined && look.isPageGone !== true) return { row, verdict: 'nothing' }
    const synced = await writeNews({
      merchantId,
      intentId,
      version: attempt < 5 ? row.version : null,
      payment: look.payment,
      isCurrent: look.isCurrent === true,
      elsewhere: isElsewhere ? from : undefined,
    })
    if (synced) {
      if (synced.verdict === 'change' || synced.verdict === 'conflict')
        deps.queue.wake('outbox.drain', { id: intentId })
      return synced
    }
  }
}

/** Whether news are of the account that the payment is with; a provider never gives two payments the same name. */
const isOf = (row: IntentRow, from: Omit<ProviderAccount, 'merchantId'>, paymentRef: string | undefined): boolean =>
  from.provider === row.provider &&
  (from.connectionId === row.provider_connection_id || (paymentRef !== undefined && paymentRef === row.provider_ref))

interface Look {
  payment?: ProviderPayment | undefined
  /** The page says that this is its payment. */
  isCurrent?: boolean
  isPageGone?: boolean
}

/** The page makes its own payment once the payer submits it; until we follow that one, only the page knows which. */
const lookUp = async (provider: PaymentProvider, row: IntentRow, hint: string | undefined): Promise<Look> => {
  const isFollowed = row.provider_ref !== null && (hint === undefined || hint === row.provider_ref)
  if (row.page_ref !== null && isBeforeMoney(row.status) && !(isFollowed && row.status === 'requires_action')) {
    const page = await provider.findPage({ pageRef: row.page_ref })
    if (page.outcome !== 'ok') throw new LookupFailed(page.outcome === 'unknown' ? page.reason : page.decline.message)
    if (page.value?.state === 'expired') return { isPageGone: true }
    const ref = page.value?.paymentRef
    if (ref !== undefined && (hint === undefined || hint === ref)) {
      return { payment: await findPayment(provider, ref), isCurrent: true }
    }
  }
  const ref = hint ?? row.provider_ref
  return ref === null ? {} : { payment: await findPayment(provider, ref) }
}

const findPayment = async (provider: PaymentProvider, paymentRef: string): Promise<ProviderPayment | undefined> => {
  const found = await provider.findPayment({ paymentRef })
  if (found.outcome !== 'ok') throw new LookupFailed(found.outcome === 'unknown' ? found.reason : found.decline.message)
  return found.value
}

/**
 * Writes down an attempt that the payment has already moved on from (a decline followed by a success before we
 * looked), so that every attempt is shown. It changes nothing else.
 */
export const recordAttempt = async (
  deps: PaymentDeps,
  merchantId: string,
  intentId: string,
  chargeRef: string,
): Promise<boolean> => {
  const row = await inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await findIntent(tx, merchantId, intentId)
    const isKnown = intent && (await findChargeByRef(tx, merchantId, intent.provider, chargeRef))
    return isKnown ? undefined : intent
  })
  if (!row) return false
  const provider = await deps.providers.open(accountOf(row))
  const found = await provider.findCharge({ chargeRef })
  if (found.outcome !== 'ok') throw new LookupFailed('the charge could not be read')
  const charge = found.value?.charge
  if (charge?.state !== 'failed') return false
  await inTransaction(deps.db, merchantId, async (tx) => {
    const locked = await lockIntent(tx, merchantId, intentId)
    if (!locked || (await findChargeByRef(tx, merchantId, row.provider, chargeRef))) return
    const saved = (await saveCharges(tx, [{ row: locked, charge, known: undefined }])).get(locked.id)
    if (!saved) return
    await appendEvents(tx, [
      {
        merchantId,
        type: 'charge.failed',
        objectId: saved.id,
        threadId: locked.thread_id,
        paymentIntentId: locked.id,
        object: showCharge(saved, locked),
        livemode: locked.livemode,
        createdAt: deps.clock.now(),
      },
    ])
  })
  deps.queue.wake('outbox.drain', { id: intentId })
  return true
}
