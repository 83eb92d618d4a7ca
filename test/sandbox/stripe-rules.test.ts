import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidParameters } from '../../src/sandbox/stripe/http/api-error.ts'
import { parseForm } from '../../src/sandbox/stripe/http/form.ts'
import {
  flag,
  integer,
  list,
  metadata,
  object,
  parseParams,
  required,
  text,
} from '../../src/sandbox/stripe/http/params.ts'
import { findCardFault, readExpiry } from '../../src/sandbox/stripe/rules/card-fields.ts'
import { disputeFee, processingFee } from '../../src/sandbox/stripe/rules/fees.ts'
import { cardByAlias, cardByNumber } from '../../src/sandbox/stripe/rules/test-cards.ts'

const NOW = Date.UTC(2026, 10, 22)

test('fees: 1.5 % and 0.25 of the major unit, rounded half up, in every exponent', () => {
  const table: [number, string, number][] = [
    [1000, 'eur', 40],
    [1, 'eur', 25],
    [33, 'eur', 25],
    [34, 'eur', 26],
    [4200, 'usd', 88],
    [100, 'jpy', 2],
    [17, 'jpy', 1],
    [10_000, 'jpy', 150],
    [1000, 'bhd', 265],
    [99_999_999, 'eur', 1_500_025],
  ]
  for (const [amount, currency, fee] of table)
    assert.equal(processingFee(amount, currency), fee, `${amount} ${currency}`)
  assert.deepEqual([disputeFee('eur'), disputeFee('jpy'), disputeFee('kwd')], [1500, 15, 15_000])
})

test('fees grow with the amount and stay within half a unit of the exact value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999 }), (amount) => {
      const exact = amount * 0.015 + 25
      return (
        Math.abs(processingFee(amount, 'eur') - exact) <= 0.5 + 1e-6 &&
        processingFee(amount + 1, 'eur') >= processingFee(amount, 'eur')
      )
    }),
  )
})

test('every documented test card is known by its number and by its name', () => {
  for (const [number, alias] of [
    ['4242424242424242', 'pm_card_visa'],
    ['5555555555554444', 'pm_card_mastercard'],
    ['4000000000000002', 'pm_card_chargeDeclined'],
    ['4000000000009995', 'pm_card_chargeDeclinedInsufficientFunds'],
    ['4000000000000069', 'pm_card_chargeDeclinedExpiredCard'],
    ['4000000000000127', 'pm_card_chargeDeclinedIncorrectCvc'],
    ['4000000000000119', 'pm_card_chargeDeclinedProcessingError'],
    ['4000000000003220', 'pm_card_threeDSecure2Required'],
    ['4000000000000259', 'pm_card_createDispute'],
    ['4000000000005126', 'pm_card_refundFail'],
    ['4000000000007726', 'pm_card_pendingRefund'],
    ['4000000000000077', 'pm_card_bypassPending'],
    ['4000008400001629', 'pm_card_threeDSecureRequiredChargeDeclined'],
  ] as const) {
    const card = cardByAlias(alias)
    assert.equal(card?.number, number, alias)
    assert.equal(cardByNumber(number), card)
    assert.equal(findCardFault({ number, expMonth: 12, expYear: 2030, cvc: null }, NOW), null, number)
  }
  assert.ok(cardByNumber('4000002500003155'))
  assert.equal(cardByAlias('pm_card_nonsense'), undefined)
})

test('card fields: number, date and code are checked as a card form does', () => {
  const card = { number: '4242424242424242', expMonth: 11, expYear: 2026, cvc: '123' }
  const fault = (change: Partial<typeof card>) => findCardFault({ ...card, ...change }, NOW)?.code ?? null
  assert.equal(fault({}), null, 'the month of expiry is still good')
  assert.equal(fault({ expMonth: 10 }), 'invalid_expiry_year')
  assert.equal(fault({ expMonth: 13 }), 'invalid_expiry_month')
  assert.equal(fault({ expYear: 2099 }), 'invalid_expiry_year')
  assert.equal(fault({ number: '4242424242424241' }), 'incorrect_number')
  assert.equal(fault({ number: 'four' }), 'incorrect_number')
  assert.equal(fault({ cvc: '12' }), 'invalid_cvc')
  assert.equal(fault({ number: '378282246310005', cvc: '1234' }), null)
  assert.deepEqual(readExpiry(' 3/31 '), { month: 3, year: 2031 })
  assert.equal(readExpiry('soon'), null)
})

test('forms: brackets nest, numbers make lists, hostile names stay plain', () => {
  assert.deepEqual(
    JSON.parse(JSON.stringify(parseForm('a[b][0][c]=1&a[b][1][c]=2&expand[]=x&expand[]=y+z&e=%E2%82%AC'))),
    {
      a: { b: [{ c: '1' }, { c: '2' }] },
      expand: ['x', 'y z'],
      e: '€',
    },
  )
  const hostile = parseForm('__proto__[x]=1&a[__proto__]=2&a]b[=3&=4&%=5')
  assert.equal(({} as Record<string, unknown>).x, undefined)
  assert.ok(Object.hasOwn(hostile, '__proto__'))
  fc.assert(fc.property(fc.string(), (raw) => typeof parseForm(raw) === 'object'))
})

test('parameters: typed, or refused with the name at fault', () => {
  const shape = {
    n: required(integer(1)),
    t: text(),
    f: flag(),
    m: metadata(),
    o: object({ x: integer() }),
    l: list(text()),
  }
  const read = (form: string) => parseParams(shape, parseForm(form))
  const { n, t, f, m, o, l } = read('n=5&t=hi&f=true&m[a]=b&o[x]=-1&l[0]=p&l[1]=q')
  assert.deepEqual([n, t, f, m, o?.x, l], [5, 'hi', true, { a: 'b' }, -1, ['p', 'q']])
  for (const [form, code, param] of [
    ['', 'parameter_missing', 'n'],
    ['n=1e3', 'parameter_invalid_integer', 'n'],
    ['n=1&z=1', 'parameter_unknown', 'z'],
    ['n=1&o[y]=1', 'parameter_unknown', 'o[y]'],
    ['n=1&t=', 'parameter_invalid_empty', 't'],
    ['n=1&constructor=1', 'parameter_unknown', 'constructor'],
  ]) {
    assert.throws(
      () => read(form ?? ''),
      (error) => error instanceof InvalidParameters && error.fields.code === code && error.fields.param === param,
    )
  }
})
