/** Why an attempt failed, and what Stripe answers then: code, decline code, words. */
export type DeclineCode =
  | 'generic_decline'
  | 'insufficient_funds'
  | 'lost_card'
  | 'stolen_card'
  | 'fraudulent'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'processing_error'
  | 'card_velocity_exceeded'
  | 'authentication_required'
  | 'debit_not_authorized'

export type Decline = {
  code: string
  declineCode: string | null
  message: string
  networkCode: string | null
  advice: 'do_not_try_again' | 'try_again_later' | 'confirm_card_data' | null
}

const DECLINES: Record<DeclineCode, Decline> = {
  generic_decline: declined('generic_decline', 'Your card was declined.', '01', 'try_again_later'),
  insufficient_funds: declined('insufficient_funds', 'Your card has insufficient funds.', '51', 'try_again_later'),
  lost_card: declined('lost_card', 'Your card was declined.', '41', 'do_not_try_again'),
  stolen_card: declined('stolen_card', 'Your card was declined.', '43', 'do_not_try_again'),
  fraudulent: declined('fraudulent', 'Your card was declined.', null, 'do_not_try_again'),
  card_velocity_exceeded: declined(
    'card_velocity_exceeded',
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
    '65',
    'try_again_later',
  ),
  expired_card: {
    code: 'expired_card',
    declineCode: 'expired_card',
    message: 'Your card has expired.',
    networkCode: '54',
    advice: 'do_not_try_again',
  },
  incorrect_cvc: {
    code: 'incorrect_cvc',
    declineCode: 'incorrect_cvc',
    message: "Your card's security code is incorrect.",
    networkCode: '82',
    advice: 'confirm_card_data',
  },
  processing_error: {
    code: 'processing_error',
    declineCode: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
    networkCode: '96',
    advice: 'try_again_later',
  },
  authentication_required: {
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
    networkCode: '1A',
    advice: 'try_again_later',
  },
  debit_not_authorized: {
    code: 'debit_not_authorized',
    declineCode: null,
    message: 'The bank account owner has notified us that this debit was not authorized.',
    networkCode: null,
    advice: null,
  },
}

export const declineOf = (code: DeclineCode): Decline => DECLINES[code]

function declined(
  declineCode: string,
  message: string,
  networkCode: string | null,
  advice: Decline['advice'],
): Decline {
  return { code: 'card_declined', declineCode, message, networkCode, advice }
}
