import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type Stripe from 'stripe'
import { type Currency, currencies } from '#kernel/currencies.ts'
import { amountLimits, fromWire, toWire, UnmappedError, UnsendableAmountError } from '#providers/stripe/amounts.ts'
import { eventSubjects } from '#providers/stripe/event-subjects.ts'
import { checkoutLocale } from '#providers/stripe/locales.ts'
import {
  mapAccount,
  mapCharge,
  mapCustomer,
  mapDecline,
  mapFee,
  mapPage,
  mapPayment,
  mapRefund,
  mapSavedMethod,
  mapTags,
} from '#providers/stripe/mapping.ts'
import { chargeObject, intentObject, refundObject, sessionObject } from './stripe-objects.ts'
import { noSpec, readFixtures, readSpec } from './stripe-spec.ts'

const as = (code: string) => code as Currency

describe('a payment', () => {
  test('is mapped whole, with its charge, method, fee and tags', () => {
    assert.deepEqual(mapPayment(intentObject()), {
      ref: 'pi_1',
      state: 'succeeded',
      amount: 4200n,
      amountCapturable: 0n,
      amountReceived: 4200n,
      currency: 'eur',
      methodRef: 'pm_1',
      charge: {
        ref: 'ch_1',
        state: 'succeeded',
        amount: 4200n,
        amountCaptured: 4200n,
        amountRefunded: 0n,
        captured: true,
        method: {
          type: 'card',
          brand: 'visa',
          last4: '4242',
          expMonth: 8,
          expYear: 2030,
          country: 'DE',
          funding: 'credit',
        },
        fee: { ref: 'txn_1', amount: 88n, currency: 'eur', availableOn: new Date(1_790_500_000_000) },
        createdAt: new Date(1_790_000_000_000),
      },
      tags: { merchant: 'mer_1', paymentIntent: 'pi_ours' },
    })
  })

  for (const status of [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ]) {
    test(`keeps the state ${status}`, () => assert.equal(mapPayment(intentObject({ status })).state, status))
  }

  for (const status of ['requires_magic', '', null, undefined, 'toString', '__proto__', 7]) {
    test(`in the unknown state ${JSON.stringify(status)} is never guessed`, () => {
      assert.throws(() => mapPayment(intentObject({ status })), UnmappedError)
    })
  }

  test('without an expanded charge has none, and an expanded method still gives its id', () => {
    const payment = mapPayment(intentObject({ latest_charge: 'ch_1', payment_method: { id: 'pm_9' } }))
    assert.equal('charge' in payment, false)
    assert.equal(payment.methodRef, 'pm_9')
  })

  test('that failed tells the last error', () => {
    const error = { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', message: 'No.' }
    const payment = mapPayment(intentObject({ status: 'requires_payment_method', last_payment_error: error }))
    assert.deepEqual(payment.decline, { code: 'card_declined', declineCode: 'lost_card', message: 'No.' })
  })

  test('that was cancelled tells why', () => {
    const payment = mapPayment(intentObject({ status: 'canceled', cancellation_reason: 'automatic' }))
    assert.equal(payment.canceledReason, 'automatic')
  })

  const actions: [object, string | undefined][] = [
    [
      { type: 'redirect_to_url', redirect_to_url: { url: 'https://bank.example/3ds', return_url: null } },
      'https://bank.example/3ds',
    ],
    [
      { type: 'alipay_handle_redirect', alipay_handle_redirect: { url: 'https://alipay.example' } },
      'https://alipay.example',
    ],
    [
      {
        type: 'verify_with_microdeposits',
        verify_with_microdeposits: { hosted_verification_url: 'https://v.example' },
      },
      'https://v.example',
    ],
    [{ type: 'redirect_to_url', redirect_to_url: { url: null, return_url: null } }, undefined],
    [{ type: 'use_stripe_sdk', use_stripe_sdk: {} }, undefined],
    [{ type: 'teleport' }, undefined],
    [{ type: 'toString' }, undefined],
  ]
  for (const [next_action, url] of actions) {
    test(`with the action ${JSON.stringify(next_action).slice(9, 60)} leads to ${url}`, () => {
      assert.equal(mapPayment(intentObject({ status: 'requires_action', next_action })).actionUrl, url)
    })
  }

  for (const [name, over] of Object.entries({
    'an unknown currency': { currency: 'xxx' },
    'an upper-case currency': { currency: 'EUR' },
    'a fraction': { amount: 42.5 },
    'an amount past 2^53': { amount: 2 ** 53 },
    'an amount as text': { amount: '4200' },
    'no amount': { amount: undefined },
    'no id': { id: '' },
    'another kind of object': { object: 'setup_intent' },
    'an unknown fee currency': {
      latest_charge: chargeObject({
        balance_transaction: { object: 'balance_transaction', id: 'txn', fee: 1, currency: 'zzz' },
      }),
    },
    'a charge of unknown state': { latest_charge: chargeObject({ status: 'lost' }) },
  })) {
    test(`with ${name} is refused`, () => assert.throws(() => mapPayment(intentObject(over)), UnmappedError))
  }

  test("is not read out of a proxy's error page", () => {
    assert.throws(() => mapPayment({ message: 'Bad gateway' } as unknown as Stripe.PaymentIntent), UnmappedError)
  })
})

describe('a charge', () => {
  test('that failed is explained by the bank, or else by the outcome', () => {
    const byBank = chargeObject({
      status: 'failed',
      failure_code: 'card_declined',
      failure_message: 'Declined.',
      outcome: { reason: 'insufficient_funds' },
    })
    assert.deepEqual(mapCharge(byBank).decline, {
      code: 'card_declined',
      declineCode: 'insufficient_funds',
      message: 'Declined.',
    })
    const blocked = chargeObject({
      status: 'failed',
      outcome: { reason: 'highest_risk_level', seller_message: 'Blocked.' },
    })
    assert.deepEqual(mapCharge(blocked).decline, {
      code: 'payment_intent_payment_attempt_failed',
      declineCode: 'highest_risk_level',
      message: 'Blocked.',
    })
    assert.equal(mapCharge(chargeObject()).decline, undefined)
  })

  test('tells the platform’s part of its fee, and no more than the fee', () => {
    const of = (fee: number, amount: number, currency = 'eur') => {
      const details = { type: 'application_fee', amount, currency }
      const own = { type: 'stripe_fee', amount: fee - amount, currency: 'eur' }
      const balance = { id: 'txn_1', object: 'balance_transaction', fee, currency: 'eur', available_on: 1 }
      return mapFee({ ...balance, fee_details: [own, details] } as unknown as Stripe.BalanceTransaction)
    }
    assert.deepEqual([of(188, 100).amount, of(188, 100).applicationFee], [188n, 100n])
    assert.deepEqual([of(-100, -100).amount, of(-100, -100).applicationFee], [-100n, -100n])
    assert.ok(!('applicationFee' in of(88, 0)))
    for (const wrong of [() => of(100, 101), () => of(100, -1), () => of(-100, 1), () => of(100, 10, 'usd')])
      assert.throws(wrong, UnmappedError)
  })

  test('has no fee before its balance transaction is known', () => {
    assert.equal(mapCharge(chargeObject({ balance_transaction: null })).fee, undefined)
    assert.equal(mapCharge(chargeObject({ balance_transaction: 'txn_1' })).fee, undefined)
  })

  test('of another method shows what that method has', () => {
    const charge = chargeObject({
      payment_method_details: { type: 'sepa_debit', sepa_debit: { last4: '3000', country: 'DE' } },
    })
    assert.deepEqual(mapCharge(charge).method, { type: 'sepa_debit', last4: '3000', country: 'DE' })
    assert.deepEqual(mapCharge(chargeObject({ payment_method_details: { type: 'brand_new' } })).method, {
      type: 'brand_new',
    })
  })
})

describe('a refund', () => {
  for (const status of ['pending', 'requires_action', 'succeeded', 'failed', 'canceled']) {
    test(`keeps the state ${status}`, () => assert.equal(mapRefund(refundObject({ status })).state, status))
  }
  for (const status of [null, 'reversed']) {
    test(`in the unknown state ${status} is never guessed`, () => {
      assert.throws(() => mapRefund(refundObject({ status })), UnmappedError)
    })
  }
  test('that failed tells why, and where the money came back', () => {
    const refund = mapRefund(
      refundObject({ status: 'failed', failure_reason: 'lost_or_stolen_card', failure_balance_transaction: 'txn_2' }),
    )
    assert.equal(refund.failureReason, 'lost_or_stolen_card')
    assert.equal(refund.failureBalanceRef, 'txn_2')
    assert.deepEqual(refund.tags, { refund: 're_ours' })
  })
})

describe('a hosted page', () => {
  test('has a URL while it is open, and a payment once it is paid', () => {
    assert.equal(mapPage(sessionObject()).url, 'https://checkout.stripe.com/c/pay/cs_1')
    const paid = mapPage(sessionObject({ status: 'complete', url: null, payment_intent: 'pi_1' }))
    assert.deepEqual(paid, {
      ref: 'cs_1',
      state: 'complete',
      paymentRef: 'pi_1',
      expiresAt: new Date(1_790_080_000_000),
    })
  })
  test('in an unknown state is never guessed', () => {
    assert.throws(() => mapPage(sessionObject({ status: null })), UnmappedError)
  })
})

describe('amounts on the wire', () => {
  const cases: [string, bigint, number][] = [
    ['eur', 4200n, 4200],
    ['jpy', 500n, 500],
    ['kwd', 5120n, 5120],
    ['isk', 5n, 500],
    ['ugx', 5n, 500],
    ['mga', 500n, 5],
  ]
  for (const [currency, ours, wire] of cases) {
    test(`${ours} ${currency} is sent as ${wire}`, () => {
      assert.equal(toWire(ours, as(currency)), wire)
      assert.equal(fromWire(wire, as(currency), 'amount'), ours)
    })
  }
  test('what Stripe cannot carry is neither sent nor read', () => {
    assert.throws(() => toWire(501n, as('mga')), UnsendableAmountError)
    assert.throws(() => fromWire(501, as('isk'), 'amount'), UnmappedError)
    assert.throws(() => toWire(2n ** 53n, as('eur')), RangeError)
  })
  const threeDigits = ['bhd', 'iqd', 'jod', 'kwd', 'lyd', 'omr', 'tnd']
  const stepOf = (code: string): bigint => (code === 'mga' ? 100n : threeDigits.includes(code) ? 10n : 1n)
  test('come back as they went, in every currency, and what is between the steps is not sent', () => {
    fc.assert(
      fc.property(fc.constantFrom(...currencies), fc.bigInt(0n, 10n ** 9n), (code, units) => {
        const amount = units * stepOf(code)
        assert.equal(fromWire(toWire(amount, as(code)), as(code), 'amount'), amount)
        if (stepOf(code) > 1n) assert.throws(() => toWire(amount + 1n, as(code)), UnsendableAmountError)
      }),
    )
  })
  test('a number from the wire goes back as it came, in every currency', () => {
    fc.assert(
      fc.property(fc.constantFrom(...currencies), fc.integer({ min: 0, max: 10 ** 9 }), (code, units) => {
        const wire = units * (['isk', 'ugx'].includes(code) ? 100 : threeDigits.includes(code) ? 10 : 1)
        assert.equal(toWire(fromWire(wire, as(code), 'amount'), as(code)), wire)
      }),
    )
  })
  test('have limits that can be sent, of at most eight digits, in every currency', () => {
    for (const code of currencies) {
      const { min, max } = amountLimits(as(code))
      assert.ok(min >= 1n && min < max, code)
      assert.ok(toWire(min, as(code)) >= 1)
      const digits = (amount: bigint) => String(toWire((amount / stepOf(code)) * stepOf(code), as(code))).length
      assert.equal(digits(max), 8, code)
      assert.ok(digits(max + 100n) > 8, code)
    }
    assert.deepEqual(amountLimits(as('isk')), { min: 1n, max: 999_999n })
    assert.deepEqual(amountLimits(as('mga')), { min: 100n, max: 9_999_999_900n })
    assert.deepEqual(amountLimits(as('gbp')), { min: 30n, max: 99_999_999n })
  })
})

describe('small things', () => {
  test('tags are only text under our own names', () => {
    assert.deepEqual(mapTags({ parley_merchant: '', parley_refund: 7, parley_payment_intent: 'x', merchant: 'y' }), {
      paymentIntent: 'x',
    })
    assert.deepEqual(mapTags(null), {})
  })
  test('a decline without a code is still a decline', () => {
    assert.equal(mapDecline({}).code, 'payment_intent_payment_attempt_failed')
  })
  const locales = {
    en: 'en',
    'en-US': 'en',
    'en-gb': 'en-GB',
    fr: 'fr',
    'fr-BE': 'fr',
    'fr-CA': 'fr-CA',
    'es-MX': 'es-419',
    'es-ES': 'es',
    'pt-BR': 'pt-BR',
    'pt-PT': 'pt',
    'zh-Hans': 'zh',
    'zh-Hans-CN': 'zh',
    'zh-Hant': 'zh-TW',
    'zh-Hant-HK': 'zh-HK',
    zh_TW: 'zh-TW',
    hi: 'hi-IN',
    no: 'nb',
    ar: 'auto',
    '': 'auto',
    tlh: 'auto',
  }
  for (const [tag, locale] of Object.entries(locales)) {
    test(`a page in '${tag}' is Stripe's '${locale}'`, () => assert.equal(checkoutLocale(tag), locale))
  }
  test('no language is the language of the browser', () => assert.equal(checkoutLocale(undefined), 'auto'))
})

describe('against what Stripe publishes', { skip: noSpec }, () => {
  test('its own fixtures are read without a guess', () => {
    const fixtures = readFixtures()
    const of = (name: string, over: object = {}) => ({ ...fixtures[name], ...over }) as unknown
    assert.equal(mapPayment(of('payment_intent') as Stripe.PaymentIntent).state, 'requires_payment_method')
    assert.equal(mapCharge(of('charge') as Stripe.Charge).method?.brand, 'visa')
    assert.equal(mapRefund(of('refund') as Stripe.Refund).amount, 100n)
    const account = of('account') as Stripe.Account
    assert.deepEqual(mapAccount(account).externalId, account.id)
    assert.deepEqual(mapSavedMethod(of('payment_method') as Stripe.PaymentMethod), {
      ref: (of('payment_method') as Stripe.PaymentMethod).id,
    })
    assert.match(mapCustomer(of('customer') as Stripe.Customer).ref, /^cus_/)
    assert.equal(mapFee(of('balance_transaction') as Stripe.BalanceTransaction).currency, 'usd')
    assert.equal(mapPage(of('checkout.session') as Stripe.Checkout.Session).state, 'open')
    const withFee = of('charge', { balance_transaction: of('balance_transaction') }) as Stripe.Charge
    assert.equal(mapCharge(withFee).fee?.ref, fixtures.balance_transaction?.id)
  })
  test('every event type is known, and about what Stripe says that it is about', () => {
    const kinds: Record<string, string> = {
      PaymentIntent: 'payment',
      Charge: 'charge',
      Dispute: 'dispute',
      Refund: 'refund',
      'Checkout.Session': 'page',
      Balance: 'balance',
      Payout: 'payout',
      SetupIntent: 'setup',
      PaymentMethod: 'method',
    }
    const expected = Object.entries(readSpec()['x-event-objects']).map(([type, object]) => [
      type,
      kinds[object] ?? 'ignored',
    ])
    // A method is attached by our own call, which knows it then.
    const known = { ...Object.fromEntries(expected), 'payment_method.attached': 'ignored' }
    assert.deepEqual(eventSubjects, known)
  })
})
