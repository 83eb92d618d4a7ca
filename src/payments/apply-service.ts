import type { Channels } from '#channels/channel.ts'
import type { Clock } from '#kernel/clock.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { readCaptured } from '#ledger/captured-repo.ts'
import { postLedger } from '#ledger/repo.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Database, Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { Providers } from '#providers/accounts.ts'
import type { ProviderCharge, ProviderDecline, ProviderPayment } from '#providers/provider.ts'
import { feesOf, keptFees, keptMethod } from './charge-facts.ts'
import { type ChargeRow, showCharge } from './charge-view.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import { moneyPostings } from './money-postings.ts'
import { findPendingAmount } from './operation-repo.ts'
import { withKeptMethod } from './payer-service.ts'
import { type MoneyFact, type NewsVerdict, readNews } from './provider-news.ts'
import { findChargeByRef, type IntentChange, updateIntent, upsertCharge } from './repo.ts'
import type { VetoSources } from './veto-service.ts'

/** What payments and refunds are built from. */
export interface PaymentDeps {
  db: Database
  clock: Clock
  queue: JobQueue
  providers: Providers
  secrets: Secrets
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
  logger: Logger
  metrics: Metrics
  /** What chat platforms can do, some of which take money that no provider takes. */
  channels?: Channels
  /** Who is asked before a charge; absent: nobody. */
  vetoes?: VetoSources
}

type Change = Extract<NewsVerdict, { kind: 'change' }>

export interface Applied {
  row: IntentRow
  verdict: NewsVerdict
}

/** What the caller knows of the news besides (`IntentFacts`). */
interface Knowledge {
  isCurrent?: boolean
  isElsewhere?: boolean
  cancellationReason?: string | undefined
}

/**
 * Brings a locked payment intent to the provider's view: row, attempt, ledger and events in the caller's transaction.
 * Running it twice with the same view changes nothing the second time.
 */
export const applyPayment = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  payment: ProviderPayment,
  { cancellationReason, isCurrent = false, isElsewhere = false }: Knowledge = {},
): Promise<Applied> => {
  const now = deps.clock.now()
  const known = payment.charge && (await findChargeByRef(tx, row.merchant_id, row.provider, payment.charge.ref))
  const amountPending = await findPendingAmount(tx, row.merchant_id, row.id)
  const verdict = readNews(
    { ...factsOf(row, amountPending), isCurrent, isElsewhere },
    known && chargeFacts(known),
    payment,
  )
  if (verdict.kind === 'conflict') return { row: await keepConflict(tx, deps, row, verdict.reason), verdict }
  if (verdict.kind === 'stale') return { row, verdict }
  if (verdict.kind === 'abandoned') return { row: await updateIntent(tx, row, withoutPage(row), now), verdict }
  if (verdict.kind === 'unchanged') {
    const isNew = row.provider_ref === null
    return { row: isNew ? await updateIntent(tx, row, { provider_ref: payment.ref }, now) : row, verdict }
  }
  const charge = payment.charge && (await saveCharge(tx, row, payment.charge, known))
  const named = await withKeptMethod(tx, deps, row, payment)
  const saved = await updateIntent(tx, row, changeOf(row, verdict, named, charge, cancellationReason, deps), now)
  await book(tx, saved, verdict.money, payment.charge, now)
  await appendEvents(tx, eventsOf(deps, row, saved, verdict, charge, now))
  return { row: saved, verdict }
}

const factsOf = (row: IntentRow, amountPending: bigint | undefined) => ({
  status: row.status,
  captureMethod: row.capture_method,
  amount: row.amount,
  currency: row.currency,
  amountAuthorized: row.amount_authorized,
  amountCaptured: row.amount_captured,
  providerRef: row.provider_ref,
  amountPending,
  hasPage: row.page_ref !== null,
})

const chargeFacts = (row: ChargeRow) => ({
  status: row.status,
  amount: row.amount,
  amountCaptured: row.amount_captured,
  captured: row.captured,
  feeRefs: feesOf(row).map(({ ref }) => ref),
})

const changeOf = (
  row: IntentRow,
  verdict: Change,
  payment: ProviderPayment,
  charge: ChargeRow | undefined,
  cancellationReason: string | undefined,
  deps: PaymentDeps,
): IntentChange => {
  const isCanceled = verdict.status === 'canceled'
  const hasFailed = verdict.status === 'requires_payment_method' && payment.decline !== undefined
  const returnUrl = row.return_url ?? `${intentLinks(deps, row).checkoutUrl}?returned=1`
  return {
    status: verdict.status,
    amount: verdict.amount,
    amount_authorized: verdict.amountAuthorized,
    amount_capturable: verdict.amountCapturable,
    amount_captured: verdict.amountCaptured,
    provider_ref: payment.ref,
    // A failed method cannot be used again; Stripe clears it too.
    payment_method: hasFailed ? null : (payment.methodRef ?? row.payment_method),
    next_action:
      verdict.status === 'requires_action' && payment.actionUrl !== undefined
        ? { type: 'redirect_to_url', redirect_to_url: { url: payment.actionUrl, return_url: returnUrl } }
        : null,
    ...(payment.decline && hasFailed
      ? { last_payment_error: showDecline(payment.decline, charge, deps.publicUrl) }
      : {}),
    ...(verdict.status === 'succeeded' || verdict.status === 'requires_capture' ? { last_payment_error: null } : {}),
    ...(charge ? { latest_charge_id: charge.id } : {}),
    ...(isCanceled
      ? {
          canceled_at: row.canceled_at ?? deps.clock.now(),
          cancellation_reason: cancellationReason ?? payment.canceledReason ?? null,
        }
      : {}),
  }
}

