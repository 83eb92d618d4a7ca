import type { z } from 'zod'
import type { Currency } from '#kernel/currencies.ts'
import type { Card } from './card.ts'
import type { ChannelFailure, Inbound, InboundPreCheckout, InboundSender, InboundShipping } from './inbound.ts'
import type { ChannelPayments } from './payments.ts'

/**
 * The port to a chat platform. Slices know only the files of this folder; an adapter (`channels/telegram/`) implements
 * it and `app.ts` registers it. What a platform can do is data (`capabilities`), never a question of its name.
 */
export const channelIds = ['messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom'] as const
export type ChannelId = (typeof channelIds)[number]

export const isChannelId = (text: string): text is ChannelId => (channelIds as readonly string[]).includes(text)

/** A merchant's account at a platform, opened: `secrets` are plain. Never logged, never stored like this. */
export interface Connection {
  readonly merchantId: string
  readonly id: string
  readonly channel: ChannelId
  /** How the platform names the account: page id, phone number id, bot id, LINE destination, WeChat appid. */
  readonly externalId: string
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string>>
  readonly livemode: boolean
}

export interface ChannelCapabilities {
  /** Currencies that can be paid inside the chat through this connection; empty: the hosted page only. */
  readonly nativePay: 'all' | readonly Currency[]
  /** Currencies for which the hosted page leads to an invoice at the platform instead of a provider's page; absent: none. */
  readonly invoiceLinks?: readonly Currency[]
  /** A page that is opened inside the platform says who opened it, and is asked to: cards are kept for that person alone. */
  readonly knowsOpener?: boolean
  /** The platform asks us before it charges. */
  readonly veto: boolean
  readonly shipping: boolean
  readonly tips: boolean
  readonly partialRefund: boolean
  /** Least life of a native request, in seconds; undefined: it has none of its own. */
  readonly expiry: { readonly minSeconds: number } | undefined
  readonly editMessage: boolean
  readonly receipt: 'template' | 'message'
  /** Hours after the person's last message in which anything may be sent (null: no limit), and what is left afterwards. */
  readonly window: { readonly hours: number | null; readonly afterWindow: 'none' | 'template' | 'utility' | 'consent' }
  readonly buttons: { readonly max: number; readonly titleMax: number; readonly urlMax: number }
  readonly text: { readonly max: number }
  /** The platform forgets a repeated send with the same key; without it a send of unknown outcome is never repeated. */
  readonly idempotentSend: boolean
  /** Messages per second that one connection may send. */
  readonly ratePerSecond: number
}

/** How a message goes out: freely in the window, or by what the platform allows after it. */
export type Rung = 'window' | 'template' | 'utility' | 'consent'

export interface RenderRequest {
  readonly connection: Pick<Connection, 'channel' | 'externalId' | 'settings' | 'name'>
  /** The platform's id of the conversation. */
  readonly threadExternalId: string
  readonly locale: string
  readonly content: { readonly text: string; readonly card?: Card }
  readonly rung: Rung
  /** Our id of the message (`msg_…`), for platforms that carry one. */
  readonly messageId: string
  /** The message at the platform that is changed instead of sending a new one. */
  readonly edits?: string
  readonly now: Date
}

/** A request to the platform, ready to go; the same input gives the same bytes. */
export interface Rendered {
  /** The platform's own name of the call: `sendInvoice`, `POST /{page-id}/messages`. */
  readonly method: string
  /** Exactly the JSON body that goes to it. */
  readonly payload: Readonly<Record<string, unknown>>
  /** What a person without the card reads. */
  readonly text: string
  /** The template that the person has agreed to get one message by: sending uses that up. */
  readonly consent?: string
  /** What was shortened or left out, with the limit that asked for it: "title: 80 characters, shortened". */
  readonly warnings: readonly string[]
}

/** Thrown by `render` for what cannot be shortened by rule; the message names the platform's limit. */
export class CardRefusedError extends Error {
  override name = 'CardRefusedError'
}

export type SendAnswer =
  /** `ref`: the platform's id of the message, where it tells one. */
  | { readonly outcome: 'sent'; readonly ref: string | undefined }
  /** Certainly not sent. */
  | {
      readonly outcome: 'refused'
      readonly failure: ChannelFailure
      readonly retryAfterMs?: number
      readonly movedTo?: string
    }
  /** Nobody knows: the connection broke after the request went out. */
  | { readonly outcome: 'unknown'; readonly reason: string }

export interface WebhookInput {
  /** Raw bytes as they came. */
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | undefined>>
  readonly connection: Connection
  readonly now: Date
}

export type WebhookVerdict =
  | { readonly ok: true; readonly updates: readonly Inbound[] }
  /** Wrong, missing or stale signature, or no body of this platform: nothing of it may be used. */
  | { readonly ok: false; readonly reason: string }

export type PreCheckoutAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }
export interface ShippingChoice {
  readonly id: string
  readonly title: string
  readonly prices: readonly { readonly label: string; readonly amount: bigint }[]
}

export interface Channel {
  readonly id: ChannelId
  /** What `POST /v1/connections` takes: settings are shown again, secrets never. Both strict objects. */
  readonly settings: z.ZodObject
  readonly secrets: z.ZodObject
  capabilities(settings: Readonly<Record<string, unknown>>): ChannelCapabilities
  /** Asks the platform whether the credentials work and whose they are. At most 10 s. */
  test(
    connection: Omit<Connection, 'externalId' | 'name'>,
  ): Promise<{ ok: true; externalId: string; name: string } | { ok: false; failure: ChannelFailure }>
  /** Pure. */
  render(request: RenderRequest): Rendered
  /** One call to the platform, at most 10 s. `key`: the idempotency key where the platform has one. Never throws. */
  send(connection: Connection, rendered: Rendered, options: { key: string }): Promise<SendAnswer>
  /** Over the raw bytes, in constant time, then reads the updates. Never throws, whatever came. */
  receive(input: WebhookInput): WebhookVerdict
  /** The platform's question whether this address is ours (GET); undefined: refused. */
  handshake?(input: Omit<WebhookInput, 'body'>): { status: number; body: string } | undefined
  /** What the platform wants to read in the 200, if not `{}`. */
  readonly acknowledgement?: { contentType: string; body: string }
  /** A JSON body for the 200 that does something besides: Telegram takes a call in it. */
  replyTo?(updates: readonly Inbound[]): string | undefined
  /** Answers inside the request; at most 5 s each. False: the platform did not take the answer. */
  answerPreCheckout?(connection: Connection, query: InboundPreCheckout, answer: PreCheckoutAnswer): Promise<boolean>
  answerShipping?(
    connection: Connection,
    query: InboundShipping,
    answer: { ok: true; currency: Currency; options: readonly ShippingChoice[] } | { ok: false; message: string },
  ): Promise<boolean>
  /** Whose proof of identity this is, from a page that was opened inside the platform; undefined: not to be believed. */
  identify?(connection: Connection, proof: string, now: Date): InboundSender | undefined
  /** Set where money can move inside the chat. */
  readonly payments?: ChannelPayments
}

export type Channels = Readonly<Record<ChannelId, Channel>>
