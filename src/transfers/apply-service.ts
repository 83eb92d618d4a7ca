import type { Clock } from '#kernel/clock.ts'
import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import {
  postOutboundGivenBack,
  postOutboundPosted,
  postOutboundReturned,
  postOutboundSent,
} from '#ledger/outbound-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Database, Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { Providers } from '#providers/accounts.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import type { ProviderTransfer } from '#providers/transfers.ts'
import { forgetName } from './operation-repo.ts'
import {
  isOutboundOpen,
  nextOutboundCheck,
  type OutboundBooking,
  type OutboundStep,
  stepOutbound,
} from './outbound-machine.ts'
import { showOutbound } from './outbound-view.ts'
import { type OutboundRow, updateOutbound } from './repo.ts'

/** What outbound payments are built from. */
export interface OutboundDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  queue: JobQueue
  secrets: Secrets
  providers: Providers
}

export type AppliedOutbound =
  | { row: OutboundRow; verdict: 'change' | 'unchanged' | 'stale' }
  | { row: OutboundRow; verdict: 'conflict'; reason: string }

/**
 * Brings a locked outbound payment to the provider's view: row, ledger and events in the caller's transaction. The same
 * view twice changes nothing; one that cannot be true beside what is known is told to a person, and not booked.
 */
export const applyTransfer = async (
  tx: Tx,
  deps: OutboundDeps,
  row: OutboundRow,
  news: ProviderTransfer,
): Promise<AppliedOutbound> => {
  const reason = conflictOf(row, news)
  const step = stepOutbound({ status: row.status, isSent: row.is_sent }, news.state)
  if (reason !== undefined || step === 'conflict')
    return raiseConflict(deps, row, reason ?? `it is ${row.status} here, and ${news.state} there`)
  const now = deps.clock.now()
  const confirmation = news.confirmation ? { ...news.confirmation } : null
  if (step === 'stale') return { row, verdict: 'stale' }
  if (step === 'same') {
    if (row.confirmation !== null || confirmation === null) return { row, verdict: 'unchanged' }
    return { row: await updateOutbound(tx, row, { confirmation }, now), verdict: 'change' }
  }
  const saved = await updateOutbound(
    tx,
    row,
    {
      status: step.status,
      is_sent: step.isSent,
      provider_ref: news.ref,
      confirmation,
      failure_code: news.failureReason ?? null,
      check_at: isOutboundOpen(step.status) ? nextOutboundCheck(row.created_at, now) : null,
    },
    now,
  )
  const isPast = news.createdAt < now
  await book(tx, saved, step, { now, sentAt: isPast ? news.createdAt : now })
  await finish(tx, deps, row, saved)
  return { row: saved, verdict: 'change' }
}

/** The provider refused to send it: nothing has moved. */
export const applyOutboundRefusal = async (
  tx: Tx,
  deps: OutboundDeps,
  row: OutboundRow,
  { code, declineCode, message }: ProviderDecline,
): Promise<OutboundRow> => {
  if (row.status !== 'processing' || row.is_sent) return row
  const change = { status: 'failed' as const, failure_code: declineCode ?? code, failure_message: message }
  const saved = await updateOutbound(tx, row, { ...change, check_at: null }, deps.clock.now())
  await finish(tx, deps, row, saved)
  return saved
}

const conflictOf = (row: OutboundRow, news: ProviderTransfer): string | undefined => {
  if (news.amount !== row.amount || news.currency !== row.currency)
    return `the provider sends ${news.amount} ${news.currency}, asked for ${row.amount} ${row.currency}`
  return row.provider_ref === null || row.provider_ref === news.ref
    ? undefined
    : `the provider knows it as ${news.ref}, and before as ${row.provider_ref}`
}

const raiseConflict = ({ metrics, logger }: OutboundDeps, row: OutboundRow, reason: string): AppliedOutbound => {
  metrics.conflicts.inc()
  const id = showId('outboundPayment', row.id)
  logger.error({ outbound_payment: id, reason }, 'the provider disagrees; nothing was booked')
  return { row, verdict: 'conflict', reason }
}

const rules = {
  sent: postOutboundSent,
  posted: postOutboundPosted,
  given_back: postOutboundGivenBack,
  returned: postOutboundReturned,
} as const satisfies Record<OutboundBooking, unknown>

const book = async (
  tx: Tx,
  row: OutboundRow,
  { books }: OutboundStep,
  { now, sentAt }: { now: Date; sentAt: Date },
): Promise<void> => {
  const event = {
    outboundPaymentId: showId('outboundPayment', row.id),
    amount: row.amount,
    currency: row.currency as Currency,
    available: row.source === 'available',
    refs: { provider: row.provider },
  }
  const links = { merchantId: row.merchant_id, paymentIntentId: null, refundId: null, threadId: row.thread_id }
  const items = books.flatMap((one) => {
    const posting = rules[one]({ ...event, effectiveAt: one === 'sent' ? sentAt : now })
    return posting ? [{ ...links, posting }] : []
  })
  await postLedger(tx, items, now)
}

/** What is told of a payment that has come to a status; of being on its way nobody has to hear. */
const events: Record<OutboundRow['status'], string | undefined> = {
  processing: undefined,
  requires_recipient_action: 'outbound_payment.requires_recipient_action',
  posted: 'outbound_payment.posted',
  failed: 'outbound_payment.failed',
  canceled: 'outbound_payment.canceled',
  returned: 'outbound_payment.returned',
}

const finish = async (tx: Tx, deps: OutboundDeps, before: OutboundRow, row: OutboundRow): Promise<void> => {
  const type = events[row.status]
  if (type !== undefined && before.status !== row.status) await tellOutbound(tx, deps, row, type, before)
  if (!isOutboundOpen(row.status)) await forgetName(tx, row.merchant_id, row.id)
}

export const tellOutbound = (
  tx: Tx,
  deps: Pick<OutboundDeps, 'clock'>,
  row: OutboundRow,
  type: string,
  before?: OutboundRow,
): Promise<void> =>
  appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type,
      objectId: row.id,
      threadId: row.thread_id,
      paymentIntentId: null,
      object: showOutbound(row),
      ...(before ? { previousAttributes: { status: before.status } } : {}),
      livemode: row.livemode,
      createdAt: deps.clock.now(),
    },
  ])
