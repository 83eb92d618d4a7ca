import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cart } from '#checkout/cart.ts'
import { percentSchema, readCart } from '#checkout/cart-schemas.ts'
import { judgeDiscount, type Promotion } from '#checkout/discount.ts'
import { labelsFor } from '#checkout/labels.ts'
import { orderLines } from '#checkout/order-lines.ts'
import { priceCart } from '#checkout/totals.ts'
import { showLineTotals, showTotals } from '#checkout/totals-view.ts'

const cartOf = (change: Record<string, unknown>): Cart => readCart(change)
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, one) => total + one, 0n)

describe('what an order costs', () => {
  test('prices that contain their tax: the total is their sum, the tax is split off for the books', () => {
    const cart = cartOf({ line_items: [{ name: 'a', quantity: 3, unit_amount: 1000, tax_rate: '19' }] })
    const quote = priceCart(cart, 0n)
    assert.deepEqual([quote.total, quote.tax], [3000n, 479n])
    assert.deepEqual(quote.parts, { goods: 2521n, shipping: 0n, tax: 479n, tip: 0n })
  })

  test('tax on top, of goods and shipping, rounded once for each rate', () => {
    const line = (unit_amount: number, tax_rate: string) => ({ name: 'a', quantity: 1, unit_amount, tax_rate })
    const cart = cartOf({
      tax_behavior: 'exclusive',
      line_items: [line(333, '8.875'), line(333, '8.875'), line(333, '8.875'), line(1000, '0')],
      shipping_options: [{ id: 's', title: 'Post', amount: 500, tax_rate: '8.875' }],
      shipping_option: 's',
      tip: { amount: 200 },
    })
    const quote = priceCart(cart, 0n)
    // 1499 × 8.875 % = 133.036…; each line alone would be 29.55 → 30, 118.6 + … and one too many.
    assert.equal(quote.tax, 133n)
    assert.deepEqual(quote.taxes, [{ rate: '8.875', amount: 133n }])
    assert.deepEqual(
      quote.lines.map(({ tax }) => tax),
      [30n, 30n, 29n, 0n],
    )
    assert.equal(quote.total, 1999n + 500n + 133n + 200n)
    assert.deepEqual(quote.parts, { goods: 1999n, shipping: 500n, tax: 133n, tip: 200n })
  })

  test('a discount lowers the tax of what it falls on', () => {
    const line = (tax_rate: string) => ({ name: 'a', quantity: 1, unit_amount: 1000, tax_rate })
    const cart = cartOf({ tax_behavior: 'exclusive', line_items: [line('20'), line('10')] })
    const quote = priceCart(cart, 1000n)
    assert.deepEqual(
      quote.lines.map(({ discount, tax, total }) => [discount, tax, total]),
      [
        [500n, 100n, 600n],
        [500n, 50n, 550n],
      ],
    )
    assert.equal(quote.total, 1150n)
  })

  test('what is digital is not shipped, whatever was chosen', () => {
    const options = [{ id: 's', title: 'Post', amount: 500 }]
    const cart = cartOf({
      line_items: [{ name: 'e-book', quantity: 1, unit_amount: 900, is_digital: true }],
      shipping_options: options,
      shipping_option: 's',
    })
    assert.equal(priceCart(cart, 0n).total, 900n)
  })

  test('the lines for the page keep their unit price, and become one piece where it does not divide', () => {
    const line = { name: 'Tulips', quantity: 3, unit_amount: 1000 }
    const cart = cartOf({ line_items: [line], tip: { amount: 100 } })
    const show = (discount: bigint) =>
      orderLines(cart, { ...priceCart(cart, discount), messages: [] }, labelsFor('es')).map((one) => [
        one.product_name,
        one.quantity,
        one.unit_cost,
      ])
    assert.deepEqual(show(0n), [
      ['Tulips', 3, 1000],
      ['Propina', 1, 100],
    ])
    assert.deepEqual(show(300n)[0], ['Tulips', 3, 900])
    assert.deepEqual(show(100n)[0], ['Tulips × 3', 1, 2900])
  })
})

