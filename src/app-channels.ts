import { z } from 'zod'
import type { Channel, ChannelId, Channels } from '#channels/channel.ts'
import { createCustomChannel } from '#channels/custom/channel.ts'
import { createLineChannel } from '#channels/line/channel.ts'
import { createMessengerChannel } from '#channels/messenger/channel.ts'
import { createTelegramChannel } from '#channels/telegram/channel.ts'
import { createWebchatChannel } from '#channels/webchat/channel.ts'
import { createWechatChannel } from '#channels/wechat/channel.ts'
import { type Clock, systemClock } from '#kernel/clock.ts'
import { createNativeProvider, type NativeProviderDeps } from '#payments/native-provider-service.ts'
import { createOutbound } from '#platform/outbound.ts'
import type { PaymentProvider } from '#providers/provider.ts'

/** Where the platforms' APIs are, if not at their own addresses: tests, proxies, a Telegram Bot API server of one's own. */
export interface ChannelEndpoints {
  meta?: string | undefined
  telegram?: string | undefined
  line?: string | undefined
  wechat?: string | undefined
}

export interface ChannelOptions {
  /** Where a merchant's Telegram payments are given back when Stripe has processed them. */
  stripe?: PaymentProvider
  clock?: Clock
  /** As for notifications: a merchant's own chat system may stand in a private network. */
  allowPrivate?: boolean
}

export const createChannels = (
  endpoints: ChannelEndpoints,
  { stripe, clock = systemClock, allowPrivate = false }: ChannelOptions = {},
): Channels => ({
  messenger: createMessengerChannel({ apiBase: endpoints.meta }),
  whatsapp: absent('whatsapp'),
  telegram: createTelegramChannel({
    apiBase: endpoints.telegram,
    processors: { stripe },
    now: () => clock.now(),
  }),
  wechat: createWechatChannel({ apiBase: endpoints.wechat, clock }),
  line: createLineChannel({ apiBase: endpoints.line }),
  webchat: createWebchatChannel(),
  custom: createCustomChannel({ clock, outbound: createOutbound({ allowPrivate, timeoutMs: 10_000 }) }),
})

/** The platforms that take money themselves. A refund of unknown outcome is repeated only where a key makes it one. */
export const createNativeProviders = (
  deps: Omit<NativeProviderDeps, 'id' | 'idempotencyHorizonMs'>,
): Record<NativeProviderDeps['id'], PaymentProvider> => ({
  telegram: createNativeProvider({ ...deps, id: 'telegram', idempotencyHorizonMs: 24 * 3_600_000 }),
  whatsapp: createNativeProvider({ ...deps, id: 'whatsapp', idempotencyHorizonMs: 0 }),
})

// Replaced adapter by adapter.
const absent = (id: ChannelId): Channel => ({
  id,
  settings: z.strictObject({}),
  secrets: z.strictObject({}),
  capabilities: () => ({
    nativePay: [],
    veto: false,
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
  test: async () => ({ ok: false, failure: { reason: 'unknown', code: '', advice: '' } }),
  render: ({ content }) => ({ method: '', payload: {}, text: content.text, warnings: [] }),
  send: async () => ({ outcome: 'unknown', reason: 'no adapter' }),
  receive: () => ({ ok: false, reason: 'no adapter' }),
})
