import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Channel, Channels } from '#channels/channel.ts'
import type { ChannelFailure, Inbound } from '#channels/inbound.ts'
import { isEqual } from '#platform/crypto.ts'
import { createChannels } from '../../src/app-channels.ts'

export interface FakePlatform {
  channel: Channel
  channels: Channels
  /** What the platform says to credentials from now on; the account is the token's text before its colon. */
  failure: ChannelFailure | undefined
  /** Credentials that were tested. */
  tested: { settings: object; secrets: object }[]
  /** What was answered inside a request. */
  answers: unknown[]
}

/** A platform of nobody's: JSON of our own updates, signed with the connection's `app_secret`. */
export const createFakePlatform = (): FakePlatform => {
  const real = createChannels({})
  const platform: FakePlatform = {
    failure: undefined,
    tested: [],
    answers: [],
    channel: {
      ...real.telegram,
      id: 'telegram',
      settings: z.strictObject({ greeting: z.string().max(20).optional(), quiet: z.boolean().optional() }),
      secrets: z.strictObject({ token: z.string().min(3), app_secret: z.string().min(1) }),
      capabilities: (settings) => ({ ...real.line.capabilities({}), veto: settings.quiet === true }),
      test: async ({ settings, secrets }) => {
        platform.tested.push({ settings, secrets })
        if (platform.failure) return { ok: false, failure: platform.failure }
        const [externalId = ''] = (secrets.token ?? '').split(':')
        return { ok: true, externalId, name: `@bot_${externalId}` }
      },
      receive: ({ body, headers, connection }) => {
        if (!isEqual(headers['x-signature'] ?? '', sign(connection.secrets.app_secret ?? '', body)))
          return { ok: false, reason: 'the signature does not fit' }
        return { ok: true, updates: readUpdates(body) }
      },
      handshake: ({ query, connection }) =>
        query.verify === connection.secrets.app_secret ? { status: 200, body: String(query.challenge) } : undefined,
      answerPreCheckout: async (_connection, query, answer) => {
        platform.answers.push({ query: query.queryRef, answer })
        return true
      },
      answerShipping: async (_connection, query, answer) => {
        platform.answers.push({ query: query.queryRef, answer })
        return true
      },
    },
    channels: real,
  }
  platform.channels = { ...real, telegram: platform.channel }
  return platform
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
