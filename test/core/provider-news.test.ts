import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type IntentStatus, intentStatuses } from '#payments/intent-machine.ts'
import {
  type ChargeFacts,
  type IntentFacts,
  type MoneyFact,
  type PaymentNews,
  readNews,
} from '#payments/provider-news.ts'

const intent = (over: Partial<IntentFacts> = {}): IntentFacts => ({
  status: 'requires_payment_method',
  captureMethod: 'automatic',
  amount: 4200n,
  currency: 'eur',
  amountAuthorized: 0n,
  amountCaptured: 0n,
  providerRef: 'pi_1',
  hasPage: false,
  isCurrent: false,
  ...over,
})

const news = (state: IntentStatus, over: Partial<PaymentNews> = {}): PaymentNews => ({
  ref: 'pi_1',
  state,
  amount: 4200n,
  amountCapturable: state === 'requires_capture' ? 4200n : 0n,
  amountReceived: state === 'succeeded' ? 4200n : 0n,
  currency: 'eur',
  ...over,
})

const moneyStates: IntentStatus[] = ['processing', 'requires_capture', 'succeeded']

describe('what is never booked', () => {
  const lies: [string, Partial<IntentFacts>, PaymentNews][] = [
    ['more than was asked for', {}, news('succeeded', { amount: 4201n, amountReceived: 4201n })],
    ['less than was asked for', {}, news('succeeded', { amount: 4199n, amountReceived: 4199n })],
    ['another currency', {}, news('succeeded', { currency: 'usd' })],
    ['another currency, before any money', {}, news('requires_action', { currency: 'usd' })],
    ['more received than its own amount', {}, news('succeeded', { amountReceived: 4300n })],
    [
      'less received than we have booked',
      { amountCaptured: 4200n, status: 'succeeded' },
      news('succeeded', { amountReceived: 1n }),
    ],
    ['money on a canceled payment', { status: 'canceled' }, news('succeeded')],
    ['a hold on a canceled payment', { status: 'canceled' }, news('requires_capture')],
    [
      'a second payment',
      { status: 'succeeded', amountCaptured: 4200n, amountAuthorized: 4200n },
      news('succeeded', { ref: 'pi_2' }),
    ],
    ['a second hold', { status: 'requires_capture' }, news('requires_capture', { ref: 'pi_2' })],
    ['a second payment before the first is over', { status: 'requires_action' }, news('processing', { ref: 'pi_2' })],
  ]
  for (const [name, ours, theirs] of lies)
    test(name, () => assert.equal(readNews(intent(ours), undefined, theirs).kind, 'conflict'))

  test('the total of an increment under way is no lie', () => {
    const ours = intent({ status: 'requires_capture', captureMethod: 'manual', amountAuthorized: 4200n })
    const theirs = news('requires_capture', { amount: 5000n, amountCapturable: 5000n })
    assert.equal(readNews(ours, undefined, theirs).kind, 'conflict')
    assert.equal(readNews({ ...ours, amountPending: 5000n }, undefined, theirs).kind, 'change')
  })
})

describe('what is left behind', () => {
  test('a page that is over is no cancellation of the payment', () => {
    const over = readNews(intent({ hasPage: true }), undefined, news('canceled'))
    assert.equal(over.kind, 'abandoned')
    const real = readNews(intent(), undefined, news('canceled'))
    assert.ok(real.kind === 'change' && real.status === 'canceled')
  })
  test('another payment without money is old news, whatever it says', () => {
    for (const state of intentStatuses.filter((one) => !moneyStates.includes(one)))
      assert.equal(readNews(intent({ status: 'succeeded' }), undefined, news(state, { ref: 'pi_2' })).kind, 'stale')
  })
})

/** What the tables keep: the row, the attempts, and what was booked. Written as `applyPayment` writes it. */
interface Kept {
  facts: IntentFacts
  charges: Map<string, ChargeFacts>
  money: MoneyFact[]
  kinds: string[]
}

const start = (captureMethod: 'automatic' | 'manual'): Kept => ({
  facts: intent({ captureMethod }),
  charges: new Map(),
  money: [],
  kinds: [],
})

