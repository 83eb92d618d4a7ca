import type { Channels } from '#channels/channel.ts'
import type { Clock } from '#kernel/clock.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { readCaptured } from '#ledger/captured-repo.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Database, Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { appendEvents, type NewEvent } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import { type RequestContext, withRequestContext } from '#platform/request-context.ts'
import type { Providers } from '#providers/accounts.ts'
import type { ProviderCharge, ProviderPayment } from '#providers/provider.ts'
import { keptFees, keptMethod } from './charge-facts.ts'
import { type ChargeRow, showCharge } from './charge-view.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import { moneyPostings } from './money-postings.ts'
import { type Change, changeOf, chargeFacts, factsOf, withoutPage } from './news-change.ts'
import { findPendingAmounts } from './operation-repo.ts'
import { withKeptMethod } from './payer-service.ts'
import { type NewsVerdict, readNews } from './provider-news.ts'
import { findChargesByRef, type IntentChange, updateIntent, updateIntents, upsertCharges } from './repo.ts'
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

/** What a provider says of a payment whose row is locked. */
export interface News extends Knowledge {
  readonly row: IntentRow
  readonly payment: ProviderPayment
  /** Who asked, where many share the transaction. */
  readonly context?: RequestContext | undefined
}

interface Judged<V extends NewsVerdict = NewsVerdict> extends News {
  readonly known: ChargeRow | undefined
  readonly verdict: V
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
  knowledge: Knowledge = {},
): Promise<Applied> => {
  const [applied] = await applyPayments(tx, deps, [{ ...knowledge, row, payment }])
  if (!applied) throw new Error('the news of one payment came to nothing')
  return applied
}

/** `applyPayment` for news of different payments, which share each statement; what became of each, in the same order. */
export const applyPayments = async (tx: Tx, deps: PaymentDeps, news: readonly News[]): Promise<Applied[]> => {
  const now = deps.clock.now()
  const judged = await judgeNews(tx, news)
  const changed = await writeChanges(tx, deps, judged.filter(isChange), now)
  const applied: Applied[] = []
  for (const one of judged) applied.push(changed.get(one.row.id) ?? (await keepVerdict(tx, deps, one, now)))
  return applied
}

const judgeNews = async (tx: Tx, news: readonly News[]): Promise<Judged[]> => {
  const names = news.flatMap(({ row, payment }) => (payment.charge ? [nameOf(row, payment.charge)] : []))
  const charges = new Map((await findChargesByRef(tx, names)).map((charge) => [keyOf(charge), charge]))
  const rows = news.map(({ row }) => row)
  const amountsPending = await findPendingAmounts(tx, rows)
  return news.map((one) => {
    const { row, payment, isCurrent = false, isElsewhere = false } = one
    const known = payment.charge && charges.get([row.merchant_id, row.provider, payment.charge.ref].join(' '))
    const facts = { ...factsOf(row, amountsPending.get(row.id)), isCurrent, isElsewhere }
    return { ...one, known, verdict: readNews(facts, known && chargeFacts(known), payment) }
  })
}

const nameOf = (row: IntentRow, charge: ProviderCharge) => ({
  merchantId: row.merchant_id,
  provider: row.provider,
  ref: charge.ref,
})

const keyOf = (charge: Pick<ChargeRow, 'merchant_id' | 'provider' | 'provider_ref'>): string =>
  [charge.merchant_id, charge.provider, charge.provider_ref].join(' ')

const isChange = (one: Judged): one is Judged<Change> => one.verdict.kind === 'change'

/** What has no consequence for money. */
const keepVerdict = async (
  tx: Tx,
  deps: PaymentDeps,
  { row, payment, verdict }: Judged,
  now: Date,
): Promise<Applied> => {
  if (verdict.kind === 'conflict') return { row: await keepConflict(tx, deps, row, verdict.reason), verdict }
  if (verdict.kind === 'abandoned') return { row: await updateIntent(tx, row, withoutPage(row), now), verdict }
  const isNew = verdict.kind === 'unchanged' && row.provider_ref === null
  return { row: isNew ? await updateIntent(tx, row, { provider_ref: payment.ref }, now) : row, verdict }
}

const writeChanges = async (
  tx: Tx,
  deps: PaymentDeps,
  changes: readonly Judged<Change>[],
  now: Date,
): Promise<Map<string, Applied>> => {
  if (changes.length === 0) return new Map()
  const told = changes.flatMap(({ row, known, payment: { charge } }) => (charge ? [{ row, charge, known }] : []))
  const charges = await saveCharges(tx, told)
  const written: { row: IntentRow; change: IntentChange }[] = []
  for (const one of changes) {
    const named = await inContextOf(one, () => withKeptMethod(tx, deps, one.row, one.payment))
    const told = { payment: named, charge: charges.get(one.row.id), cancellationReason: one.cancellationReason }
    const { checkoutUrl } = intentLinks(deps, one.row)
    const change = changeOf(one.row, one.verdict, told, { now, checkoutUrl, publicUrl: deps.publicUrl })
    written.push({ row: one.row, change })
  }
  const saved = await updateIntents(tx, written, now)
  const applied = new Map(saved.map((row) => [row.id, row]))
  const savedOf = (row: IntentRow): IntentRow => applied.get(row.id) ?? row
  const items: LedgerItem[] = []
  for (const one of changes) items.push(...(await bookingsOf(tx, { ...one, row: savedOf(one.row) }, now)))
  await postLedger(tx, items, now)
  await appendEvents(
    tx,
    changes.flatMap((one) => eventsOf(deps, one, savedOf(one.row), charges.get(one.row.id), now)),
  )
  return new Map(changes.map(({ row, verdict }) => [row.id, { row: savedOf(row), verdict }]))
}

const inContextOf = <T>({ context }: News, work: () => Promise<T>): Promise<T> =>
  context ? withRequestContext(context, work) : work()

/** The ledger's transactions of what happened to money. A later capture falls on what earlier ones left of the order. */
const bookingsOf = async (tx: Tx, { row, payment, verdict }: Judged<Change>, now: Date): Promise<LedgerItem[]> => {
  const { charge } = payment
  const facts = verdict.money
  if (!charge || facts.length === 0) return []
  const isFurther = facts.some((fact) => fact.kind === 'captured' && fact.before > 0n)
  const currency = row.currency as ProviderPayment['currency']
  const reference = { merchantId: row.merchant_id, paymentIntentId: row.id, currency }
  const booked = isFurther ? await readCaptured(tx, reference) : undefined
  return moneyPostings(row, facts, charge, { now, booked })
}

/** The attempts that news tell of, as they are kept, by payment. */
export const saveCharges = async (
  tx: Tx,
  told: readonly { row: IntentRow; charge: ProviderCharge; known: ChargeRow | undefined }[],
): Promise<Map<string, ChargeRow>> => {
  const rows = told.map(({ row, charge, known }) => chargeRow(row, charge, known))
  const saved = await upsertCharges(tx, rows)
  return new Map(saved.map((charge) => [charge.payment_intent_id, charge]))
}

const chargeRow = (row: IntentRow, charge: ProviderCharge, known: ChargeRow | undefined) => ({
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
  { row: before, verdict, context }: Judged<Change>,
  row: IntentRow,
  charge: ChargeRow | undefined,
  now: Date,
): NewEvent[] => {
  const common = {
    merchantId: row.merchant_id,
    threadId: row.thread_id,
    paymentIntentId: row.id,
    livemode: row.livemode,
    createdAt: now,
    ...(context ? { context } : {}),
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
