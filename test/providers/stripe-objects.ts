import type Stripe from 'stripe'

/** Stripe's objects as its API sends them, cut down to what the adapter reads. */
export const intentObject = (over: object = {}): Stripe.PaymentIntent =>
  ({
    id: 'pi_1',
    object: 'payment_intent',
    amount: 4200,
    amount_capturable: 0,
    amount_received: 4200,
    currency: 'eur',
    status: 'succeeded',
    latest_charge: chargeObject(),
    payment_method: 'pm_1',
    last_payment_error: null,
    next_action: null,
    cancellation_reason: null,
    metadata: { parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours', other: 'not ours' },
    ...over,
  }) as unknown as Stripe.PaymentIntent

export const chargeObject = (over: object = {}): Stripe.Charge =>
  ({
    id: 'ch_1',
    object: 'charge',
    amount: 4200,
    amount_captured: 4200,
    amount_refunded: 0,
    currency: 'eur',
    captured: true,
    status: 'succeeded',
    created: 1_790_000_000,
    payment_intent: 'pi_1',
    failure_code: null,
    failure_message: null,
    outcome: { reason: null, seller_message: 'Payment complete.', type: 'authorized' },
    payment_method_details: {
      type: 'card',
      card: {
        brand: 'visa',
        last4: '4242',
        exp_month: 8,
        exp_year: 2030,
        country: 'DE',
        funding: 'credit',
        fingerprint: 'secret',
      },
    },
    balance_transaction: {
      id: 'txn_1',
      object: 'balance_transaction',
      fee: 88,
      currency: 'eur',
      available_on: 1_790_500_000,
    },
    ...over,
  }) as unknown as Stripe.Charge

export const refundObject = (over: object = {}): Stripe.Refund =>
  ({
    id: 're_1',
    object: 'refund',
    amount: 1000,
    currency: 'eur',
    status: 'succeeded',
    payment_intent: 'pi_1',
    charge: 'ch_1',
    created: 1_790_000_100,
    metadata: { parley_refund: 're_ours' },
    ...over,
  }) as unknown as Stripe.Refund

export const sessionObject = (over: object = {}): Stripe.Checkout.Session =>
  ({
    id: 'cs_1',
    object: 'checkout.session',
    url: 'https://checkout.stripe.com/c/pay/cs_1',
    status: 'open',
    payment_intent: null,
    expires_at: 1_790_080_000,
    metadata: {},
    ...over,
  }) as unknown as Stripe.Checkout.Session
