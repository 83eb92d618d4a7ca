import { type Connection, isChannelId, type Rendered } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { addMs } from '#kernel/clock.ts'
import { isCurrency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { changeConsents } from '#threads/consent-repo.ts'
import { isUnreachable } from '#threads/reach.ts'
import { type CarrierRow, findCarrier, findMerchantRoute } from './card-repo.ts'
import { type ReadCard, readCard, readVoice } from './card-service.ts'
import { quietHoursSchema } from './cards/theme-schemas.ts'
import { firstRung, type MessageRoute, nextRung, type Situation } from './ladder.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { findEarlier, lockMessage, takeSlot, updateMessage } from './outbox-repo.ts'
import { quietUntil } from './quiet-hours.ts'
import { planMessage } from './render-service.ts'
import { findMessage, findThread, type MessageRow, type ThreadRow } from './repo.ts'
import { endMessage } from './state-service.ts'

/** A message that this process alone is sending now. */
export interface Claimed {
  row: MessageRow
  thread: ThreadRow
  connection: Connection
  rendered: Rendered
  isEdit: boolean
  /** When it may go: the connection's pace. */
  at: Date
}

/** The connections that may carry a message, with their secrets. */
export interface Ways {
  carrier: CarrierRow | undefined
  merchantRoute: CarrierRow | undefined
  opened: ReadonlyMap<string, Connection>
}

/** Longer than a wait for the pace and a call together; what is still under way then is of unknown outcome. */
const leaseMs = 90_000
/** A platform remembers keys for a day; half of it is as far as a message may be repeated. */
const repeatMs = 12 * 3_600_000
const repairMs = 24 * 3_600_000
const repairCheckMs = 60_000
/** So long a job waits for its slot; for a later one the row does. */
const aheadMs = 2000

export const openWays = async (deps: OutboxDeps, merchantId: string, id: string): Promise<Ways | undefined> => {
  const found = await inTransaction(deps.db, merchantId, async (tx) => {
    const row = await findMessage(tx, merchantId, id)
    const thread = row?.next_attempt_at ? await findThread(tx, merchantId, row.thread_id) : undefined
    if (!thread) return undefined
    const carrier = await findCarrier(tx, thread)
    const merchantRoute = thread.channel === 'custom' ? undefined : await findMerchantRoute(tx, merchantId)
    return { carrier, merchantRoute }
  })
  if (!found) return undefined
  const opened = new Map<string, Connection>()
  for (const one of [found.carrier, found.merchantRoute]) {
    const connection = one && (await deps.connections.open(merchantId, one.id))
    if (connection) opened.set(connection.id, connection)
  }
  return { ...found, opened }
}

/**
 * Takes a message that is due: renders it, writes down what will go out, and marks it as under way before anything is
 * said to the platform. Undefined when there is nothing to send: it is not due, not its turn, pointless or undeliverable.
 */
export const claimMessage = async (
  tx: Tx,
  deps: OutboxDeps,
  ways: Ways,
  merchantId: string,
  id: string,
): Promise<Claimed | undefined> => {
  const now = deps.clock.now()
  const row = await lockMessage(tx, merchantId, id)
  if (!row?.next_attempt_at || row.next_attempt_at > now) return undefined
  const thread = await findThread(tx, merchantId, row.thread_id)
  if (!thread) return undefined
  const isEdit = row.state !== 'queued'
  if (isEdit && row.platform_ref === null) return dropEdit(tx, row)
  const { carrier } = ways
  if (!carrier || !ways.opened.has(carrier.id)) return waitForRepair(tx, deps, thread, row, now)
  if (row.sending_since) return resume(tx, deps, ways, { row, thread, isEdit }, now)
  const earlier = isEdit ? undefined : await findEarlier(tx, row)
  if (earlier?.next_attempt_at) {
    const at = new Date(Math.max(earlier.next_attempt_at.getTime(), now.getTime() + 1000))
    return void (await updateMessage(tx, row, { next_attempt_at: at }))
  }
  return claimFresh(tx, deps, { ...ways, carrier }, { row, thread, isEdit }, now)
}

interface Subject {
  row: MessageRow
  thread: ThreadRow
  isEdit: boolean
}

const claimFresh = async (
  tx: Tx,
  deps: OutboxDeps,
  ways: Ways & { carrier: CarrierRow },
  subject: Subject,
  now: Date,
): Promise<Claimed | undefined> => {
  const { row, thread, isEdit } = subject
  const { carrier } = ways
  const voice = await readVoice(tx, thread)
  const read = await readCard(tx, deps, voice, row, carrier)
  if (!isEdit && isPointless(row, read, now))
    return void (await endMessage(tx, deps, thread, row, { state: 'canceled' }, carrier.livemode))
  if (!isEdit && isUnreachable(thread)) return refuse(tx, deps, thread, row, blocked, carrier.livemode)
  const quiet = isPatient(row) ? (ownQuietHours(carrier) ?? voice.theme.quietHours) : undefined
  const until = quiet && quietUntil(quiet, now)
  if (until) return void (await updateMessage(tx, row, { next_attempt_at: until }))
  const situation = situationOf(deps, ways, thread, now)
  const isOver = isEdit && read?.state !== 'open' && read?.state !== undefined
  // What we said of a card when it was made may be out of date: its amount may have changed since.
  const text = read && (isOver || !row.has_own_words) ? read.card.sentence : row.text
  const plan = planMessage({
    channels: deps.channels,
    carrier,
    merchantRoute: ways.merchantRoute,
    situation,
    first: isEdit ? (row.route ?? 'window') : startRung(row, situation),
    consents: thread.consents,
    threadExternalId: thread.external_id,
    threadName: `${thread.channel}:${thread.external_id}`,
    request: {
      locale: voice.locale,
      content: { text, ...(read ? { card: read.card } : {}) },
      messageId: showId('message', row.id),
      now,
      ...(isEdit && row.platform_ref !== null ? { edits: row.platform_ref } : {}),
    },
  })
  if (!plan.ok) return isEdit ? dropEdit(tx, row) : refuse(tx, deps, thread, row, plan.failure, carrier.livemode)
  const connection = ways.opened.get(plan.carrier.id)
  if (!connection) return waitForRepair(tx, deps, thread, row, now)
  const slot = await takeSlot(tx, connection, { ratePerSecond: rateOf(deps, plan.carrier), now, aheadMs })
  if (!slot.isTaken) return void (await updateMessage(tx, row, { next_attempt_at: slot.at }))
  const { consent } = plan.rendered
  // Another message has just taken the last one: this one looks for another way.
  if (consent !== undefined && !(await changeConsents(tx, thread, consent, -1)))
    return void (await updateMessage(tx, row, { next_attempt_at: now }))
  if (read && plan.route !== 'merchant') await offerNative(tx, deps, connection, row, read)
  const claimed = await updateMessage(tx, row, {
    attempts: row.attempts + 1,
    sending_since: now,
    next_attempt_at: addMs(now, leaseMs),
    route: plan.route,
    rendered: { connection: connection.id, ...plan.rendered },
  })
  return { row: claimed, thread, connection, rendered: plan.rendered, isEdit, at: slot.at }
}

/** A process died between its claim and its record, or an answer was lost: nobody knows whether the platform has it. */
const resume = async (
  tx: Tx,
  deps: OutboxDeps,
  ways: Ways,
  { row, thread, isEdit }: Subject,
  now: Date,
): Promise<Claimed | undefined> => {
  const frozen = row.rendered as ({ connection: string } & Rendered) | null
  const connection = frozen && ways.opened.get(frozen.connection)
  const since = row.sending_since ?? now
  const isRepeatable = connection && deps.channels[connection.channel].capabilities(connection.settings).idempotentSend
  // To change a message into the same thing twice is to change it once.
  const mayRepeat = isEdit || (isRepeatable && now.getTime() - since.getTime() < repeatMs)
  if (!frozen || !connection || !mayRepeat) {
    const livemode = ways.carrier?.livemode ?? false
    if (isEdit) return dropEdit(tx, row)
    return void (await endMessage(tx, deps, thread, row, { state: 'unconfirmed' }, livemode))
  }
  const { connection: _, ...rendered } = frozen
  const claimed = await updateMessage(tx, row, { attempts: row.attempts + 1, next_attempt_at: addMs(now, leaseMs) })
  return { row: claimed, thread, connection, rendered, isEdit, at: now }
}

const blocked: ChannelFailure = {
  reason: 'recipient_unavailable',
  code: 'unreachable',
  advice: 'The person blocked the account or left it. Messages go out again when they write, or let it in.',
}

/** Asking for what is paid, or can no longer be paid. */
const isPointless = ({ kind }: MessageRow, read: ReadCard | undefined, now: Date): boolean => {
  if (kind !== 'payment_request' && kind !== 'checkout_summary' && kind !== 'reminder') return false
  return read?.state !== 'open' || (read.expiresAt ? read.expiresAt <= now : false)
}

/** What nobody asked for waits until people are awake; receipts and answers never do. */
const isPatient = ({ kind }: MessageRow): boolean => kind === 'reminder' || kind === 'bill_progress'

const ownQuietHours = ({ settings }: CarrierRow) => {
  const parsed = quietHoursSchema.safeParse(settings.quiet_hours)
  return parsed.success ? parsed.data : undefined
}

const situationOf = (
  deps: OutboxDeps,
  ways: Ways & { carrier: CarrierRow },
  thread: ThreadRow,
  now: Date,
): Situation => {
  const { carrier, merchantRoute } = ways
  if (!isChannelId(carrier.channel)) throw new RangeError(`${carrier.channel} carries no messages`)
  return {
    capabilities: deps.channels[carrier.channel].capabilities(carrier.settings),
    lastInboundAt: thread.last_inbound_at,
    hasMerchantRoute: merchantRoute !== undefined && ways.opened.has(merchantRoute.id),
    now,
  }
}

/** Where an earlier refusal has led. The window may have been open then and be closed now. */
const startRung = ({ route, failure }: MessageRow, situation: Situation): MessageRoute | undefined => {
  if (route !== null && route !== 'window') return route
  const isRefused = (failure as Partial<ChannelFailure> | null)?.reason === 'window_closed'
  return isRefused ? nextRung('window', situation) : firstRung(situation)
}

const rateOf = (deps: OutboxDeps, { channel, settings }: CarrierRow): number =>
  isChannelId(channel) ? Math.max(deps.channels[channel].capabilities(settings).ratePerSecond, 0.01) : 1

const offerNative = async (tx: Tx, deps: OutboxDeps, connection: Connection, row: MessageRow, { card }: ReadCard) => {
  if (!card.native || row.payment_intent_id === null || !isCurrency(card.currency)) return
  await deps.native?.offer(tx, {
    merchantId: row.merchant_id,
    connectionId: connection.id,
    channel: connection.channel,
    intentId: row.payment_intent_id,
    reference: card.reference,
    amount: card.amount,
    currency: card.currency,
  })
}

/** The connection is broken, disabled or gone. It may come back; after a day nobody wants the message any more. */
const waitForRepair = async (tx: Tx, deps: OutboxDeps, thread: ThreadRow, row: MessageRow, now: Date) => {
  if (row.state !== 'queued') return dropEdit(tx, row)
  if (now.getTime() - row.created_at.getTime() < repairMs) {
    const next_attempt_at = addMs(now, repairCheckMs)
    return void (await updateMessage(tx, row, { next_attempt_at }))
  }
  const failure: ChannelFailure = {
    reason: 'connection_broken',
    code: 'connection_broken',
    advice: 'The connection was broken for a day. Repair it, then send the message again if it still matters.',
  }
  return refuse(tx, deps, thread, row, failure, false)
}

const refuse = async (
  tx: Tx,
  deps: OutboxDeps,
  thread: ThreadRow,
  row: MessageRow,
  failure: ChannelFailure,
  livemode: boolean,
): Promise<undefined> => void (await endMessage(tx, deps, thread, row, { state: 'undeliverable', failure }, livemode))

/** What was sent stays as it is. */
const dropEdit = async (tx: Tx, row: MessageRow): Promise<undefined> =>
  void (await updateMessage(tx, row, { next_attempt_at: null, sending_since: null, attempts: 0 }))
