import { isOpen } from '#checkout/checkout-machine.ts'
import type { Checkout } from '#checkout/checkout-view.ts'
import type { DeclineReason, PageState } from '#pages/texts/text-names.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import type { PaymentPage } from '#payments/page-service.ts'

/** What the payer finds, from our own database alone. */
export const stateOf = (intent: IntentRow, now: Date): PageState => {
  if (intent.status === 'succeeded') return isRefunded(intent) ? 'refunded' : 'paid'
  // Provider and we disagree about money: whoever pays now may pay twice.
  if (intent.conflict !== null) return 'checking'
  if (intent.status === 'canceled') return intent.cancellation_reason === 'expired' ? 'expired' : 'canceled'
  if (intent.status === 'requires_capture') return 'authorised'
  if (intent.status === 'processing') return 'processing'
  // The sweep that cancels may be some seconds late; the payer is told the truth already.
  if (intent.expires_at !== null && intent.expires_at <= now) return 'expired'
  if (intent.status === 'requires_action') return 'confirm'
  return intent.last_payment_error === null ? 'payable' : 'declined'
}

/** The same of what may be part of an order. One that costs nothing has let its payment go. */
export const sceneState = ({ page, checkout, now }: Ordered): PageState => {
  const state = stateOf(page.intent, now)
  const isFree = checkout !== undefined && checkout.row.payment_intent_id === null
  if (!isFree && page.way === 'none' && (state === 'payable' || state === 'declined')) return 'unpayable'
  if (!isFree || !['payable', 'declined', 'canceled'].includes(state)) return state
  const { status, expires_at } = checkout.row
  if (status === 'completed') return 'placed'
  if (!isOpen(status)) return status === 'expired' ? 'expired' : 'canceled'
  return expires_at <= now ? 'expired' : 'free'
}

/** The page is a form: an order that can still be changed and paid. */
export const isOrdering = (state: PageState, { checkout }: Pick<Ordered, 'checkout'>): boolean =>
  checkout !== undefined &&
  isOpen(checkout.row.status) &&
  (state === 'payable' || state === 'declined' || state === 'free' || state === 'unreachable')

interface Ordered {
  page: Pick<PaymentPage, 'intent' | 'way'>
  checkout?: Checkout | undefined
  now: Date
}

const isRefunded = ({ amount_captured, amount_refunded, amount_refund_pending }: IntentRow): boolean =>
  amount_captured > 0n && amount_refunded + amount_refund_pending >= amount_captured

export const declineReason = (error: IntentRow['last_payment_error']): DeclineReason =>
  reasons[String(error?.decline_code ?? '')] ?? reasons[String(error?.code ?? '')] ?? 'generic'

/** Codes of Stripe's card errors. Whatever hints at theft or suspicion is left out: the payer may be the thief. */
const reasons: Record<string, DeclineReason> = {
  insufficient_funds: 'funds',
  expired_card: 'expired',
  incorrect_cvc: 'cvc',
  invalid_cvc: 'cvc',
  incorrect_number: 'number',
  invalid_number: 'number',
  processing_error: 'processing',
  issuer_not_available: 'processing',
  try_again_later: 'processing',
  card_velocity_exceeded: 'limit',
  withdrawal_count_limit_exceeded: 'limit',
  authentication_required: 'authentication',
  payment_intent_authentication_failure: 'authentication',
}

/** Where the payer confirms with the bank: the action's own page, or the provider's page that is still open. */
export const confirmationUrl = ({ next_action, page_url }: IntentRow): string | undefined => {
  const action = next_action?.redirect_to_url as { url?: unknown } | undefined
  return typeof action?.url === 'string' ? action.url : (page_url ?? undefined)
}

/** Less than this left, and the provider's page counts as closed, as it does where it is opened. */
const pageSlackMs = 60_000

export const openPageUrl = ({ page_url, page_handover, page_expires_at }: IntentRow, now: Date): string | undefined =>
  page_url !== null &&
  page_handover === null &&
  page_expires_at !== null &&
  page_expires_at.getTime() - now.getTime() > pageSlackMs
    ? page_url
    : undefined