const rates = ['0', '5.5', '7', '8.875', '19', '20', '100']
const lineItem = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  quantity: fc.integer({ min: 1, max: 50 }),
  unit_amount: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 19_999 })),
  tax_rate: fc.constantFrom(...rates),
  is_digital: fc.boolean(),
})
const order = fc.record({
  line_items: fc.array(lineItem, { minLength: 1, maxLength: 8 }),
  tax_behavior: fc.constantFrom('inclusive', 'exclusive'),
  shipping_options: fc.constant([
    { id: 'a', title: 'A', amount: 499, tax_rate: '19' },
    { id: 'b', title: 'B', amount: 1, tax_rate: '8.875' },
    { id: 'c', title: 'C', amount: 0 },
  ]),
  shipping_option: fc.constantFrom('a', 'b', 'c', 'd'),
  tip: fc.record({ amount: fc.integer({ min: 0, max: 5000 }) }),
})
/** A share of the goods, in thousandths. */
const share = fc.integer({ min: 0, max: 1000 })

const priced = (given: Record<string, unknown>, thousandths: number) => {
  const cart = cartOf(given)
  const base = sum(cart.lines.map(({ quantity, unitAmount }) => BigInt(quantity) * unitAmount))
  return { cart, quote: priceCart(cart, (base * BigInt(thousandths)) / 1000n) }
}

describe('for any order', () => {
  test('everything adds up to the unit and nothing is below zero', () => {
    fc.assert(
      fc.property(order, share, (given, thousandths) => {
        const { cart, quote } = priced(given, thousandths)
        const onTop = quote.taxBehavior === 'exclusive' ? quote.tax : 0n
        assert.equal(quote.base - quote.discount + quote.shipping + onTop + quote.tip, quote.total)
        const { goods, shipping, tax, tip } = quote.parts
        assert.equal(goods + shipping + tax + tip, quote.total)
        assert.equal(sum(quote.lines.map(({ amount }) => amount)), quote.base)
        assert.equal(sum(quote.lines.map(({ discount }) => discount)), quote.discount)
        assert.equal(sum(quote.taxes.map(({ amount }) => amount)), quote.tax)
        assert.ok(sum(quote.lines.map((line) => line.tax)) <= quote.tax)
        const net = quote.base - quote.discount
        const lineTax = sum(quote.lines.map((line) => line.tax))
        assert.equal(sum(quote.lines.map(({ total }) => total)), onTop > 0n ? net + lineTax : net)
        for (const line of quote.lines) {
          for (const part of Object.values(line)) assert.ok(part >= 0n)
          assert.ok(line.discount <= line.amount)
          assert.ok(quote.taxBehavior === 'exclusive' || line.tax <= line.amount - line.discount)
        }
        for (const part of [goods, shipping, tax, tip, quote.total]) assert.ok(part >= 0n)
        const lines = orderLines(cart, { ...quote, messages: [] }, labelsFor('en'))
        assert.equal(sum(lines.map((one) => BigInt(one.quantity) * BigInt(one.unit_cost))), quote.total)
      }),
      { numRuns: 1000 },
    )
  })

  test('the order of the lines changes no total', () => {
    fc.assert(
      fc.property(order, share, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (given, thousandths, keys) => {
        const shuffled = given.line_items
          .map((line, index) => ({ line, key: keys[index] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ line }) => line)
        const { lines: _a, ...one } = priced(given, thousandths).quote
        const { lines: _b, ...other } = priced({ ...given, line_items: shuffled }, thousandths).quote
        assert.deepEqual(other, one)
      }),
      { numRuns: 500 },
    )
  })

  test('the totals that are shown add up in the words of the protocol', () => {
    const at = (rows: readonly { type: string; amount: number }[], type: string) =>
      rows.find((row) => row.type === type)?.amount ?? 0
    fc.assert(
      fc.property(order, share, (given, thousandths) => {
        const { quote } = priced(given, thousandths)
        const rows = showTotals({ ...quote, messages: [] }, labelsFor('en'), 'CODE')
        const added = at(rows, 'fulfillment') + at(rows, 'tax') + at(rows, 'tip')
        assert.equal(at(rows, 'subtotal') - at(rows, 'discount') + added, at(rows, 'total'))
        assert.equal(rows.at(-1)?.type, 'total')
        for (const line of quote.lines) {
          const own = showLineTotals(line, labelsFor('en'))
          assert.equal(at(own, 'items_base_amount') - at(own, 'discount'), at(own, 'subtotal'))
          assert.equal(at(own, 'subtotal') + at(own, 'tax'), at(own, 'total'))
        }
      }),
    )
  })
})

