import { addMs, type Clock } from '#kernel/clock.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { Secrets } from '#platform/crypto.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Outbound } from '#platform/outbound.ts'
import { signatureHeaders } from '#platform/outbound-signature.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobPayload, JobQueue } from '#platform/queue.ts'
import { type AttemptAnswer, attemptsMax, isWornOut, judge, leaseMs, type Verdict } from './attempt.ts'
import { claimDelivery, type DeliveryRow, recordAttempt } from './delivery-repo.ts'
import { type EndpointRow, findEndpoint, lockEndpoint, markHealthy, updateEndpoint } from './endpoint-repo.ts'
import { secretContext, showEndpoint } from './endpoint-view.ts'
import { notificationBody } from './event-view.ts'
import { type EventRow, findEvent } from './repo.ts'

export interface DeliverOptions {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
  secrets: Secrets
  logger: Logger
  outbound: Outbound
}

interface Claimed {
  delivery: DeliveryRow
  endpoint: EndpointRow
  event: EventRow
}

/** How long a job waits for a receiver before it gives its worker to the next one; the attempt goes on without it. */
const patienceMs = 250
/** Attempts that may go on without their job, per process. */
const underWayMax = 256

/**
 * Makes one attempt at a delivery that is due. A hundred receivers that hang must not delay the one that answers,
 * so a slow attempt leaves its job; it still ends by its own time limit, and by its lease if the process dies.
 */
export const createDeliver = (options: DeliverOptions) => {
  const underWay = new Set<Promise<void>>()
  const deliver = async ({ id, merchant }: JobPayload): Promise<void> => {
    if (merchant === undefined) throw new Error('notification.deliver needs the merchant of its row')
    const claimed = await claim(options, merchant, id)
    if (!claimed) return
    const attempt = send(options, claimed)
      .then((answer) => record(options, claimed, answer))
      .catch((error: unknown) =>
        options.logger.error({ err: error, delivery: id }, 'attempt not recorded; its lease ends'),
      )
      .finally(() => underWay.delete(attempt))
    underWay.add(attempt)
    await (underWay.size > underWayMax ? attempt : waitAtMost(attempt, patienceMs))
  }
  /** Waits for the attempts that go on without their job (shutdown, tests). */
  const settled = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay)
  }
  return { deliver, settled }
}

const waitAtMost = async (work: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, enough])
  clearTimeout(timer)
}

const claim = ({ db, clock }: DeliverOptions, merchantId: string, id: string): Promise<Claimed | undefined> =>
  inTransaction(db, merchantId, async (tx) => {
    const now = clock.now()
    const delivery = await claimDelivery(tx, merchantId, id, { now, until: addMs(now, leaseMs) })
    if (!delivery) return undefined
    const endpoint = await findEndpoint(tx, merchantId, delivery.endpoint_id)
    const event = await findEvent(tx, merchantId, delivery.event_id)
    if (!endpoint || !event) return undefined
    const refusal = refuse(delivery, endpoint)
    if (refusal === undefined) return { delivery, endpoint, event }
    const last_error = refusal
    await recordAttempt(tx, delivery, {
      state: 'failed',
      last_status: delivery.last_status,
      last_error,
      finished_at: now,
    })
    return undefined
  })

const refuse = (delivery: DeliveryRow, endpoint: EndpointRow): string | undefined => {
  if (endpoint.status === 'disabled') return 'the endpoint is disabled'
  // Only after crashes: an attempt that ends is judged, and the last one closes the delivery.
  return delivery.attempts > attemptsMax ? 'all attempts were cut short' : undefined
}

const send = async (options: DeliverOptions, { endpoint, event }: Claimed): Promise<AttemptAnswer> => {
  const { secrets, clock, outbound } = options
  const secret = secrets.open(endpoint.secret, secretContext(endpoint.id))
  const body = notificationBody(event)
  const signature = signatureHeaders(secret, { id: showId('event', event.id), body, at: clock.now() })
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'Parley-Notifications/1',
    ...signature,
  }
  return outbound.post({ url: endpoint.url, headers, body })
}

const record = async (options: DeliverOptions, claimed: Claimed, answer: AttemptAnswer): Promise<void> => {
  const { db, clock, queue } = options
  const { delivery, endpoint } = claimed
  const now = clock.now()
  const verdict = judge(answer, delivery.attempts, now, Math.random())
  const isDisabled = await inTransaction(db, delivery.merchant_id, async (tx) => {
    const isCurrent = await recordAttempt(tx, delivery, changeOf(verdict, now))
    if (!isCurrent) return false
    if (verdict.state !== 'succeeded') return countFailure(tx, endpoint, verdict, now)
    await markHealthy(tx, endpoint.merchant_id, endpoint.id)
    return false
  })
  if (isDisabled) queue.wake('outbox.drain', { id: newUuid() })
}

const changeOf = (verdict: Verdict, now: Date) => {
  const { state, status } = verdict
  if (state === 'succeeded') return { state, last_status: status, last_error: null, finished_at: now }
  const failure = { state, last_status: status, last_error: verdict.error }
  return state === 'pending'
    ? { ...failure, finished_at: null, next_attempt_at: verdict.nextAttemptAt }
    : { ...failure, finished_at: now }
}

/** Notes since when the endpoint fails and disables it when it is gone or has failed for too long. True if it did. */
const countFailure = async (
  tx: Tx,
  { merchant_id, id }: EndpointRow,
  verdict: Exclude<Verdict, { state: 'succeeded' }>,
  now: Date,
): Promise<boolean> => {
  const current = await lockEndpoint(tx, merchant_id, id)
  if (!current || current.status === 'disabled') return false
  const isGone = verdict.state === 'failed' && verdict.isGone
  if (!isGone && !isWornOut(current.failing_since, now)) {
    if (current.failing_since === null) await updateEndpoint(tx, merchant_id, id, { failing_since: now })
    return false
  }
  const row = await updateEndpoint(tx, merchant_id, id, {
    status: 'disabled',
    failing_since: current.failing_since ?? now,
  })
  await appendEvents(tx, [
    {
      merchantId: merchant_id,
      type: 'webhook_endpoint.disabled',
      objectId: id,
      threadId: null,
      paymentIntentId: null,
      object: showEndpoint(row),
      previousAttributes: { status: 'enabled' },
      livemode: row.livemode,
      createdAt: now,
    },
  ])
  return true
}
