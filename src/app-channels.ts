import type { Channels } from '#channels/channel.ts'
import { createCustomChannel } from '#channels/custom/channel.ts'
import { createLineChannel } from '#channels/line/channel.ts'
import { createMessengerChannel } from '#channels/messenger/channel.ts'
import { createTelegramChannel } from '#channels/telegram/channel.ts'
import { createWebchatChannel } from '#channels/webchat/channel.ts'
import { createWechatChannel } from '#channels/wechat/channel.ts'
import { createWhatsappChannel } from '#channels/whatsapp/channel.ts'
import { type Clock, systemClock } from '#kernel/clock.ts'
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
  whatsapp: createWhatsappChannel({ apiBase: endpoints.meta, now: () => clock.now() }),
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