const promotion: Promotion = {
  id: 'x',
  code: 'SPRING',
  percentOff: '10',
  amountOff: null,
  currency: null,
  minimumAmount: null,
  maxRedemptions: null,
  timesRedeemed: 0,
  active: true,
  expiresAt: null,
}
const now = new Date(1_800_000_000_000)
const judge = (change: Partial<Promotion>, base = 1005n, isRedeemed = false) =>
  judgeDiscount({ ...promotion, ...change }, { base, currency: 'eur', now, isRedeemed })

describe('a discount code', () => {
  test('takes a percentage, halves up, or an amount, but never more than the goods cost', () => {
    const off = { percentOff: null, currency: 'eur' }
    assert.deepEqual(judge({}), { ok: true, amount: 101n })
    assert.deepEqual(judge({ percentOff: '100' }), { ok: true, amount: 1005n })
    assert.deepEqual(judge({ percentOff: '33.3333' }), { ok: true, amount: 335n })
    assert.deepEqual(judge({ ...off, amountOff: 500n }), { ok: true, amount: 500n })
    assert.deepEqual(judge({ ...off, amountOff: 5000n }), { ok: true, amount: 1005n })
  })

  const refusals: [string, Partial<Promotion>, string][] = [
    ['switched off', { active: false }, 'discount_code_invalid'],
    ['over', { expiresAt: now }, 'discount_code_expired'],
    ['of another currency', { percentOff: null, amountOff: 5n, currency: 'usd' }, 'discount_code_invalid'],
    ['for larger orders', { minimumAmount: 1006n }, 'discount_code_minimum_not_met'],
    ['used up', { maxRedemptions: 3, timesRedeemed: 3 }, 'discount_code_usage_limit_reached'],
  ]
  for (const [why, change, code] of refusals) {
    test(`gives nothing when it is ${why}`, () => {
      const verdict = judge(change)
      assert.equal(verdict.ok, false)
      assert.equal(!verdict.ok && verdict.code, code)
    })
  }

  test('that is used up still counts for the checkout that has counted it', () => {
    assert.equal(judge({ maxRedemptions: 3, timesRedeemed: 3 }, 1000n, true).ok, true)
  })
})

describe('a percentage', () => {
  const good: [string | number, string][] = [
    [19, '19'],
    ['19', '19'],
    [8.875, '8.875'],
    ['007.50', '7.5'],
    ['100', '100'],
    ['100.0', '100'],
    ['0', '0'],
    ['0.0001', '0.0001'],
    ['10', '10'],
  ]
  for (const [given, kept] of good) {
    test(`${JSON.stringify(given)} is ${kept}`, () => assert.equal(percentSchema.parse(given), kept))
  }
  for (const bad of ['', '-1', '101', '100.0001', '1e2', '1.23456', 'x', Number.NaN, '１９', ' 5']) {
    test(`${String(bad)} is none`, () => assert.equal(percentSchema.safeParse(bad).success, false))
  }
})