/** Leaves the hosted page, and the provider's payment that came of it, behind: the next attempt makes new ones. */
export const withoutPage = (row: IntentRow): IntentChange => ({
  page_ref: null,
  page_url: null,
  page_handover: null,
  page_expires_at: null,
  provider_ref: null,
  next_action: null,
  ...(row.status === 'requires_action' ? { status: 'requires_payment_method' as const } : {}),
})

/** Stripe's error object of a declined attempt. */
export const showDecline = (
  decline: ProviderDecline,
  charge: ChargeRow | undefined,
  publicUrl: string,
): Record<string, unknown> => ({
  type: 'card_error',
  code: decline.code,
  message: decline.message,
  doc_url: `${publicUrl}/docs/errors/${decline.code}`,
  ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
  ...(charge === undefined ? {} : { charge: showId('charge', charge.id) }),
})

/** The ledger's transactions of what happened to money. A later capture falls on what earlier ones left of the order. */
const book = async (
  tx: Tx,
  row: IntentRow,
  facts: readonly MoneyFact[],
  charge: ProviderCharge | undefined,
  now: Date,
): Promise<void> => {
  if (!charge || facts.length === 0) return
  const isFurther = facts.some((fact) => fact.kind === 'captured' && fact.before > 0n)
  const currency = row.currency as ProviderPayment['currency']
  const payment = { merchantId: row.merchant_id, paymentIntentId: row.id, currency }
  const booked = isFurther ? await readCaptured(tx, payment) : undefined
  await postLedger(tx, moneyPostings(row, facts, charge, { now, booked }), now)
}

export const saveCharge = (
  tx: Tx,
  row: IntentRow,
  charge: ProviderCharge,
  known: ChargeRow | undefined,
): Promise<ChargeRow> =>
  upsertCharge(tx, {
    merchant_id: row.merchant_id,
    id: known?.id ?? newUuid(),
    payment_intent_id: row.id,
    status: charge.state,
    amount: charge.amount,
    amount_captured: charge.amountCaptured,
    amount_refunded: 0n,
    currency: row.currency,
    captured: charge.captured,
    failure_code: charge.decline?.code ?? null,
    failure_message: charge.decline?.message ?? null,
    decline_code: charge.decline?.declineCode ?? null,
    method: keptMethod(charge),
    provider: row.provider,
    provider_ref: charge.ref,
    fee: keptFees(known, charge),
    created_at: charge.createdAt,
  })

const eventsOf = (
  deps: PaymentDeps,
  before: IntentRow,
  row: IntentRow,
  verdict: Change,
  charge: ChargeRow | undefined,
  now: Date,
) => {
  const common = {
    merchantId: row.merchant_id,
    threadId: row.thread_id,
    paymentIntentId: row.id,
    livemode: row.livemode,
    createdAt: now,
  }
  const intent = showIntent(row, intentLinks(deps, row))
  const previousAttributes = before.status === row.status ? {} : { status: before.status }
  return [
    ...verdict.chargeEvents.flatMap((type) =>
      charge ? [{ ...common, type, objectId: charge.id, object: showCharge(charge, row) }] : [],
    ),
    ...verdict.intentEvents.map((type) => ({ ...common, type, objectId: row.id, object: intent, previousAttributes })),
  ]
}

/** A difference that a person must look at: written down once, alarmed, never booked. */
const keepConflict = async (tx: Tx, deps: PaymentDeps, row: IntentRow, reason: string): Promise<IntentRow> => {
  if (row.conflict === reason) return row
  deps.metrics.conflicts.inc()
  deps.logger.error(
    { payment_intent: showId('paymentIntent', row.id), reason },
    'the provider disagrees; nothing was booked',
  )
  const now = deps.clock.now()
  const saved = await updateIntent(tx, row, { conflict: reason }, now)
  await appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type: 'payment_intent.conflicted',
      objectId: row.id,
      threadId: row.thread_id,
      paymentIntentId: row.id,
      object: { ...showIntent(saved, intentLinks(deps, saved)), conflict: reason },
      livemode: row.livemode,
      createdAt: now,
    },
  ])
  return saved
}
