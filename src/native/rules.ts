import type { ChannelId } from '#channels/channel.ts'
import type { InboundPayment } from '#channels/inbound.ts'
import type { Currency } from '#kernel/currencies.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { isShared } from '#payments/transfer.ts'
import type { ProviderCharge, ProviderId, ProviderPayment } from '#providers/provider.ts'

/** Platforms that take money themselves, as the provider of such payments. */
const providers: Partial<Record<ChannelId, ProviderId>> = { telegram: 'telegram', whatsapp: 'whatsapp' }

export const nativeProviderOf = (channel: ChannelId): ProviderId | undefined => providers[channel]

export const isNativeProvider = (id: string): boolean => Object.values<string>(providers).includes(id)

/** How long a platform may take between our yes and its news. After that the payment can be paid another way again. */
export const holdMs = 15 * 60_000

/** Why a platform may not charge. Whoever answers the payer finds the words. */
export type HoldRefusal =
  | 'unknown'
  | 'wrong_payer'
  | 'paid'
  | 'being_paid'
  | 'canceled'
  | 'expired'
  | 'amount_changed'
  /** Something of it must be looked at by a person, or it cannot be paid in the chat at all. */
  | 'not_payable'
  /** Something else is going on with it right now. */
  | 'busy'

export type HoldVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: HoldRefusal }

export interface SeenOffer {
  intent: IntentRow
  /** The request that the payer pressed, as it stands. */
  native: { id: string; state: NativeState; payer: string | null } | undefined
  /** Who alone may pay, at the same platform; undefined: whoever was given the request. */
  onlyPayer: string | undefined
}

export interface HoldFacts extends SeenOffer {
  /** The person who asks, at the platform. */
  payer: string
  now: Date
}

export type NativeState = 'offered' | 'held' | 'paid' | 'released' | 'conflicted'

/** Whether a platform may charge this payer for it, the amount aside. */
export const judgeHold = ({ intent, native, payer, onlyPayer, now }: HoldFacts): HoldVerdict => {
  if (onlyPayer !== undefined && onlyPayer !== payer) return refuse('wrong_payer')
  const isForAccount = intent.capture_method === 'manual' || isShared(intent)
  if (intent.conflict !== null || isForAccount) return refuse('not_payable')
  if (intent.status === 'succeeded' || intent.status === 'requires_capture') return refuse('paid')
  if (intent.status === 'canceled') return refuse(intent.cancellation_reason === 'expired' ? 'expired' : 'canceled')
  // A card that was declined at the platform makes it ask again for the same payer.
  const isRepeat = native?.state === 'held' && native.payer === payer && intent.provider_ref === native.id
  if (!isRepeat && (intent.status === 'processing' || intent.status === 'requires_action')) return refuse('being_paid')
  if (intent.expires_at !== null && intent.expires_at <= now) return refuse('expired')
  return { ok: true }
}

/** What a hold makes of a payment, its provider aside. */
export const heldChange = { status: 'processing', next_action: null } as const

/** The platform's account is the thread's connection; it is none of those that payments are sent to. */
export const takenBy = (provider: ProviderId, nativeId: string) =>
  ({ provider, provider_connection_id: null, provider_ref: nativeId }) as const

/** Nobody has begun to pay it in any way: a hold needs no more than that nothing has changed since. */
export const isUntouched = ({ intent, native }: SeenOffer): boolean =>
  isFree(intent) &&
  intent.options.let_go !== true &&
  (!native || native.state === 'offered' || native.state === 'released')

/** The amount and currency that the platform would charge against ours. */
export const judgeAmount = (
  intent: Pick<IntentRow, 'amount' | 'currency'>,
  asked: { amount: bigint; currency: string },
): HoldVerdict =>
  intent.amount === asked.amount && intent.currency === asked.currency ? { ok: true } : refuse('amount_changed')

const refuse = (reason: HoldRefusal): HoldVerdict => ({ ok: false, reason })

/** Whether a platform's payment may become the one that is followed: nobody else has taken it or may still take it. */
export const isFree = (intent: IntentRow): boolean =>
  isBeforeMoney(intent.status) && intent.status !== 'requires_action' && intent.page_ref === null

/** What the platform told us, in the provider port's words. `ref` names the payment: ours to choose. */
export const toProviderPayment = (ref: string, channel: string, news: NativeNews): ProviderPayment => {
  const isPaid = news.state === 'succeeded'
  const decline =
    news.state === 'failed'
      ? { code: 'payment_intent_payment_attempt_failed', message: news.failure ?? 'The payment failed in the chat.' }
      : undefined
  const charge: ProviderCharge = {
    ref: news.platformRef,
    state: news.state,
    amount: news.amount,
    amountCaptured: isPaid ? news.amount : 0n,
    amountRefunded: 0n,
    captured: isPaid,
    method: { type: news.method ?? channel },
    createdAt: news.at,
    ...(decline ? { decline } : {}),
  }
  const state = { succeeded: 'succeeded', pending: 'processing', failed: 'requires_payment_method' } as const
  return {
    ref,
    state: state[news.state],
    amount: news.amount,
    amountCapturable: 0n,
    amountReceived: isPaid ? news.amount : 0n,
    currency: news.currency,
    charge,
    tags: {},
    ...(decline ? { decline } : {}),
  }
}

export type NativeNews = Omit<InboundPayment, 'kind' | 'isHint'> & { readonly at: Date }

/** A payment that the platform may charge, of which nothing has been heard. */
export const heldPayment = (ref: string, amount: bigint, currency: Currency): ProviderPayment => ({
  ref,
  state: 'processing',
  amount,
  amountCapturable: 0n,
  amountReceived: 0n,
  currency,
  tags: {},
})

const minute = 60_000
const lookDays = 7

/** The next look-up of a request that may be paid without our hearing of it: after as long as it has stood already. */
export const nextLook = (createdAt: Date, now: Date): Date | null => {
  const age = now.getTime() - createdAt.getTime()
  if (age > lookDays * 24 * 60 * minute) return null
  const wait = Math.min(Math.max(age, minute), 6 * 60 * minute) // exact: a wait, not money
  return new Date(now.getTime() + wait)
}
