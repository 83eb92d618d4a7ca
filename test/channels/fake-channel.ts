import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { type Channel, type Channels, channelIds } from '#channels/channel.ts'
import type { ChannelFailure, Inbound } from '#channels/inbound.ts'
import { isEqual } from '#platform/crypto.ts'

export interface FakePlatform {
  channels: Channels
  /** What the platform says to credentials from now on; the account is the token's text before its colon. */
  failure: ChannelFailure | undefined
  /** Credentials that were tested. */
  tested: { settings: object; secrets: object }[]
  /** What was answered inside a request. */
  answers: unknown[]
}

/** A platform of nobody's, in the place of every channel: JSON of our own updates, signed with `app_secret`. */
export const createFakePlatform = (): FakePlatform => {
  const platform: Omit<FakePlatform, 'channels'> = { failure: undefined, tested: [], answers: [] }
  const note = async (_connection: unknown, { queryRef }: { queryRef: string }, answer: object) => {
    platform.answers.push({ query: queryRef, answer })
    return true
  }
  const channel: Omit<Channel, 'id'> = {
    settings: z.strictObject({ greeting: z.string().max(20).optional(), quiet: z.boolean().optional() }),
    secrets: z.strictObject({ token: z.string().min(3), app_secret: z.string().min(1) }),
    capabilities: ({ quiet }) => ({
      nativePay: [],
      veto: quiet === true,
      shipping: false,
      tips: false,
      partialRefund: false,
      expiry: undefined,
      editMessage: false,
      receipt: 'message',
      window: { hours: null, afterWindow: 'none' },
      buttons: { max: 1, titleMax: 20, urlMax: 1000 },
      text: { max: 1000 },
      idempotentSend: false,
      ratePerSecond: 1,
    }),
    test: async ({ settings, secrets }) => {
      platform.tested.push({ settings, secrets })
      if (platform.failure) return { ok: false, failure: platform.failure }
      const [externalId = ''] = (secrets.token ?? '').split(':')
      return { ok: true, externalId, name: `@bot_${externalId}` }
    },
    render: ({ content }) => ({ method: 'send', payload: {}, text: content.text, warnings: [] }),
    send: async () => ({ outcome: 'sent', ref: undefined }),
    receive: ({ body, headers, connection }) => {
      if (!isEqual(headers['x-signature'] ?? '', sign(connection.secrets.app_secret ?? '', body)))
        return { ok: false, reason: 'the signature does not fit' }
      return { ok: true, updates: readUpdates(body) }
    },
    handshake: ({ query, connection }) =>
      query['hub.verify'] === connection.secrets.app_secret
        ? { status: 200, body: String(query['hub.challenge']) }
        : undefined,
    acknowledgement: { contentType: 'text/plain', body: 'EVENT_RECEIVED' },
    answerPreCheckout: note,
    answerShipping: note,
  }
  const channels = Object.fromEntries(channelIds.map((id) => [id, { ...channel, id }])) as unknown as Channels
  return Object.assign(platform, { channels })
}

export const sign = (secret: string, body: string | Buffer): string =>
  createHmac('sha256', secret).update(body).digest('hex')

/** As the fake sends them: amounts as text, times as ISO. */
export const write = (updates: readonly object[]): string =>
  JSON.stringify(updates, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

const readUpdates = (body: Buffer): Inbound[] => {
  try {
    const list = JSON.parse(body.toString('utf8')) as (Record<string, unknown> & { at: string })[]
    return list.map((one) => ({
      ...one,
      at: new Date(one.at),
      ...(typeof one.amount === 'string' ? { amount: BigInt(one.amount) } : {}),
    })) as unknown as Inbound[]
  } catch {
    return []
  }
}
