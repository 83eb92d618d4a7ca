import { type Channel, type Channels, isChannelId, type WebhookInput, type WebhookVerdict } from '#channels/channel.ts'
import type { Inbound, InboundPreCheckout, InboundShipping } from '#channels/inbound.ts'
import type { OpenConnection } from '#connections/open-service.ts'
import type { ConnectionService } from '#connections/service.ts'
import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { NativePayments } from '#native/service.ts'
import { sha256 } from '#platform/crypto.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobQueue } from '#platform/queue.ts'
import { findDueUpdates, type UpdateArrival } from './channel-inbox-repo.ts'
import { createUpdateInbox } from './channel-inbox-service.ts'
import { type InboundMessages, processUpdate } from './channel-process-service.ts'
import { createUpdateReader } from './channel-read-service.ts'
import { cleanText, packUpdate, readMoment } from './channel-update.ts'

/** What a platform waits for with its hands on the money. */
export type Question = Inbound & (InboundPreCheckout | InboundShipping)

/** Answers inside the request. Returns what was said, for people who ask later. */
export interface ChannelAnswers {
  answer(connection: OpenConnection, question: Question): Promise<string>
}

export interface ChannelInboxDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  queue: JobQueue
  channels: Channels
  connections: ConnectionService
  messages: InboundMessages
  native: Pick<NativePayments, 'apply'>
  answers: ChannelAnswers
}

export interface ChannelRequest {
  body: Buffer
  headers: WebhookInput['headers']
  query: WebhookInput['query']
}

export interface ChannelReply {
  status: number
  contentType: string
  body: string
}

export type ChannelInbox = ReturnType<typeof createChannelInbox>

/** What chat platforms send: verified over the raw bytes, kept, acknowledged, and only then worked off. */
export const createChannelInbox = (deps: ChannelInboxDeps) => {
  const inbox = createUpdateInbox(deps)
  return {
    /** The platform's question whether the address is ours; 403 when it does not know our secret. */
    handshake: async (channelId: string, connectionId: string, request: Omit<ChannelRequest, 'body'>) => {
      const { channel, connection } = await requirePlace(deps, channelId, connectionId)
      const answer = channel.handshake?.({ ...request, connection, now: deps.clock.now() })
      if (answer) return { contentType: 'text/plain; charset=utf-8', ...answer }
      deps.metrics.webhooksRefused.inc({ provider: channelId })
      throw new AppError('permission_denied', { message: 'The handshake was refused.' })
    },

    /** Answers a forged or unreadable request with `webhook_signature_invalid`; nothing of it is kept. */
    receive: async (channelId: string, connectionId: string, request: ChannelRequest): Promise<ChannelReply> => {
      const { channel, connection } = await requirePlace(deps, channelId, connectionId)
      const now = deps.clock.now()
      const verdict = verify(deps, channel, { ...request, connection, now })
      if (!verdict.ok) {
        deps.metrics.webhooksRefused.inc({ provider: channelId })
        throw new AppError('webhook_signature_invalid', { message: `The webhook was refused: ${verdict.reason}.` })
      }
      const keep = async (update: Inbound): Promise<void> => {
        const arrival = { ...arrivalOf(connection, update, now), ...(await firstVerdict(deps, connection, update)) }
        const isNew = await inbox.keep(arrival)
        if (isNew && arrival.state === 'received')
          deps.queue.wake('channel.update', { id: arrival.id, merchant: arrival.merchantId })
      }
      // In parts, so that one request alone never fills the room that all of them have.
      for (let start = 0; start < verdict.updates.length; start += partMax)
        await Promise.all(verdict.updates.slice(start, start + partMax).map(keep))
      const body = channel.replyTo?.(verdict.updates) ?? '{}'
      return { status: 200, contentType: 'application/json', body, ...channel.acknowledgement }
    },

    /** Job `channel.update`. */
    process: (merchantId: string, id: string): Promise<void> => processUpdate({ ...deps, inbox }, merchantId, id),

    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      const due = await findDueUpdates(deps.db.maintenance, now, 500)
      const [oldest] = due
      const ageMs = oldest ? now.getTime() - oldest.next_attempt_at.getTime() : 0
      deps.metrics.backlog.set({ table: 'channel_updates' }, ageMs / 1000)
      for (const row of due)
        deps.queue.wake('channel.update', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    },
    ...createUpdateReader(deps),
  }
}

/** Of one request's updates at a time. Platforms send up to a thousand. */
const partMax = 500

const requirePlace = async ({ channels, connections }: ChannelInboxDeps, channelId: string, connectionId: string) => {
  const connection = isChannelId(channelId) ? await connections.openByPath(channelId, connectionId) : undefined
  if (!connection) throw new AppError('route_missing', { message: 'No such webhook endpoint.' })
  return { channel: channels[connection.channel], connection }
}

/** An adapter promises not to throw; what it throws all the same must not become the platform's problem. */
const verify = ({ logger }: ChannelInboxDeps, channel: Channel, input: WebhookInput): WebhookVerdict => {
  try {
    return channel.receive(input)
  } catch (err) {
    logger.error({ err, channel: channel.id }, 'an adapter threw on a webhook')
    return { ok: false, reason: 'it could not be read' }
  }
}

const arrivalOf = (connection: OpenConnection, update: Inbound, now: Date): UpdateArrival => {
  const at = readMoment(update.at, now)
  const ref = cleanText(update.ref)
  return {
    merchantId: connection.merchantId,
    id: newUuid(),
    connectionId: connection.id,
    channel: connection.channel,
    ref: ref.length >= 1 && ref.length <= 255 ? ref : `sha256:${sha256(packUpdate(update), ref).toString('hex')}`,
    type: cleanText(update.type).slice(0, 100),
    content: packUpdate({ ...update, at }),
    state: 'received',
    reason: null,
    occurredAt: at,
    receivedAt: now,
  }
}

/** What needs no job is over at once: questions are answered here, the rest is only kept. */
const firstVerdict = async (
  { answers, channels, logger }: ChannelInboxDeps,
  connection: OpenConnection,
  update: Inbound,
): Promise<Pick<UpdateArrival, 'state' | 'reason'>> => {
  if (update.kind === 'ignored') return { state: 'ignored', reason: 'of no interest' }
  if (update.kind === 'unknown') return { state: 'parked', reason: 'unknown type: nobody has said yet what it means' }
  if (update.kind !== 'pre_checkout' && update.kind !== 'shipping_query') return { state: 'received', reason: null }
  const answer = connection.status === 'disabled' ? refuse(channels[connection.channel]) : answers.answer
  try {
    return { state: 'processed', reason: (await answer(connection, update)).slice(0, 500) }
  } catch (err) {
    logger.error({ err, update: update.ref }, 'a question of a platform was not answered')
    return { state: 'processed', reason: 'not answered: see the log' }
  }
}

const refuse =
  (channel: Channel): ChannelAnswers['answer'] =>
  async (connection, question) => {
    const no = { ok: false as const, message: 'This shop does not take payments here at the moment.' }
    if (question.kind === 'pre_checkout') await channel.answerPreCheckout?.(connection, question, no)
    else await channel.answerShipping?.(connection, question, no)
    return 'refused: the connection is disabled'
  }