const hear = ({ facts, charges, money, kinds }: Kept, theirs: PaymentNews): Kept => {
  const known = theirs.charge && charges.get(theirs.charge.ref)
  const verdict = readNews({ ...facts, amountPending: theirs.amount }, known, theirs)
  const heard = [...kinds, verdict.kind]
  if (verdict.kind !== 'change') return { facts, charges, money, kinds: heard }
  const { charge } = theirs
  const saved = charge && {
    status: charge.state,
    amount: charge.amount,
    amountCaptured: charge.amountCaptured,
    captured: charge.captured,
    hasFee: charge.fee !== undefined || known?.hasFee === true,
  }
  return {
    facts: {
      ...facts,
      status: verdict.status,
      amount: verdict.amount,
      amountAuthorized: verdict.amountAuthorized,
      amountCaptured: verdict.amountCaptured,
      providerRef: theirs.ref,
    },
    charges: charge && saved ? new Map(charges).set(charge.ref, saved) : charges,
    money: [...money, ...verdict.money],
    kinds: heard,
  }
}

/** What the ledger ends up with, whatever steps led there. */
const net = (money: readonly MoneyFact[]) => {
  const sum = (kind: MoneyFact['kind'], of: (fact: MoneyFact) => bigint) =>
    money.filter((fact) => fact.kind === kind).reduce((total, fact) => total + of(fact), 0n)
  const total = (fact: MoneyFact): bigint => ('total' in fact ? fact.total : 1n)
  const added = (fact: MoneyFact): bigint => (fact.kind === 'authorized' ? fact.total - fact.before : 0n)
  return {
    held: sum('authorized', added) - sum('released', total),
    captured: sum('captured', total),
    fees: sum('fee', total),
  }
}

type Charge = NonNullable<PaymentNews['charge']>
const fee = { ref: 'txn_1', amount: 88n, currency: 'eur' }
const charge = (over: Partial<Charge>): Charge => ({
  ref: 'ch_1',
  state: 'succeeded',
  amount: 4200n,
  amountCaptured: 0n,
  captured: false,
  ...over,
})

/** How a payment may go at the provider: every state it is ever seen in, in order. */
const history = fc
  .record({
    isManual: fc.boolean(),
    declines: fc.integer({ min: 0, max: 2 }),
    hasAction: fc.boolean(),
    isSlow: fc.boolean(),
    increments: fc.array(fc.bigInt({ min: 1n, max: 500n }), { maxLength: 2 }),
    end: fc.constantFrom('all', 'part', 'cancel', 'none'),
  })
  .map(({ isManual, declines, hasAction, isSlow, increments, end }) => {
    const steps: PaymentNews[] = []
    for (let n = 1; n <= declines; n++)
      steps.push(news('requires_payment_method', { charge: charge({ ref: `ch_no${n}`, state: 'failed' }) }))
    if (hasAction) steps.push(news('requires_action'))
    if (end === 'none') return { isManual, steps }
    if (!isManual && isSlow) steps.push(news('processing', { charge: charge({ state: 'pending' }) }))
    if (!isManual) {
      const done = { amountCaptured: 4200n, captured: true }
      steps.push(news('succeeded', { charge: charge(done) }), news('succeeded', { charge: charge({ ...done, fee }) }))
      return { isManual, steps }
    }
    let amount = 4200n
    const hold = () => news('requires_capture', { amount, amountCapturable: amount, charge: charge({ amount }) })
    steps.push(hold())
    for (const more of increments) {
      amount += more
      steps.push(hold())
    }
    if (end === 'cancel')
      return { isManual, steps: [...steps, news('canceled', { amount, charge: charge({ amount }) })] }
    const received = end === 'part' ? amount / 2n : amount
    const done = { amount, amountCaptured: received, captured: true }
    const seen = { amount, amountReceived: received }
    steps.push(news('succeeded', { ...seen, charge: charge(done) }))
    steps.push(news('succeeded', { ...seen, charge: charge({ ...done, fee }) }))
    return { isManual, steps }
  })
  .filter(({ steps }) => steps.length > 0)

