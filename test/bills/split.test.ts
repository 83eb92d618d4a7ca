import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type BillPlan, type Person, planBill } from '#bills/bill-plan.ts'
import { billAfter, shareAfter } from '#bills/bill-progress.ts'
import type { ShareRow, WholeBill } from '#bills/bill-rows.ts'
import { shareTitle } from '#bills/share-title.ts'
import { splitRefund, splitTotal, splitWeights } from '#bills/split.ts'

type Input = Parameters<typeof planBill>[0]

const people = (count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({ id: `par_${index}`, externalId: `p${index}` }))
const participants = (...weights: (number | undefined)[]) =>
  weights.map((weight, index) => ({
    participant: `par_${index}`,
    ...(weight === undefined ? {} : { weight }),
  }))
const plain = (count: number) => participants(...Array.from({ length: count }, () => undefined))
const item = (unit_amount: number, who?: string[], quantity = 1) => ({
  name: 'Dish',
  quantity,
  unit_amount,
  ...(who === undefined ? {} : { for: who }),
})
const nothing = { tax: 0, tip: 0 }

const planned = (input: Input): BillPlan => {
  const plan = planBill(input, people(input.participants.length))
  assert.ok(plan.ok, plan.ok ? '' : plan.message)
  return plan
}
const amounts = ({ parts }: BillPlan) => parts.map((part) => part.amount)
const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)

describe('a split', () => {
  const table: [string, Input, bigint[]][] = [
    ['100.00 in three', { ...nothing, split: 'equal', amount: 10_000, participants: plain(3) }, [3334n, 3333n, 3333n]],
    ['two units left over', { ...nothing, split: 'equal', amount: 11, participants: plain(3) }, [4n, 4n, 3n]],
    ['one payer', { ...nothing, split: 'equal', amount: 7, participants: plain(1) }, [7n]],
    ['by weight', { ...nothing, split: 'shares', amount: 100, participants: participants(2, 1) }, [67n, 33n]],
    [
      'largest remainder, not first',
      { ...nothing, split: 'shares', amount: 10, participants: participants(1, 5) },
      [2n, 8n],
    ],
    [
      'items of one each',
      { ...nothing, split: 'items', items: [item(500, ['p0']), item(700, ['par_1'])], participants: plain(2) },
      [500n, 700n],
    ],
    [
      'three shared lines are not rounded one by one',
      { ...nothing, split: 'items', items: [item(100), item(100), item(100)], participants: plain(3) },
      [100n, 100n, 100n],
    ],
    [
      'one line among some',
      {
        ...nothing,
        split: 'items',
        items: [item(1000, ['p0', 'p1', 'p2']), item(300, ['p0'])],
        participants: plain(3),
      },
      [634n, 333n, 333n],
    ],
    [
      'items, tip in proportion',
      { split: 'items', tax: 0, tip: 120, items: [item(500, ['p0']), item(700, ['p1'])], participants: plain(2) },
      [550n, 770n],
    ],
    [
      'items, split equally',
      { ...nothing, split: 'equal', items: [item(250, undefined, 4)], participants: plain(3) },
      [334n, 333n, 333n],
    ],
    [
      'a participant named twice in a line counts once',
      { ...nothing, split: 'items', items: [item(900, ['p0', 'par_0', 'p1'])], participants: plain(2) },
      [450n, 450n],
    ],
  ]
  for (const [name, input, expected] of table) test(name, () => assert.deepEqual(amounts(planned(input)), expected))

  const refusals: [string, Input, string, string][] = [
    [
      'less than a unit each',
      { ...nothing, split: 'equal', amount: 2, participants: plain(3) },
      'amount_too_small',
      'participants',
    ],
    [
      'somebody without an item',
      { ...nothing, split: 'items', items: [item(500, ['p0'])], participants: plain(2) },
      'amount_too_small',
      'participants',
    ],
    [
      'lines of nothing',
      { ...nothing, split: 'items', items: [item(0)], participants: plain(2) },
      'amount_too_small',
      'participants',
    ],
    [
      'a stranger in a line',
      { ...nothing, split: 'items', items: [item(500, ['p9'])], participants: plain(1) },
      'bill_invalid_parameter',
      'items',
    ],
    [
      'amount and items',
      { ...nothing, split: 'equal', amount: 5, items: [item(5)], participants: plain(1) },
      'parameters_exclusive',
      'amount',
    ],
    ['neither', { ...nothing, split: 'equal', participants: plain(1) }, 'parameter_missing', 'amount'],
    [
      'items without items',
      { ...nothing, split: 'items', amount: 5, participants: plain(1) },
      'parameter_missing',
      'items',
    ],
    [
      'a missing weight',
      { ...nothing, split: 'shares', amount: 5, participants: participants(1, undefined) },
      'parameter_missing',
      'participants',
    ],
    [
      'a weight that says nothing',
      { ...nothing, split: 'equal', amount: 5, participants: participants(1, 2) },
      'bill_invalid_parameter',
      'participants',
    ],
    [
      'too much',
      { ...nothing, split: 'equal', items: [item(99_999_999, undefined, 2)], participants: plain(1) },
      'amount_too_large',
      'amount',
    ],
    [
      'more tax than amount',
      { split: 'equal', amount: 10, tax: 8, tip: 3, participants: plain(1) },
      'bill_invalid_parameter',
      'tax',
    ],
  ]
  for (const [name, input, code, param] of refusals)
    test(`refuses ${name}`, () => {
      const plan = planBill(input, people(input.participants.length))
      assert.deepEqual(plan.ok ? 'accepted' : [plan.code, plan.param], [code, param])
    })

  test('refuses a participant named twice', () => {
    const [one] = people(1)
    assert.ok(one)
    const plan = planBill({ ...nothing, split: 'equal', amount: 10, participants: plain(2) }, [one, one])
    assert.equal(plan.ok ? '' : plan.code, 'bill_invalid_parameter')
  })

  const weights = fc.array(fc.bigInt({ min: 1n, max: 1_000_000n }), { minLength: 1, maxLength: 50 })
  const whole = fc.tuple(fc.bigInt({ min: 1n, max: 99_999_999n }), fc.nat(1000), fc.nat(1000)).map(([amount, t, u]) => {
    const tax = (amount * BigInt(t)) / 1000n
    return { amount, tax, tip: ((amount - tax) * BigInt(u)) / 1000n }
  })

  test('adds up to the unit, tax and tip as well, and no part differs by a whole unit from its exact value', () => {
    fc.assert(
      fc.property(whole, weights, (total, all) => {
        const parts = splitTotal(total, all)
        assert.equal(sum(parts.map((part) => part.amount)), total.amount)
        assert.equal(sum(parts.map((part) => part.tax)), total.tax)
        assert.equal(sum(parts.map((part) => part.tip)), total.tip)
        const heaviest = sum(all)
        for (const [index, part] of parts.entries()) {
          const floor = (total.amount * (all[index] ?? 0n)) / heaviest
          assert.ok(part.amount === floor || part.amount === floor + 1n)
          assert.ok(
            part.tax >= 0n && part.tip >= 0n && part.tax + part.tip <= part.amount,
            JSON.stringify(String(part)),
          )
        }
      }),
    )
  })

  test('an equal split gives the extra units to those named first', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 99_999_999n }), fc.integer({ min: 1, max: 50 }), (amount, count) => {
        const weights = splitWeights('equal', Array.from({ length: count }), [])
        const parts = splitTotal({ amount, tax: 0n, tip: 0n }, weights).map((part) => part.amount)
        assert.deepEqual(
          parts,
          parts.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0)),
        )
        assert.ok((parts[0] ?? 0n) - (parts.at(-1) ?? 0n) <= 1n)
      }),
    )
  })

  test('refunds in turn give everybody back what they paid, never more on the way', () => {
    const paid = fc.array(fc.bigInt({ min: 1n, max: 1_000_000n }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(paid, fc.array(fc.nat(1000), { maxLength: 5 }), (all, steps) => {
        let left = all
        for (const step of [...steps, 1000]) {
          const amount = (sum(left) * BigInt(step)) / 1000n
          if (sum(left) === 0n) break
          const parts = splitRefund(amount, left)
          assert.equal(sum(parts), amount)
          left = left.map((rest, index) => rest - (parts[index] ?? 0n))
          assert.ok(left.every((rest) => rest >= 0n))
        }
        assert.equal(sum(left), 0n)
      }),
    )
  })
})

