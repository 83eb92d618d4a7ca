import { showId } from '#kernel/ids.ts'
import type { ProviderDecline, ProviderPayment } from '#providers/provider.ts'
import { feesOf } from './charge-facts.ts'
import type { ChargeRow } from './charge-view.ts'
import type { IntentRow } from './intent-view.ts'
import type { NewsVerdict } from './provider-news.ts'
import type { IntentChange } from './repo.ts'

export type Change = Extract<NewsVerdict, { kind: 'change' }>

interface Told {
  readonly payment: ProviderPayment
  readonly charge: ChargeRow | undefined
  readonly cancellationReason: string | undefined
}

/** What the rules ask of our row. */
export const factsOf = (row: IntentRow, amountPending: bigint | undefined) => ({
  status: row.status,
  captureMethod: row.capture_method,
  amount: row.amount,
  currency: row.currency,
  amountAuthorized: row.amount_authorized,
  amountCaptured: row.amount_captured,
  providerRef: row.provider_ref,
  amountPending,
  hasPage: row.page_ref !== null,
})

export const chargeFacts = (row: ChargeRow) => ({
  status: row.status,
  amount: row.amount,
  amountCaptured: row.amount_captured,
  captured: row.captured,
  feeRefs: feesOf(row).map(({ ref }) => ref),
})

/** What a change of the provider's makes of our row. */
export const changeOf = (
  row: IntentRow,
  verdict: Change,
  { payment, charge, cancellationReason }: Told,
  { now, publicUrl, checkoutUrl }: { now: Date; publicUrl: string; checkoutUrl: string },
): IntentChange => {
  const isCanceled = verdict.status === 'canceled'
  const hasFailed = verdict.status === 'requires_payment_method' && payment.decline !== undefined
  const returnUrl = row.return_url ?? `${checkoutUrl}?returned=1`
  return {
    status: verdict.status,
    amount: verdict.amount,
    amount_authorized: verdict.amountAuthorized,
    amount_capturable: verdict.amountCapturable,
    amount_captured: verdict.amountCaptured,
    provider_ref: payment.ref,
    // A failed method cannot be used again; Stripe clears it too.
    payment_method: hasFailed ? null : (payment.methodRef ?? row.payment_method),
    next_action:
      verdict.status === 'requires_action' && payment.actionUrl !== undefined
        ? { type: 'redirect_to_url', redirect_to_url: { url: payment.actionUrl, return_url: returnUrl } }
        : null,
    ...(payment.decline && hasFailed ? { last_payment_error: showDecline(payment.decline, charge, publicUrl) } : {}),
    ...(verdict.status === 'succeeded' || verdict.status === 'requires_capture' ? { last_payment_error: null } : {}),
    ...(charge ? { latest_charge_id: charge.id } : {}),
    ...(isCanceled
      ? {
          canceled_at: row.canceled_at ?? now,
          cancellation_reason: cancellationReason ?? payment.canceledReason ?? null,
        }
      : {}),
  }
}

/** Leaves the hosted page, and the provider's payment that came of it, behind: the next attempt makes new ones. */
export const withoutPage = (row: IntentRow): IntentChange => ({
  page_ref: null,
  page_url: null,
  page_handover: null,
  page_expires_at: null,
  provider_ref: null,
  next_action: null,
  ...(row.status === 'requires_action' ? { status: 'requires_payment_method' as const } : {}),
})

/** Stripe's error object of a declined attempt. */
export const showDecline = (
  decline: ProviderDecline,
  charge: ChargeRow | undefined,
  publicUrl: string,
): Record<string, unknown> => ({
  type: 'card_error',
  code: decline.code,
  message: decline.message,
  doc_url: `${publicUrl}/docs/errors/${decline.code}`,
  ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
  ...(charge === undefined ? {} : { charge: showId('charge', charge.id) }),
})