/** Looks at the provider come back at any time and in any number; one that was overtaken is made again. */
const looks = (length: number) =>
  fc.array(fc.integer({ min: 0, max: length - 1 }), { maxLength: 12 }).map((at) => {
    let latest = 0
    return [...at, length - 1].map((index) => {
      latest = Math.max(latest, index)
      return latest
    })
  })

const scene = history.chain((told) => looks(told.steps.length).map((order) => ({ ...told, order })))

const hearAll = (isManual: boolean, all: readonly PaymentNews[]): Kept =>
  all.reduce(hear, start(isManual ? 'manual' : 'automatic'))

/** Once a hold is given up, how high it was matters to nobody. */
const ending = (facts: IntentFacts): Partial<IntentFacts> =>
  facts.status === 'canceled' ? { ...facts, amount: 0n, amountAuthorized: 0n } : facts

describe('any way of hearing a payment’s history', () => {
  test('leads to the same state and the same money', () => {
    fc.assert(
      fc.property(scene, ({ isManual, steps, order }) => {
        const whole = hearAll(isManual, steps)
        const parts = hearAll(
          isManual,
          order.flatMap((index) => steps[index] ?? []),
        )
        assert.deepEqual(ending(parts.facts), ending(whole.facts))
        assert.deepEqual(net(parts.money), net(whole.money))
        assert.ok(![...parts.kinds, ...whole.kinds].includes('conflict'))
      }),
      { numRuns: 2000 },
    )
  })

  test('says nothing new the second time', () => {
    fc.assert(
      fc.property(scene, ({ isManual, steps, order }) => {
        let kept = start(isManual ? 'manual' : 'automatic')
        for (const index of order) {
          const one = steps[index]
          assert.ok(one)
          kept = hear(kept, one)
          const again = hear(kept, one)
          assert.equal(again.kinds.at(-1), 'unchanged')
          assert.deepEqual(again.facts, kept.facts)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('never captures more than was authorised, and holds nothing at the end', () => {
    fc.assert(
      fc.property(scene, ({ isManual, steps, order }) => {
        let kept = start(isManual ? 'manual' : 'automatic')
        for (const index of order) {
          kept = hear(kept, steps[index] ?? news('requires_payment_method'))
          const { held, captured, fees } = net(kept.money)
          assert.ok(kept.facts.amountCaptured <= kept.facts.amountAuthorized)
          assert.equal(captured, kept.facts.amountCaptured)
          assert.equal(held, kept.facts.status === 'requires_capture' ? kept.facts.amountAuthorized : 0n)
          assert.ok(fees <= 1n)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('even old news that nobody compared books nothing twice', () => {
    const anyOrder = history.chain((told) =>
      fc
        .array(fc.integer({ min: 0, max: told.steps.length - 1 }), { maxLength: 12 })
        .map((order) => ({ ...told, order })),
    )
    fc.assert(
      fc.property(anyOrder, ({ isManual, steps, order }) => {
        const { money, facts } = hearAll(
          isManual,
          order.flatMap((index) => steps[index] ?? []),
        )
        const { captured, fees } = net(money)
        assert.ok(captured <= facts.amountAuthorized && fees <= 1n)
        assert.ok(money.filter((fact) => fact.kind === 'captured').length <= 1)
        assert.ok(money.filter((fact) => fact.kind === 'released').length <= 1)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('every status against every state', () => {
  for (const ours of intentStatuses) {
    test(`${ours}: no verdict takes money back or leaves an end`, () => {
      for (const theirs of intentStatuses) {
        const amountAuthorized = moneyStates.includes(ours) ? 4200n : 0n
        const amountCaptured = ours === 'succeeded' ? 4200n : 0n
        const facts = intent({ status: ours, amountAuthorized, amountCaptured })
        const verdict = readNews(facts, undefined, news(theirs))
        if (verdict.kind !== 'change') continue
        assert.ok(verdict.amountCaptured >= amountCaptured, theirs)
        assert.ok(ours !== 'canceled' || verdict.status === 'canceled', theirs)
        assert.ok(ours !== 'succeeded' || verdict.status === 'succeeded', theirs)
      }
    })
  }
})