const share = (over: Partial<ShareRow>): ShareRow =>
  ({ status: 'open', amount: 50n, amount_paid: 0n, amount_refunded: 0n, ...over }) as ShareRow
const money = (captured: bigint, refunded = 0n, isCanceled = false) => ({ captured, refunded, isCanceled })

describe('a share', () => {
  const table: [string, ShareRow['status'], ReturnType<typeof money>, ShareRow['status']][] = [
    ['waits', 'open', money(0n), 'open'],
    ['is paid', 'open', money(50n), 'paid'],
    ['is paid and partly refunded', 'open', money(50n, 20n), 'paid'],
    ['is refunded', 'paid', money(50n, 50n), 'refunded'],
    ['is paid again when its refund fails', 'refunded', money(50n, 0n), 'paid'],
    ['is canceled with its payment', 'open', money(0n, 0n, true), 'canceled'],
    ['stays canceled when money comes late', 'canceled', money(50n), 'canceled'],
  ]
  for (const [name, before, paid, after] of table)
    test(name, () => {
      const moved = shareAfter(share({ status: before }), paid)
      assert.equal(moved.status, after)
      assert.deepEqual(shareAfter({ ...moved }, paid), moved, 'and again')
    })
})

describe('a bill', () => {
  const whole = (status: WholeBill['bill']['status'], shares: ShareRow[]): WholeBill => ({
    bill: { status, amount: 100n } as WholeBill['bill'],
    shares,
  })
  const paid = share({ status: 'paid', amount_paid: 50n })
  const back = share({ status: 'refunded', amount_paid: 50n, amount_refunded: 50n })
  const late = share({ status: 'canceled', amount_paid: 50n })
  const table: [string, WholeBill, [string, bigint, bigint]][] = [
    ['half paid', whole('open', [paid, share({})]), ['open', 50n, 0n]],
    ['all paid', whole('open', [paid, paid]), ['paid', 100n, 0n]],
    ['paid, one of them refunded since', whole('open', [paid, back]), ['paid', 100n, 50n]],
    ['a late payment does not count', whole('open', [paid, late]), ['open', 50n, 0n]],
    ['a closed one stays closed', whole('closed', [paid, paid]), ['closed', 100n, 0n]],
  ]
  for (const [name, given, [status, amountPaid, refunded]] of table)
    test(name, () => assert.deepEqual(billAfter(given), { status, amount_paid: amountPaid, amount_refunded: refunded }))
})

test('a share is called in the language of its payer', () => {
  assert.equal(shareTitle('Dinner', null), 'Your part of Dinner')
  assert.equal(shareTitle('Dinner', 'xx'), 'Your part of Dinner')
  assert.equal(shareTitle('Dîner', 'fr-CA'), 'Votre part de Dîner')
  assert.equal(shareTitle('晚餐', 'zh_CN'), '晚餐：您的份额')
})
