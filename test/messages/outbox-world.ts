import { z } from 'zod'
import {
  CardRefusedError,
  type Channel,
  type ChannelCapabilities,
  type ChannelId,
  type Channels,
  type SendAnswer,
} from '#channels/channel.ts'
import { createConnectionService } from '#connections/service.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { OutboxDeps } from '#messages/outbox-deps.ts'
import { createMessageService } from '#messages/service.ts'
import { createMessageSubscriber } from '#messages/subscriber-service.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { createKeyRing } from '#platform/key-ring.ts'
import { createOutbound } from '#platform/outbound.ts'
import { createEventWorld, createTestDatabase, newMerchant, silentLogger } from '../events/slice-world.ts'
import { adapters } from '../support/adapters.ts'

/** What a platform was asked, in order. */
export interface Sent {
  channel: ChannelId
  key: string
  thread: string
  rung: string
  edits: string | undefined
  text: string
  type: string
  buttons: number
}

const plain: ChannelCapabilities = {
  nativePay: [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: false,
  expiry: undefined,
  editMessage: false,
  receipt: 'message',
  window: { hours: null, afterWindow: 'none' },
  buttons: { max: 3, titleMax: 20, urlMax: 1000 },
  text: { max: 100 },
  idempotentSend: false,
  ratePerSecond: 1000,
}

/** Platforms by what they can do; the names are those of platforms that can about that. */
const capabilities: Record<ChannelId, ChannelCapabilities> = {
  telegram: { ...plain, editMessage: true, nativePay: 'all', shipping: true, tips: true },
  line: { ...plain, idempotentSend: true },
  messenger: { ...plain, window: { hours: 24, afterWindow: 'utility' } },
  whatsapp: { ...plain, window: { hours: 24, afterWindow: 'template' } },
  wechat: { ...plain, window: { hours: 48, afterWindow: 'consent' } },
  webchat: plain,
  custom: { ...plain, idempotentSend: true },
}

/**
 * Platforms that keep what they were asked, forget repeats where they promise to, and answer what a test has put in
 * `answers`, else "sent".
 */
export const createFakePlatforms = () => {
  const calls: Sent[] = []
  const answers: (SendAnswer | 'hang' | 'accept and hang')[] = []
  const templates = new Set<string>()
  const accepted = new Set<string>()
  const create = (id: ChannelId): Channel => ({
    id,
    settings: z.strictObject({}),
    secrets: z.strictObject({}),
    capabilities: (settings) => ({
      ...capabilities[id],
      ...(settings.rate ? { ratePerSecond: Number(settings.rate) } : {}),
    }),
    test: async () => ({ ok: true, externalId: id, name: id }),
    render: ({ content: { text, card }, rung, threadExternalId: thread, edits }) => {
      if (text.length > capabilities[id].text.max)
        throw new CardRefusedError(`text: ${capabilities[id].text.max} characters`)
      if (rung !== 'window' && !templates.has(card?.type ?? 'text'))
        throw new CardRefusedError(`no template for ${card?.type}`)
      const shown = { thread, rung, edits, text, type: card?.type ?? 'text', buttons: card?.buttons.length ?? 0 }
      const plain = { method: 'send', payload: shown, text: card?.plainText ?? text, warnings: [] }
      return rung === 'consent' ? { ...plain, consent: `tmpl_${card?.type}` } : plain
    },
    send: async (_connection, { payload }, { key }) => {
      const answer = answers.shift()
      if (platforms.refuseEdits && payload.edits !== undefined) return refused('not_editable')
      if (answer === 'hang') return new Promise(() => undefined)
      if (answer !== undefined && answer !== 'accept and hang' && answer.outcome !== 'sent') {
        // An unknown one has been taken: that is the case that matters.
        if (answer.outcome === 'refused') return answer
      }
      const isRepeat = capabilities[id].idempotentSend && accepted.has(key)
      accepted.add(key)
      if (!isRepeat) calls.push({ ...(payload as unknown as Omit<Sent, 'channel' | 'key'>), channel: id, key })
      if (answer === 'accept and hang') return new Promise(() => undefined)
      return answer ?? { outcome: 'sent', ref: `${id}-${calls.length}` }
    },
    receive: () => ({ ok: false, reason: 'fake' }),
  })
  const ids: ChannelId[] = ['messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom']
  const channels = Object.fromEntries(ids.map((id) => [id, create(id)])) as unknown as Channels
  const platforms = { channels, calls, answers, templates, refuseEdits: false }
  return platforms
}

export const refused = (
  reason:
    | 'window_closed'
    | 'temporary'
    | 'rate_limited'
    | 'recipient_unavailable'
    | 'connection_broken'
    | 'not_editable',
  more: { retryAfterMs?: number; movedTo?: string } = {},
): SendAnswer => ({
  outcome: 'refused',
  failure: { reason, code: 'test', advice: 'Do something.' },
  ...more,
})

export const lost: SendAnswer = { outcome: 'unknown', reason: 'connection reset' }

export const createOutboxWorld = async () => {
  const db = await createTestDatabase()
  const platforms = createFakePlatforms()
  const { channels } = platforms
  const checkoutUrl = (_merchantId: string, intentId: string) => `https://pay.example/pay/${intentId}`
  const subscriber = createMessageSubscriber({
    clock: { now: () => clock.now() },
    queue: { wake: (name, payload) => queue.wake(name, payload) },
    channels,
    checkoutUrl,
  })
  const { service: events, clock, queue } = createEventWorld(db, { subscribers: [subscriber] })
  const connections = createConnectionService({
    db,
    clock,
    channels,
    adapters,
    queue,
    logger: silentLogger,
    keys: createKeyRing({ keys: [], secret: 'a secret of at least thirty-two characters' }),
    outbound: createOutbound({ allowPrivate: true }),
    publicUrl: 'https://pay.example',
  })
  const offers: { reference: string; amount: bigint }[] = []
  const native: NonNullable<OutboxDeps['native']> = {
    offer: async (_tx, { reference, amount }) => void offers.push({ reference, amount }),
  }
  const deps: OutboxDeps = { db, clock, queue, channels, connections, checkoutUrl, native }
  const messages = createMessageService(deps)

  /** Sends what is due, as the workers and the sweep would, until nothing is. */
  const work = async (): Promise<void> => {
    for (let round = 0; round < 100; round++) {
      await messages.sweep()
      const woken = queue.take('message.send')
      if (woken.length === 0) return
      for (const { id, merchant = '' } of woken) await messages.send(merchant, id)
      queue.take('outbox.drain')
    }
    throw new Error('the outbox does not come to rest')
  }
  return {
    ...platforms,
    db,
    clock,
    queue,
    events,
    connections,
    deps,
    messages,
    offers,
    work,
    ...createRows(db, clock, connections),
  }
}

type Connections = ReturnType<typeof createConnectionService>

const createRows = (db: Database, clock: { now(): Date }, connections: Connections) => {
  const connect = (merchantId: string, channel: ChannelId, settings: Record<string, unknown> = {}): Promise<string> =>
    connections.insertConnection({ merchantId, livemode: false }, channel, {
      externalId: `${channel}-${merchantId}`,
      name: channel,
      settings,
      secrets: { token: 'secret' },
    })
  const newThread = async (
    merchant: string,
    channel: string,
    {
      connection = null,
      locale = null,
      heardAt = null,
      consents = {},
    }: {
      connection?: string | null
      locale?: string | null
      heardAt?: Date | null
      consents?: Record<string, number>
    } = {},
  ) => {
    const id = newUuid()
    await inTransaction(db, merchant, (tx) =>
      tx
        .insertInto('threads')
        .values({
          merchant_id: merchant,
          id,
          channel,
          external_id: `chat-${id}`,
          connection_id: connection,
          locale,
          title: null,
          metadata: '{}',
          last_inbound_at: heardAt,
          consents: JSON.stringify(consents),
          created_at: clock.now(),
          updated_at: clock.now(),
        })
        .execute(),
    )
    return { id, public: showId('thread', id), external: `chat-${id}` }
  }
  const newIntent = async (merchant: string, threadId: string, lifeMs: number | null = null) => {
    const id = newUuid()
    const now = clock.now()
    await inTransaction(db, merchant, (tx) =>
      tx
        .insertInto('payment_intents')
        .values({
          merchant_id: merchant,
          id,
          thread_id: threadId,
          status: 'requires_payment_method',
          capture_method: 'automatic',
          amount: 4200n,
          currency: 'eur',
          description: 'Bouquet',
          metadata: '{}',
          options: '{}',
          expires_at: lifeMs === null ? null : new Date(now.getTime() + lifeMs),
          provider: 'stripe',
          livemode: false,
          created_at: now,
          updated_at: now,
        })
        .execute(),
    )
    return { id, public: showId('paymentIntent', id) }
  }
  const setIntent = (merchant: string, id: string, status: 'succeeded' | 'canceled'): Promise<unknown> =>
    inTransaction(db, merchant, (tx) =>
      tx
        .updateTable('payment_intents')
        .set({ status, ...(status === 'succeeded' ? { amount_captured: 4200n, amount_authorized: 4200n } : {}) })
        .where('id', '=', id)
        .execute(),
    )
  const setThread = (merchant: string, id: string, set: { unreachable_since?: Date; reachable_at?: Date }) =>
    inTransaction(db, merchant, (tx) => tx.updateTable('threads').set(set).where('id', '=', id).execute())
  const readConsents = (merchant: string) =>
    inTransaction(db, merchant, async (tx) => {
      const { consents } = await tx.selectFrom('threads').select('consents').executeTakeFirstOrThrow()
      return consents
    })
  const readMessages = (merchant: string) =>
    inTransaction(db, merchant, (tx) => tx.selectFrom('messages').selectAll().orderBy('id').execute())
  const setSettings = (merchant: string, settings: object) =>
    inTransaction(db, merchant, (tx) =>
      tx
        .updateTable('merchants')
        .set({ settings: JSON.stringify(settings) })
        .execute(),
    )
  return {
    connect,
    newThread,
    newIntent,
    setIntent,
    setThread,
    readConsents,
    readMessages,
    setSettings,
    newMerchant: () => newMerchant(db),
  }
}
