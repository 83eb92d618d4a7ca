/** Stripe's error types. */
export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'

interface ErrorEntry {
  status: number
  type: ErrorType
  /** One sentence that also says what to do. Shown on the error's own page and used when nothing better is known. */
  title: string
  /** Whether the same request may succeed later without a change. */
  retryable: boolean
}

const invalid = (title: string, status = 400): ErrorEntry => ({
  status,
  type: 'invalid_request_error',
  title,
  retryable: false,
})
const card = (title: string): ErrorEntry => ({ status: 402, type: 'card_error', title, retryable: false })
const later = (status: number, title: string): ErrorEntry => ({ status, type: 'api_error', title, retryable: true })

/** Every code this service can answer, in one place. Codes and statuses are Stripe's where Stripe has the case. */
export const errorCatalogue = {
  amount_too_large: invalid('The amount is above the limit. Send at most 99999999 minor units.'),
  amount_too_small: invalid('The amount is below the minimum. Send at least 1 minor unit.'),
  api_key_expired: invalid('This API key has been revoked. Create a new one and use that.', 401),
  api_key_invalid: invalid('The API key is not valid. Send it as a Bearer token or as the Basic user name.', 401),
  api_key_missing: invalid('No API key was sent. Add the header "Authorization: Bearer <key>".', 401),
  bill_invalid_parameter: invalid('The parameter does not fit this bill.'),
  bill_unexpected_state: invalid('The bill is in a state that does not allow this.'),
  body_too_large: invalid('The request body is larger than 1 MiB. Send less.', 413),
  capability_missing: invalid('The payment provider does not offer this; the message names what is missing.'),
  card_declined: card('The card was declined. Ask the payer for another way to pay.'),
  authentication_required: card('The card needs authentication. Send the payer to the checkout page.'),
  charge_already_refunded: invalid('The charge has already been refunded in full; nothing is left to refund.'),
  channel_not_connected: invalid(
    'No connection carries messages of this channel. Create one, or write into a thread of another channel.',
  ),
  charge_disputed: invalid('The charge is disputed; it cannot be refunded while the dispute is open.'),
  checkout_not_ready: invalid('The checkout cannot be completed yet; its messages say what is missing.'),
  checkout_unexpected_state: invalid('The checkout is in a state that does not allow this.'),
  connection_refused: invalid(
    'The platform refused these credentials; the message says why. Check and send them again.',
  ),
  provider_account_unavailable: invalid(
    'The connection to the payment provider is gone or switched off. Connect the account again, or route to another one.',
  ),
  connection_unexpected_state: invalid('The connection is in a state that does not allow this.'),
  dispute_unexpected_state: invalid('The dispute is in a state that does not allow this.'),
  file_invalid: invalid('The file cannot be evidence. Send a PDF, PNG or JPEG of at most 5 MiB.'),
  expired_card: card('The card has expired. Ask the payer for another card.'),
  export_expired: invalid(
    'The files of this export have been deleted. Create it again: the same range gives the same bytes.',
  ),
  export_not_ready: invalid('The export is not finished. Wait for status succeeded or the event export.ready.'),
  export_storage_full: later(503, 'There is no room for the export. Free some space; the export resumes by itself.'),
  export_too_large: invalid(
    'The export is too large to be streamed. Create an export instead, or ask for a smaller range.',
  ),
  export_unexpected_state: invalid('The export is in a state that does not allow this.'),
  idempotency_error: {
    status: 400,
    type: 'idempotency_error',
    title: 'This Idempotency-Key was used with other parameters. Use a new key for a new request.',
    retryable: false,
  },
  idempotency_key_in_use: {
    status: 409,
    type: 'idempotency_error',
    title: 'A request with this Idempotency-Key is still running. Wait, then send it again.',
    retryable: true,
  },
  incorrect_cvc: card("The card's security code is wrong. Ask the payer to check it."),
  incorrect_number: card('The card number is wrong. Ask the payer to check it.'),
  internal_error: later(500, 'Something went wrong on our side. Send the request again with the same Idempotency-Key.'),
  invalid_body: invalid('The request body could not be read. Send valid JSON or form encoding.'),
  invalid_characters: invalid('The value contains characters that are not allowed (NUL). Remove them.'),
  ledger_already_reversed: invalid('This ledger transaction is reversed already; it can be reversed only once.'),
  ledger_four_eyes: invalid('Another person decides: approve with another API key than the one that proposed.', 403),
  ledger_insufficient_balance: invalid('The wallet or hold does not have this much; it may not go below zero.'),
  ledger_period_closed: invalid('The period is closed. Book into an open one, or have it reopened.'),
  ledger_period_not_ready: invalid('The period cannot be closed yet; the message says what is missing.'),
  ledger_proposal_decided: invalid('The proposal has been decided already.'),
  ledger_seq_not_sealed: {
    status: 409,
    type: 'invalid_request_error',
    title: 'The ledger is not sealed that far. Ask for a lower as_of_seq, or try again in a moment.',
    retryable: true,
  },
  ledger_unbalanced: invalid('Debits and credits differ. Entries add up to zero in every currency.'),
  message_content_refused: invalid(
    'The card breaks a limit of the platform that cannot be met by shortening; the message names it.',
  ),
  method_not_allowed: invalid('This path exists, but not with this method.', 405),
  overloaded: later(503, 'The service is busy. Wait for Retry-After seconds, then send the request again.'),
  outbound_payment_refused: invalid('The provider refused to send the money; the message says why. Nothing was sent.'),
  outbound_payment_unexpected_state: invalid('The outbound payment is in a state that does not allow this.'),
  parameter_invalid_empty: invalid('The parameter is empty. Leave it out or send a value.'),
  parameter_invalid_integer: invalid('The parameter must be a whole number.'),
  parameter_invalid_string: invalid('The parameter is not valid text of the expected form.'),
  parameter_missing: invalid('A required parameter is missing.'),
  parameter_unknown: invalid('The parameter is not known. Check its spelling.'),
  parameters_exclusive: invalid('These parameters exclude each other. Send only one of them.'),
  payment_intent_action_required: card('The payment needs an action of the payer first.'),
  payment_intent_amount_reconciliation_mismatch: invalid(
    "The provider's amount differs from ours; nothing was booked.",
  ),
  payment_intent_authentication_failure: card('The payer could not be authenticated. Try again or use another card.'),
  payment_intent_incompatible_payment_method: invalid('This payment method cannot be used for this payment.'),
  payment_intent_invalid_parameter: invalid('The parameter does not fit this payment intent.'),
  payment_intent_payment_attempt_expired: card('The payment was not completed in time. Start it again.'),
  payment_intent_payment_attempt_failed: card('The payment failed. Try again or use another payment method.'),
  payment_intent_unexpected_state: invalid('The payment intent is in a state that does not allow this.'),
  payout_invalid_confirmation: invalid(
    'The line of the bank statement does not fit this payout; the message says why.',
  ),
  payout_unexpected_state: invalid('The payout is in a state that does not allow this.'),
  payment_vetoed: {
    status: 400,
    type: 'invalid_request_error',
    title: 'The shop refused this payment just before it would have been charged; nothing was charged.',
    retryable: false,
  },
  payment_method_unexpected_state: invalid('The payment method is in a state that does not allow this.'),
  permission_denied: invalid('This API key may not do this. Use a key whose role allows it.', 403),
  processing_error: card('An error occurred while processing the card. Try again in a moment.'),
  promotion_code_invalid: invalid('The discount code cannot be used; the message says why.'),
  provider_error: later(502, 'The payment provider refused or failed. The message has its reason; try again later.'),
  provider_event_unexpected_state: invalid('The provider event is in a state that does not allow this.'),
  provider_unknown_outcome: later(
    503,
    'The provider has not answered. The outcome is being looked up; retrieve the object before trying again.',
  ),
  rate_limit: {
    status: 429,
    type: 'invalid_request_error',
    title: 'Too many requests with this key. Wait for Retry-After seconds.',
    retryable: true,
  },
  refund_disputed_payment: invalid(
    'The dispute of this payment is lost: the payer has the money back from their bank, and a refund would pay it twice.',
  ),
  refund_unexpected_state: invalid('The refund is in a state that does not allow this.'),
  resource_already_exists: invalid('An object with this id exists already.'),
  resource_missing: invalid('The object does not exist, or belongs to someone else.', 404),
  routing_invalid: invalid(
    'The rules cannot be used; the message says which one and why. Change it and send them again.',
  ),
  route_missing: invalid('Nothing is served under this path. See /docs for all paths.', 404),
  lock_timeout: {
    status: 429,
    type: 'invalid_request_error',
    title: 'Another request changes this object right now. Wait a second, then send it again.',
    retryable: true,
  },
  token_expired: invalid('This link is not valid any more. Ask the shop for a new one.', 404),
  setup_intent_authentication_failure: card('The payer could not be authenticated. Try again or use another card.'),
  setup_intent_unexpected_state: invalid('The setup intent is in a state that does not allow this.'),
  url_invalid: invalid('The URL is not valid, or its host may not be called. Use a public https URL.'),
  webhook_signature_invalid: invalid('The signature does not fit the body and the secret, or it is too old.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorCatalogue
