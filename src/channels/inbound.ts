import type { Currency } from '#kernel/currencies.ts'
import type { PostalAddress } from './card.ts'

/** One thing that a platform told us, in our words. A webhook may carry several. Times are the platform's. */
export type Inbound = InboundBase &
  (
    | InboundMessage
    | InboundReceipt
    | InboundPreCheckout
    | InboundShipping
    | InboundPayment
    | InboundRefund
    | InboundMove
    | InboundConsent
    /** The person blocked us or left, and nothing can be sent; or let us in again. */
    | { readonly kind: 'unreachable' | 'reachable'; readonly threadId: string }
    | { readonly kind: 'touch'; readonly from: InboundSender; readonly touch: Touch }
    /** The platform restricted our access: template refused, page restricted. `isFatal`: nothing can be sent any more. */
    | { readonly kind: 'notice'; readonly code: string; readonly message: string; readonly isFatal?: boolean }
    /** Known and of no interest, or a type we do not know: kept, never a guess. */
    | { readonly kind: 'ignored' | 'unknown' }
  )

interface InboundBase {
  /** Names this update for ever (§9.1: `mid`, `update_id`, `webhookEventId`, `wamid` + status): the key of deduplication. */
  readonly ref: string
  /** The platform's own name of it, for people: `message`, `messaging_postbacks`, `pre_checkout_query`. */
  readonly type: string
  readonly at: Date
}

/** Who wrote, and where. `threadId` is the platform's key of the conversation; in a one-to-one chat the person's own. */
export interface InboundSender {
  readonly threadId: string
  readonly personId: string
  readonly name?: string
  readonly locale?: string
  readonly threadTitle?: string
}

export interface InboundMessage {
  readonly kind: 'message'
  readonly from: InboundSender
  /** ≤ 4096 characters; empty for what is no text (stickers, locations). */
  readonly text: string
  /** A tapped button of ours or of the merchant's bot. */
  readonly postback?: string
  readonly touch?: Touch
  /** The platform's id of the message. */
  readonly messageRef: string
}

/** What became of a message of ours. */
export interface InboundReceipt {
  readonly kind: 'receipt'
  /** Ids at the platform; or everything in the thread up to `at` (Messenger's watermark). */
  readonly messageRefs: readonly string[] | { readonly threadId: string; readonly upTo: Date }
  readonly state: 'sent' | 'delivered' | 'read' | 'failed'
  readonly failure?: ChannelFailure
}

/** The platform asks before it charges; answered inside the request. */
export interface InboundPreCheckout {
  readonly kind: 'pre_checkout'
  readonly queryRef: string
  readonly from: InboundSender
  /** `NativeOffer.payload` */
  readonly payload: string
  readonly amount: bigint
  readonly currency: Currency
  readonly shippingOption?: string
  readonly buyer?: {
    readonly name?: string
    readonly email?: string
    readonly phone?: string
    readonly address?: PostalAddress
  }
}

/** The platform asks what shipping costs; answered inside the request. */
export interface InboundShipping {
  readonly kind: 'shipping_query'
  readonly queryRef: string
  readonly from: InboundSender
  readonly payload: string
  readonly address: PostalAddress
}

/** Money news of a native payment. */
export interface InboundPayment {
  readonly kind: 'payment'
  readonly from?: InboundSender
  /** `NativeOffer.payload` where the platform carries it, else the message's reference (`Card.reference`). */
  readonly payload: string
  readonly state: 'pending' | 'succeeded' | 'failed'
  readonly amount: bigint
  readonly currency: Currency
  /** The platform's id of the payment, unique: `telegram_payment_charge_id`, WhatsApp's transaction id. */
  readonly platformRef: string
  /** The processor's own id, where the refund must be asked for. */
  readonly processorRef?: string
  readonly method?: string
  readonly failure?: string
  /** True: a hint only; look it up before believing it (WhatsApp). */
  readonly isHint: boolean
}

export interface InboundRefund {
  readonly kind: 'refund'
  readonly payload: string
  readonly platformRef: string
  readonly amount: bigint
  readonly currency: Currency
  readonly state: 'pending' | 'succeeded' | 'failed'
  readonly refundRef: string
}

/** A conversation got another id (Telegram: group → supergroup). */
export interface InboundMove {
  readonly kind: 'move'
  readonly fromThreadId: string
  readonly toThreadId: string
}

/** The person said yes or no to messages by a template, where the platform wants to be asked for each. */
export interface InboundConsent {
  readonly kind: 'consent'
  readonly from: InboundSender
  /** The platform's ids of the templates: by each of them one message may be sent. */
  readonly accepted: readonly string[]
  /** By these none may be sent any more. */
  readonly withdrawn: readonly string[]
}

/** How a person came to the thread. Everything in it was visible to, or chosen by, strangers: never trusted. */
export interface Touch {
  readonly source: 'ad' | 'link' | 'qr' | 'other'
  readonly adId?: string
  readonly ref?: string
  /** WhatsApp's click id. */
  readonly ctwaClid?: string
  readonly url?: string
  readonly title?: string
}

/** One reason for all platforms, with the platform's own code beside it. */
export interface ChannelFailure {
  readonly reason: FailureReason
  /** The platform's code: `10/2018278`, `131047`, `403 Forbidden: bot was blocked by the user`. */
  readonly code: string
  /** What a merchant should do about it, one English sentence. */
  readonly advice: string
}

export type FailureReason =
  /** Outside the time in which the platform lets a business write: the ladder's next rung. */
  | 'window_closed'
  /** The person cannot be reached: blocked, left, deleted. */
  | 'recipient_unavailable'
  /** Too fast; `retryAfterMs` says when. */
  | 'rate_limited'
  /** Token revoked or permission missing: every message of this connection would fail. */
  | 'connection_broken'
  /** The platform refuses this very content. */
  | 'content_refused'
  /** The message to edit is gone or too old. */
  | 'not_editable'
  /** The platform has trouble; the same message may succeed later. */
  | 'temporary'
  | 'unknown'
