import { createHash, createHmac } from 'node:crypto'
import type { ChannelId, Connection } from '#channels/channel.ts'
import type { FakeUpdate } from './fake-server.ts'

interface Sample {
  externalId: string
  settings: Record<string, unknown>
  secrets: Record<string, string>
  /** What stands on a request that is really the platform's. */
  sign: (body: Buffer, now: Date) => Pick<FakeUpdate, 'headers' | 'query'>
}

const hmac = (secret: string, ...parts: (string | Buffer)[]) =>
  parts.reduce((sum, part) => sum.update(part), createHmac('sha256', secret))

const meta = (body: Buffer) => ({
  headers: { 'x-hub-signature-256': `sha256=${hmac('app-secret', body).digest('hex')}` },
  query: {},
})

const nothing = () => ({ headers: {}, query: {} })
const customSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

/** A connection of every channel, as `POST /v1/connections` takes it. */
export const samples: Readonly<Record<ChannelId, Sample>> = {
  messenger: {
    externalId: '108',
    settings: { page_id: '108' },
    secrets: { page_access_token: 'EAAB', app_secret: 'app-secret', verify_token: 'verify-me' },
    sign: meta,
  },
  whatsapp: {
    externalId: '106',
    settings: { phone_number_id: '106' },
    secrets: { access_token: 'EAAB', app_secret: 'app-secret', verify_token: 'verify-me' },
    sign: meta,
  },
  telegram: {
    externalId: '4839574812',
    settings: {},
    secrets: { bot_token: '4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcK', secret_token: 'a-secret-token-of-ours' },
    sign: () => ({ headers: { 'x-telegram-bot-api-secret-token': 'a-secret-token-of-ours' }, query: {} }),
  },
  wechat: {
    externalId: 'wx2c2769f8efd9abc2',
    settings: { app_id: 'wx2c2769f8efd9abc2', kind: 'official_account' },
    secrets: { app_secret: 's', token: 'spamtest' },
    sign: (_body, now) => {
      const [timestamp, nonce] = [String(Math.floor(now.getTime() / 1000)), 'n1']
      const signature = createHash('sha1').update(['spamtest', timestamp, nonce].sort().join('')).digest('hex')
      return { headers: {}, query: { signature, timestamp, nonce } }
    },
  },
  line: {
    externalId: 'U1',
    settings: {},
    secrets: { channel_access_token: 't', channel_secret: 'line-secret' },
    sign: (body) => ({ headers: { 'x-line-signature': hmac('line-secret', body).digest('base64') }, query: {} }),
  },
  webchat: { externalId: 'webchat', settings: {}, secrets: {}, sign: nothing },
  custom: {
    externalId: 'custom_1',
    settings: { name: 'Our chat', url: 'https://chat.example/parley' },
    secrets: { signing_secret: customSecret },
    sign: (body, now) => {
      const timestamp = String(Math.floor(now.getTime() / 1000))
      const signature = `v0=${hmac(customSecret, `v0:${timestamp}:`, body).digest('hex')}`
      return { headers: { 'parley-request-timestamp': timestamp, 'parley-signature': signature }, query: {} }
    },
  },
}

export const sampleConnection = (channel: ChannelId): Connection => {
  const { externalId, settings, secrets } = samples[channel]
  return { merchantId: 'm', id: 'c', channel, externalId, name: 'Fleurs', settings, secrets, livemode: true }
}
