import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { chartAccount } from '#ledger/chart.ts'
import { reversePosting } from '#ledger/correction-rules.ts'
import { postDiscounted, postDiscountReturned } from '#ledger/discount-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import {
  postAuthorized,
  postCaptured,
  postFee,
  postRefunded,
  postRefundFailed,
  postReleased,
  type Refundable,
  refundableOf,
} from '#ledger/posting-rules.ts'
import { type CaptureParts, nextParts, scaleParts } from '#ledger/revenue.ts'

const eur = 'eur'
assert.ok(isCurrency(eur))
const event: { currency: Currency; effectiveAt: Date } = { currency: eur, effectiveAt: new Date(0) }

const reversal = { reverses: 'ltx', effectiveAt: new Date(0) }
const amount = fc.bigInt({ min: 0n, max: 99_999_999n })
const parts: fc.Arbitrary<CaptureParts> = fc.record({ goods: amount, shipping: amount, tax: amount, tip: amount })
const totalOf = (of: CaptureParts): bigint => of.goods + of.shipping + of.tax + of.tip
const leftTotal = (left: Refundable): bigint => left.sales + left.tax + left.tip + left.owed

/** Sum of the debits less credits on a code. */
const net = (postings: readonly (Posting | undefined)[], code?: string): bigint =>
  postings
    .flatMap((posting) => posting?.legs ?? [])
    .filter((leg) => code === undefined || leg.code === code)
    .reduce((sum, leg) => sum + leg.amount, 0n)

/** What is left after a refund, as the ledger would show it. */
const after = (left: Refundable, posting: Posting | undefined): Refundable => ({
  sales: left.sales - net([posting], '4090'),
  tax: left.tax - net([posting], '2310'),
  tip: left.tip - net([posting], '2060'),
  owed: left.owed - net([posting], '2040'),
})

describe("a discount of the merchant's own", () => {
  test('leaves at the provider what arrived less what went back, and all of the price refundable', () => {
    const refund = fc.record({ weight: fc.bigInt({ min: 1n, max: 50n }), share: fc.bigInt({ min: 0n, max: 100n }) })
    fc.assert(
      fc.property(
        parts,
        fc.bigInt({ min: 0n, max: 100n }),
        fc.array(refund, { maxLength: 6 }),
        (of, percent, refunds) => {
          const total = totalOf(of)
          const discount = (total * percent) / 100n
          const taken = postDiscounted({ ...event, providerChargeRef: 'ch', total, amount: discount, parts: of })
          const postings = [postCaptured({ ...event, providerChargeRef: 'ch', total, parts: of }), taken]
          let left = refundableOf(of)
          let off = { sales: net([taken], '4090'), tax: net([taken], '2310') }
          let arrived = total - discount
          for (const { weight, share } of refunds) {
            const amount = (leftTotal(left) * weight) / 50n
            const open = off.sales + off.tax
            const most = amount < open ? amount : open
            const kept = (most * share) / 100n
            const refunded = postRefunded({ ...event, refundId: 're', amount, left })
            const returned = postDiscountReturned({ ...event, refundId: 're', total: amount, amount: kept, left: off })
            postings.push(refunded, returned)
            left = after(left, refunded)
            off = { sales: off.sales + net([returned], '4090'), tax: off.tax + net([returned], '2310') }
            assert.ok(off.sales >= 0n && off.tax >= 0n)
            arrived -= amount - kept
          }
          assert.equal(net(postings, '1110'), arrived)
          assert.equal(net(postings), 0n)
          const rest = off.sales + off.tax
          const last = { ...event, refundId: 'last', total: rest, amount: rest, left: off }
          const all = [
            taken,
            ...postings.slice(2).filter((one) => one?.kind === 'discount_refund'),
            postDiscountReturned(last),
          ]
          assert.deepEqual([net(all, '2310'), net(all, '4090'), net(all, '1110')], [0n, 0n, 0n])
        },
      ),
    )
  })

  test('lowers the tax by its share of the price, to the unit, and the tip never', () => {
    fc.assert(
      fc.property(parts, fc.bigInt({ min: 0n, max: 100n }), (of, percent) => {
        const total = totalOf(of)
        const amount = (total * percent) / 100n
        const taken = postDiscounted({ ...event, providerChargeRef: 'ch', total, amount, parts: of })
        const price = total - of.tip
        const [tax, sales] = [net([taken], '2310'), net([taken], '4090')]
        assert.deepEqual([tax + sales, net([taken], '2060')], [amount, 0n])
        assert.ok(tax >= 0n && tax <= of.tax && sales >= 0n)
        // Less than a unit from the exact share.
        if (price > 0n && amount <= price) {
          const off = tax * price - amount * of.tax
          assert.ok(off < price && off > -price)
        }
        if (amount === price) assert.equal(tax, of.tax)
      }),
    )
  })

  test('is never more than what it was taken off', () => {
    const capture = { ...event, providerChargeRef: 'ch', total: 5n }
    assert.throws(() => postDiscounted({ ...capture, amount: 6n }), RangeError)
    assert.throws(() => postDiscounted({ ...capture, amount: -1n }), RangeError)
    assert.equal(postDiscounted({ ...capture, amount: 0n }), undefined)
  })
})

describe('a fee', () => {
  const of = (whole: bigint, applicationFee: bigint, recoverableTax = 0n) =>
    postFee({ ...event, balanceRef: 'txn', amount: whole, applicationFee, recoverableTax })

  test('adds up to what was taken, the platform’s part being a line of its own', () => {
    fc.assert(
      fc.property(amount, amount, amount, fc.constantFrom(1n, -1n), (own, platform, tax, sign) => {
        const posting = of(sign * (own + platform + tax), sign * platform, sign * tax)
        const costs = posting?.legs.filter(({ code }) => code === '5010').map((leg) => leg.amount) ?? []
        assert.deepEqual(
          costs,
          [sign * own, sign * platform].filter((part) => part !== 0n),
        )
        assert.equal(posting ? net([posting], '1110') : 0n, -sign * (own + platform + tax))
        assert.throws(() => of(sign * (own + tax), sign * (own + 1n), sign * tax), RangeError)
        if (platform > 0n) assert.throws(() => of(sign * (own + platform), -sign * platform), RangeError)
      }),
    )
  })
})

describe('every posting', () => {
  const anyPosting = fc
    .tuple(amount, amount, parts, fc.bigInt({ min: -1000n, max: 1000n }))
    .map(([a, b, of, tax]): (Posting | undefined)[] => [
      postAuthorized({ ...event, providerChargeRef: 'ch', total: a + b, before: b }),
      postReleased({ ...event, providerChargeRef: 'ch', total: a }),
      postCaptured({ ...event, providerChargeRef: 'ch', total: totalOf(of), parts: of }),
      postFee({ ...event, balanceRef: 'txn', amount: a, recoverableTax: tax }),
      postRefunded({ ...event, refundId: 're', amount: totalOf(of), left: refundableOf(of) }),
      postRefundFailed({ ...event, refundId: 're', amount: a }),
    ])

  test('is balanced, has no zero leg, and books on accounts of the chart; so does its reversal', () => {
    fc.assert(
      fc.property(anyPosting, (postings) => {
        for (const posting of postings) {
          if (!posting) continue
          for (const one of [posting, reversePosting(posting, reversal)]) {
            assert.equal(net([one]), 0n)
            assert.ok(one.legs.length >= 2 && one.legs.every((leg) => leg.amount !== 0n && chartAccount(leg.code)))
          }
          assert.equal(net([posting, reversePosting(posting, reversal)], '1110'), 0n)
        }
      }),
    )
  })

  test('keeps the memo accounts at net zero, and an authorisation raised step by step is released whole', () => {
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 10 }), (steps) => {
        let total = 0n
        const postings = steps.map((step) => {
          const before = total
          total += step
          return postAuthorized({ ...event, providerChargeRef: 'ch', total, before })
        })
        assert.equal(net(postings, '9010'), total)
        postings.push(postReleased({ ...event, providerChargeRef: 'ch', total }))
        assert.equal(net(postings, '9010'), 0n)
        assert.equal(net(postings, '9011'), 0n)
        const keys = postings.flatMap((posting) => posting?.eventKey ?? [])
        assert.equal(new Set(keys).size, keys.length)
      }),
    )
  })
})

