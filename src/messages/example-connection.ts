import type { ChannelId } from '#channels/channel.ts'
import type { CarrierRow } from './card-repo.ts'

/**
 * Connections for previews of channels that a merchant has not connected yet: what is shown is what a fresh connection
 * would send, so nothing that the merchant must set up first (payments inside the chat, templates).
 */
export const exampleConnection = (
  channel: ChannelId,
): Pick<CarrierRow, 'channel' | 'external_id' | 'name' | 'settings'> => {
  const { id, settings } = examples[channel]
  return { channel, external_id: id, name: 'Example', settings: { ...settings } }
}

const examples = {
  messenger: { id: '102030405060708', settings: { page_id: '102030405060708', graph_version: 'v25.0' } },
  whatsapp: { id: '106540352242922', settings: { phone_number_id: '106540352242922', graph_version: 'v25.0' } },
  telegram: { id: '123456789', settings: {} },
  wechat: { id: 'wx8888888888888888', settings: { app_id: 'wx8888888888888888', kind: 'official_account' } },
  line: { id: 'U0123456789abcdef0123456789abcdef', settings: {} },
  webchat: { id: 'webchat', settings: {} },
  custom: { id: 'example', settings: { name: 'Example', url: 'https://chat.example.com/parley' } },
} as const satisfies Record<ChannelId, { id: string; settings: Record<string, unknown> }>
