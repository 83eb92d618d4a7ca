import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChannelId } from '#channels/channel.ts'
import { createTester } from '#connections/credentials-service.ts'
import { createOutbound } from '#platform/outbound.ts'
import { createChannels } from '../../src/app-channels.ts'
import { adapters } from '../support/adapters.ts'

const given: Record<ChannelId, { settings: object; secrets: object }> = {
  messenger: {
    settings: { page_id: '1234', utility_messages: 'true' },
    secrets: { page_access_token: 'EAAB', app_secret: 'abc', verify_token: 'a-text-of-mine' },
  },
  whatsapp: {
    settings: { phone_number_id: '1234', brazil: { enabled: 'true' } },
    secrets: { access_token: 'EAAB', app_secret: 'abc', verify_token: 'a-text-of-mine' },
  },
  telegram: { settings: { stars: 'true' }, secrets: { bot_token: '7:AA', secret_token: 'a'.repeat(16) } },
  line: { settings: {}, secrets: { channel_access_token: 't', channel_secret: 's' } },
  wechat: {
    settings: { app_id: 'wx0123456789abcdef', kind: 'official_account', window_hours: '24' },
    secrets: { app_secret: 's', token: 'abc' },
  },
  webchat: { settings: {}, secrets: {} },
  custom: {
    settings: { name: 'Desk', url: 'https://chat.example/in', edits: 'true' },
    secrets: { signing_secret: `whsec_${'A'.repeat(32)}` },
  },
}

describe('what the adapters ask for', () => {
  const outbound = createOutbound({ allowPrivate: true })
  const { parse } = createTester({ channels: createChannels({}), adapters, outbound })
  for (const [channel, { settings, secrets }] of Object.entries(given) as [ChannelId, (typeof given)[ChannelId]][]) {
    test(`${channel}: form data becomes what the schema asks for, and a stranger is named`, () => {
      const parsed = parse(channel, { settings, secrets })
      assert.deepEqual(Object.keys(parsed.secrets).toSorted(), Object.keys(secrets).toSorted())
      for (const [name, value] of Object.entries(settings))
        if (value === 'true') assert.equal(parsed.settings[name], true)
      // What is stored is parsed again with every update.
      assert.deepEqual(parse(channel, parsed), parsed)
      assert.throws(() => parse(channel, { settings: { ...settings, nonsense: 1 }, secrets }), {
        code: 'parameter_unknown',
        message: 'Received unknown parameter: settings[nonsense]',
      })
    })
  }
})
