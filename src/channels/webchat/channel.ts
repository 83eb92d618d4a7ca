import { z } from 'zod'
import type { Channel, ChannelCapabilities } from '#channels/channel.ts'
import { renderWebchat } from './render.ts'

const webchatSettings = z.strictObject({
  allowed_origins: z
    .array(
      z.string().regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be an origin, for example https://shop.example'),
    )
    .max(20)
    .default([])
    .meta({ description: 'Sites that may show the chat.' }),
})

/**
 * Our own web chat. Its client reads messages from us, so there is no platform to call and nothing to verify: a message
 * is delivered once it is stored, and follows what it shows by itself.
 */
export const createWebchatChannel = (): Channel => ({
  id: 'webchat',
  settings: webchatSettings,
  secrets: z.strictObject({}),
  capabilities: () => capabilities,
  test: async () => ({ ok: true, externalId: 'webchat', name: 'Web chat' }),
  render: renderWebchat,
  send: async () => ({ outcome: 'sent', ref: undefined }),
  receive: () => ({ ok: false, reason: 'the web chat posts its messages to the API' }),
})

const capabilities: ChannelCapabilities = {
  nativePay: [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: false,
  expiry: undefined,
  editMessage: true,
  receipt: 'message',
  window: { hours: null, afterWindow: 'none' },
  buttons: { max: 20, titleMax: 200, urlMax: 2048 },
  text: { max: 4096 },
  idempotentSend: true,
  ratePerSecond: 1000,
}
