import type Stripe from 'stripe'

/** Where to send the payer for Stripe's next action, if that action has a page at all. */
export const actionUrl = (action: Stripe.PaymentIntent.NextAction | null): string | undefined => {
  const read = action && Object.hasOwn(actionUrls, action.type) ? actionUrls[action.type as ActionType] : undefined
  return action ? (read?.(action) ?? undefined) : undefined
}

type ActionType = Exclude<keyof Stripe.PaymentIntent.NextAction, 'type'>

/** Undefined: the action has no page of its own (it runs in Stripe.js, in a bank's app, or as a printed code). */
const actionUrls: Record<ActionType, (action: Stripe.PaymentIntent.NextAction) => string | null | undefined> = {
  alipay_handle_redirect: (action) => action.alipay_handle_redirect?.url,
  blik_authorize: () => undefined,
  boleto_display_details: (action) => action.boleto_display_details?.hosted_voucher_url,
  card_await_notification: () => undefined,
  cashapp_handle_redirect_or_display_qr_code: (action) =>
    action.cashapp_handle_redirect_or_display_qr_code?.hosted_instructions_url,
  display_bank_transfer_instructions: (action) => action.display_bank_transfer_instructions?.hosted_instructions_url,
  klarna_display_qr_code: () => undefined,
  konbini_display_details: (action) => action.konbini_display_details?.hosted_voucher_url,
  multibanco_display_details: (action) => action.multibanco_display_details?.hosted_voucher_url,
  oxxo_display_details: (action) => action.oxxo_display_details?.hosted_voucher_url,
  paynow_display_qr_code: (action) => action.paynow_display_qr_code?.hosted_instructions_url,
  pix_display_qr_code: (action) => action.pix_display_qr_code?.hosted_instructions_url,
  promptpay_display_qr_code: (action) => action.promptpay_display_qr_code?.hosted_instructions_url,
  redirect_to_url: (action) => action.redirect_to_url?.url,
  swish_handle_redirect_or_display_qr_code: (action) =>
    action.swish_handle_redirect_or_display_qr_code?.hosted_instructions_url,
  upi_handle_redirect_or_display_qr_code: (action) =>
    action.upi_handle_redirect_or_display_qr_code?.hosted_instructions_url,
  use_stripe_sdk: () => undefined,
  verify_with_microdeposits: (action) => action.verify_with_microdeposits?.hosted_verification_url,
  wechat_pay_display_qr_code: (action) => action.wechat_pay_display_qr_code?.hosted_instructions_url,
  wechat_pay_redirect_to_android_app: () => undefined,
  wechat_pay_redirect_to_ios_app: (action) => action.wechat_pay_redirect_to_ios_app?.native_url,
}
