import type { DeclineCode } from './declines.ts'

/**
 * Stripe's test cards, each known as a payment method (`pm_card_visa`), as a token (`tok_visa`) and as a number. Only
 * the name of the scenario is ever stored, never a number.
 */
export type TestCard = {
  name: string
  number: string
  brand: 'visa' | 'mastercard' | 'amex' | 'discover' | 'diners' | 'jcb' | 'unionpay'
  country: string
  funding: 'credit' | 'debit'
  /** `always`: each payment. `unless_set_up`: also off-session, unless it was authenticated for later use before. */
  authentication: 'never' | 'always' | 'unless_set_up'
  decline: DeclineCode | null
  dispute: 'fraudulent' | 'product_not_received' | 'inquiry' | null
  refund: 'succeeds' | 'fails' | 'pending'
  isAvailableAtOnce: boolean
  /** The balance transaction of a capture comes later, by itself, with `charge.updated`. */
  isFeeLate: boolean
  cvcCheck: 'pass' | 'fail'
}

const CARDS: TestCard[] = [
  card('visa', '4242424242424242'),
  card('visa_debit', '4000056655665556', { funding: 'debit' }),
  card('mastercard', '5555555555554444', { brand: 'mastercard' }),
  card('mastercard_debit', '5200828282828210', { brand: 'mastercard', funding: 'debit' }),
  card('mastercard_2series', '2223003122003222', { brand: 'mastercard' }),
  card('amex', '378282246310005', { brand: 'amex' }),
  card('discover', '6011111111111117', { brand: 'discover' }),
  card('diners', '3056930009020004', { brand: 'diners' }),
  card('jcb', '3566002020360505', { brand: 'jcb', country: 'JP' }),
  card('unionpay', '6200000000000005', { brand: 'unionpay', country: 'CN' }),
  card('de', '4000002760000016', { country: 'DE' }),
  card('fr', '4000002500000003', { country: 'FR' }),
  card('gb', '4000008260000000', { country: 'GB' }),
  card('cn', '4000001560000002', { country: 'CN' }),
  card('chargeDeclined', '4000000000000002', { decline: 'generic_decline' }),
  card('chargeDeclinedInsufficientFunds', '4000000000009995', { decline: 'insufficient_funds' }),
  card('chargeDeclinedLostCard', '4000000000009987', { decline: 'lost_card' }),
  card('chargeDeclinedStolenCard', '4000000000009979', { decline: 'stolen_card' }),
  card('chargeDeclinedFraudulent', '4100000000000019', { decline: 'fraudulent' }),
  card('chargeDeclinedExpiredCard', '4000000000000069', { decline: 'expired_card' }),
  card('chargeDeclinedIncorrectCvc', '4000000000000127', { decline: 'incorrect_cvc', cvcCheck: 'fail' }),
  card('chargeDeclinedProcessingError', '4000000000000119', { decline: 'processing_error' }),
  card('chargeDeclinedVelocityLimitExceeded', '4000000000006975', { decline: 'card_velocity_exceeded' }),
  card('chargeCustomerFail', '4000000000000341', { decline: 'generic_decline' }),
  card('cvcCheckFail', '4000000000000101', { cvcCheck: 'fail' }),
  card('authenticationRequired', '4000002760003184', { authentication: 'always', country: 'DE' }),
  card('authenticationRequiredSetupForOffSession', '4000002500003155', {
    authentication: 'unless_set_up',
    country: 'FR',
  }),
  card('threeDSecure2Required', '4000000000003220', { authentication: 'always' }),
  card('threeDSecureRequired', '4000000000003063', { authentication: 'always' }),
  card('threeDSecureOptional', '4000000000003055'),
  card('threeDSecureRequiredChargeDeclined', '4000008400001629', {
    authentication: 'always',
    decline: 'generic_decline',
  }),
  card('authenticationRequiredChargeDeclinedInsufficientFunds', '4000008260003178', {
    authentication: 'always',
    decline: 'insufficient_funds',
    country: 'GB',
  }),
  card('createDispute', '4000000000000259', { dispute: 'fraudulent' }),
  card('createDisputeProductNotReceived', '4000000000002685', { dispute: 'product_not_received' }),
  card('createDisputeInquiry', '4000000000001976', { dispute: 'inquiry' }),
  card('refundFail', '4000000000005126', { refund: 'fails' }),
  card('pendingRefund', '4000000000007726', { refund: 'pending' }),
  card('bypassPending', '4000000000000077', { isAvailableAtOnce: true }),
  card('feeLate', '4000000000000424', { isFeeLate: true }),
  card('bypassPendingInternational', '4000003720000278', { isAvailableAtOnce: true, country: 'IE' }),
]

const BY_NAME = new Map(CARDS.map((item) => [item.name, item]))
const BY_NUMBER = new Map(CARDS.map((item) => [item.number, item]))

export const cardByNumber = (number: string): TestCard | undefined => BY_NUMBER.get(number)

/** `pm_card_visa` or `tok_visa`, in Stripe's several spellings. */
export function cardByAlias(alias: string): TestCard | undefined {
  const name = /^(?:pm_card|tok)_(.+)$/.exec(alias)?.[1]
  return name === undefined ? undefined : (BY_NAME.get(name) ?? BY_NAME.get(name.replace(/^visa_/, '')))
}

/** The scenario a stored payment method follows. */
export function cardByScenario(scenario: string): TestCard {
  const found = BY_NAME.get(scenario)
  if (!found) throw new Error(`unknown card scenario ${scenario}`)
  return found
}

function card(name: string, number: string, differences: Partial<TestCard> = {}): TestCard {
  return {
    name,
    number,
    brand: 'visa',
    country: 'US',
    funding: 'credit',
    authentication: 'never',
    decline: null,
    dispute: null,
    refund: 'succeeds',
    isAvailableAtOnce: false,
    isFeeLate: false,
    cvcCheck: 'pass',
    ...differences,
  }
}