test('the parts of a partial capture add up to it and none exceeds the order', () => {
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 100 }), (order, percent) => {
      fc.pre(totalOf(order) > 0n)
      const captured = (totalOf(order) * BigInt(percent)) / 100n
      const scaled = scaleParts(order, captured)
      assert.equal(totalOf(scaled), captured)
      for (const name of ['goods', 'shipping', 'tax', 'tip'] as const) assert.ok(scaled[name] <= order[name])
    }),
  )
})

test('captures in any parts add up to the order, leg by leg, each booked under a key of its own', () => {
  fc.assert(
    fc.property(
      parts,
      fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 8 }),
      amount,
      (order, percents, more) => {
        fc.pre(totalOf(order) > 0n)
        const booked = { goods: 0n, shipping: 0n, tax: 0n, tip: 0n }
        const postings: (Posting | undefined)[] = []
        let before = 0n
        const take = (part: bigint): void => {
          if (part === 0n) return
          const own = nextParts(order, booked, part)
          const total = before + part
          postings.push(postCaptured({ ...event, providerChargeRef: 'ch', total, before, parts: own }))
          before = total
          for (const name of ['goods', 'shipping', 'tax', 'tip'] as const) booked[name] += own[name]
        }
        for (const percent of percents) {
          take(((totalOf(order) - before) * BigInt(percent)) / 100n)
          for (const name of ['goods', 'shipping', 'tax', 'tip'] as const) assert.ok(booked[name] <= order[name])
        }
        take(totalOf(order) - before)
        assert.deepEqual(booked, { ...order })
        take(more)
        assert.equal(net(postings, '1110'), totalOf(order) + more)
        const keys = postings.flatMap((posting) => posting?.eventKey ?? [])
        assert.equal(new Set(keys).size, keys.length)
      },
    ),
  )
})

describe('refunds', () => {
  const split = fc.tuple(parts, fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 12 }))

  test('in any split add up to the capture, leg by leg, and no leg ever exceeds what was captured', () => {
    fc.assert(
      fc.property(split, ([order, percents]) => {
        let left = refundableOf(order)
        const refund = (part: bigint): void => {
          const posting = postRefunded({ ...event, refundId: 're', amount: part, left })
          for (const leg of posting?.legs ?? []) assert.equal(leg.amount > 0n, leg.code !== '1110')
          left = after(left, posting)
          for (const rest of Object.values(left)) assert.ok(rest >= 0n)
        }
        for (const percent of percents) refund((leftTotal(left) * BigInt(percent)) / 100n)
        refund(leftTotal(left))
        assert.deepEqual(left, { sales: 0n, tax: 0n, tip: 0n, owed: 0n })
      }),
    )
  })

  test('that fail and are made again take the revenue back once', () => {
    const tries = fc.array(fc.record({ percent: fc.integer({ min: 0, max: 100 }), fails: fc.boolean() }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(parts, tries, (order, attempts) => {
        const postings: (Posting | undefined)[] = []
        let left = refundableOf(order)
        for (const { percent, fails } of [...attempts, { percent: 100, fails: false }]) {
          const part = (leftTotal(left) * BigInt(percent)) / 100n
          const booked = [postRefunded({ ...event, refundId: 're', amount: part, left })]
          if (fails) booked.push(postRefundFailed({ ...event, refundId: 're', amount: part }))
          for (const posting of booked) left = after(left, posting)
          postings.push(...booked)
        }
        assert.equal(net(postings, '1110'), -totalOf(order))
        assert.equal(net(postings, '2040'), 0n)
        assert.equal(net(postings, '4090'), order.goods + order.shipping)
      }),
    )
  })
})
