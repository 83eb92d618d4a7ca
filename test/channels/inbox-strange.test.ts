import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { ChannelId } from '#channels/channel.ts'
import { showId } from '#kernel/ids.ts'
import { createWorld, type World } from '../support/world.ts'

const secret = 'a-secret-of-the-platform'
const hmac = (body: string, encoding: 'hex' | 'base64') => createHmac('sha256', secret).update(body).digest(encoding)
const metaHeaders = (body: string) => ({ 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` })

interface Platform {
  channel: ChannelId
  settings: object
  secrets: Record<string, string>
  headers: (body: string) => Record<string, string>
  /** A true message of the platform, for mutations to start from. */
  sample: object
}

const platforms: Platform[] = [
  {
    channel: 'messenger',
    settings: { page_id: '1' },
    secrets: { page_access_token: 't', app_secret: secret, verify_token: secret },
    headers: metaHeaders,
    sample: {
      object: 'page',
      entry: [
        {
          id: '1',
          time: 1,
          messaging: [
            {
              sender: { id: '2' },
              recipient: { id: '1' },
              timestamp: 1_763_632_800_000,
              message: { mid: 'm', text: 'Hi' },
            },
          ],
        },
      ],
    },
  },
  {
    channel: 'whatsapp',
    settings: { phone_number_id: '1' },
    secrets: { access_token: 't', app_secret: secret, verify_token: secret },
    headers: metaHeaders,
    sample: {
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '1',
          changes: [
            {
              field: 'messages',
              value: {
                messaging_product: 'whatsapp',
                metadata: { phone_number_id: '1' },
                contacts: [{ wa_id: '2', profile: { name: 'A' } }],
                messages: [{ from: '2', id: 'wamid.1', timestamp: '1763632800', type: 'text', text: { body: 'Hi' } }],
              },
            },
          ],
        },
      ],
    },
  },
  {
    channel: 'telegram',
    settings: {},
    secrets: { bot_token: '1:a', secret_token: secret },
    headers: () => ({ 'x-telegram-bot-api-secret-token': secret }),
    sample: {
      update_id: 1,
      message: {
        message_id: 1,
        date: 1_763_632_800,
        chat: { id: 2, type: 'private' },
        from: { id: 2, first_name: 'A' },
        text: 'Hi',
      },
    },
  },
  {
    channel: 'line',
    settings: {},
    secrets: { channel_access_token: 't', channel_secret: secret },
    headers: (body) => ({ 'x-line-signature': hmac(body, 'base64') }),
    sample: {
      destination: 'U1',
      events: [
        {
          type: 'message',
          webhookEventId: 'e1',
          timestamp: 1_763_632_800_000,
          source: { type: 'user', userId: 'U2' },
          message: { id: '1', type: 'text', text: 'Hi' },
        },
      ],
    },
  },
]

/** The sample with one of its values replaced by anything. */
const mutated = (sample: object) =>
  fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([place, value]) => {
    let left = place % JSON.stringify(sample).split(/[:[,]/).length
    return JSON.stringify(sample, (_key, old: unknown) => (left-- === 0 ? value : old))
  })

describe('strange bodies with a good signature', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  for (const { channel, settings, secrets, headers, sample } of platforms) {
    test(`${channel}: are never our fault, and leave nothing that cannot be worked off`, async () => {
      const id = await world.app.services.connections.insertConnection(
        { merchantId: world.shop.uuid, livemode: false },
        channel,
        { externalId: '1', name: 'Bot', settings: { ...settings }, secrets },
      )
      const url = `${world.url}/webhooks/channels/${channel}/${showId('connection', id)}`
      const send = async (body: string): Promise<number> =>
        (await fetch(url, { method: 'POST', body, headers: headers(body) })).status
      assert.equal(await send(JSON.stringify(sample)), 200)
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(fc.json(), fc.string({ unit: 'binary' }), mutated(sample), mutated(sample)),
          async (body) => assert.ok((await send(body)) < 500, body),
        ),
        { numRuns: 60 },
      )
      await world.settle()
      const { body } = await world.request('merchant').get(`/v1/channel_updates?limit=100&channel=${channel}`)
      const states = body.data.map((one: { state: string; reason: string | null }) => `${one.state} ${one.reason}`)
      assert.ok(states.includes('processed null'), 'the true one was heard')
      assert.deepEqual(
        states.filter((one: string) => one.startsWith('received')),
        [],
      )
    })
  }
})
