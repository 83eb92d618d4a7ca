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

describe('captures beyond one of what is held', () => {
  const held = intent({ status: 'requires_capture', captureMethod: 'manual', amountAuthorized: 4200n })
  const known: ChargeFacts = { status: 'succeeded', amount: 4200n, amountCaptured: 0n, captured: false, feeRefs: [] }
  const took = (state: IntentStatus, amountCaptured: bigint, over: Partial<PaymentNews> = {}) =>
    news(state, {
      amountReceived: amountCaptured,
      amountCapturable: state === 'requires_capture' ? 4200n - amountCaptured : 0n,
      charge: charge({ amountCaptured, captured: state === 'succeeded', maxCapturable: 5000n }),
      ...over,
    })

  test('a part takes its share out of the hold and leaves the rest', () => {
    const verdict = readNews(held, known, took('requires_capture', 1200n))
    assert.ok(verdict.kind === 'change')
    assert.deepEqual(verdict.money, [
      { kind: 'released', total: 1200n, before: 0n },
      { kind: 'captured', total: 1200n, before: 0n },
    ])
    assert.deepEqual(
      [verdict.amountAuthorized, verdict.amountCapturable, verdict.amountCaptured],
      [4200n, 3000n, 1200n],
    )
    assert.deepEqual(verdict.intentEvents, ['payment_intent.amount_capturable_updated'])
    assert.deepEqual(verdict.chargeEvents, ['charge.captured'])
  })

  test('a part that only the charge knows of yet is taken, too', () => {
    const { charge: newer } = took('requires_capture', 1200n)
    const verdict = readNews(held, known, { ...news('requires_capture'), ...(newer ? { charge: newer } : {}) })
    assert.ok(verdict.kind === 'change')
    assert.deepEqual([verdict.amountCapturable, verdict.amountCaptured], [3000n, 1200n])
    assert.equal(readNews(held, { ...known, amountCaptured: 1200n }, took('requires_capture', 1200n)).kind, 'change')
  })

  test('an older part is old news, and the rest given back books no capture', () => {
    const ours = { ...held, amountCaptured: 1200n }
    const part = { ...known, amountCaptured: 1200n }
    assert.equal(readNews(ours, part, took('requires_capture', 700n)).kind, 'stale')
    assert.equal(readNews(ours, part, took('requires_capture', 1200n)).kind, 'unchanged')
    const over = readNews(ours, part, took('succeeded', 1200n))
    assert.ok(over.kind === 'change')
    assert.deepEqual(over.money, [{ kind: 'released', total: 4200n, before: 1200n }])
  })

  test('more than was held is taken up to what the provider allows, and not a unit more', () => {
    const over = readNews(held, known, took('succeeded', 5000n))
    assert.ok(over.kind === 'change')
    assert.deepEqual([over.amount, over.amountAuthorized, over.amountCaptured], [4200n, 5000n, 5000n])
    assert.equal(readNews(held, known, took('succeeded', 5000n, { amount: 5000n })).kind, 'change')
    assert.equal(readNews(held, known, took('succeeded', 5001n)).kind, 'conflict')
    assert.equal(readNews(held, known, took('succeeded', 4000n, { amount: 4000n })).kind, 'conflict')
    assert.equal(
      readNews(held, known, took('succeeded', 5000n, { charge: charge({ captured: true }) })).kind,
      'conflict',
    )
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

const feesOf = ({ fee, moreFees = [] }: NonNullable<PaymentNews['charge']>): string[] =>
  [...(fee ? [fee] : []), ...moreFees].map(({ ref }) => ref)

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
    feeRefs: [...new Set([...(known?.feeRefs ?? []), ...feesOf(charge)])],
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
  const sum = (kind: MoneyFact['kind']) =>
    money.reduce(
      (total, fact) => (fact.kind === kind && 'total' in fact ? total + fact.total - fact.before : total),
      0n,
    )
  const fees = money.flatMap((fact) => (fact.kind === 'fee' ? [fact.ref] : []))
  return { held: sum('authorized') - sum('released'), captured: sum('captured'), fees: fees.toSorted() }
}

/** How a payment may go at the provider: every state it is ever seen in, in order. */
const history = fc
  .record({
    isManual: fc.boolean(),
    declines: fc.integer({ min: 0, max: 2 }),
    hasAction: fc.boolean(),
    isSlow: fc.boolean(),
    increments: fc.array(fc.bigInt({ min: 1n, max: 500n }), { maxLength: 2 }),
    parts: fc.array(fc.bigInt({ min: 1n, max: 1000n }), { maxLength: 3 }),
    end: fc.constantFrom('all', 'part', 'over', 'rest', 'cancel', 'held', 'none'),
  })
  .map(({ isManual, declines, hasAction, isSlow, increments, parts, end }) => {
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
    // Captures that leave the rest held, each of which has a fee of its own that comes with it or later.
    let taken = 0n
    const moreFees: (typeof fee)[] = []
    for (const [index, part] of parts.entries()) {
      taken += part
      const seen = { amount, amountReceived: taken, amountCapturable: amount - taken }
      const held = charge({
        amount,
        amountCaptured: taken,
        maxCapturable: amount + 600n,
        ...(index > 0 ? { fee } : {}),
      })
      steps.push(news('requires_capture', { ...seen, charge: { ...held, moreFees: [...moreFees] } }))
      if (index > 0) moreFees.push({ ...fee, ref: `txn_${index + 1}` })
    }
    if (end === 'held') return { isManual, steps }
    if (end === 'cancel') {
      const given = charge({ amount, amountCaptured: taken, ...(parts.length > 1 ? { fee, moreFees } : {}) })
      return { isManual, steps: [...steps, news('canceled', { amount, amountReceived: taken, charge: given })] }
    }
    const ends = { part: taken + (amount - taken) / 2n, over: amount + 500n, rest: taken || amount, all: amount }
    const received = ends[end]
    const most = received > amount ? received : amount
    const done = { amount: most, amountCaptured: received, captured: true, maxCapturable: amount + 600n }
    const seen = { amount, amountReceived: received }
    steps.push(news('succeeded', { ...seen, charge: charge(done) }))
    steps.push(news('succeeded', { ...seen, charge: charge({ ...done, fee, moreFees }) }))
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

  test('also when a payment was read just before a capture, and its charge just after', () => {
    fc.assert(
      fc.property(scene, fc.infiniteStream(fc.boolean()), ({ isManual, steps, order }, torn) => {
        let latest = 0
        const seen = order.flatMap((index) => {
          latest = Math.max(latest, index)
          const [one, next] = [steps[latest], steps[latest + 1]]
          const isTorn = one?.state === 'requires_capture' && next?.charge && torn.next().value
          if (!one || !isTorn) return one ?? []
          latest += 1
          return [{ ...one, charge: { ...next.charge, captured: false } } as PaymentNews]
        })
        const [parts, whole] = [hearAll(isManual, [...seen, ...steps.slice(-1)]), hearAll(isManual, steps)]
        assert.deepEqual(ending(parts.facts), ending(whole.facts))
        assert.deepEqual(net(parts.money), net(whole.money))
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
          const open = kept.facts.amountAuthorized - kept.facts.amountCaptured
          assert.equal(held, kept.facts.status === 'requires_capture' ? open : 0n)
          assert.equal(new Set(fees).size, fees.length)
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
        const { captured, fees, held } = net(money)
        assert.ok(captured <= facts.amountAuthorized && held >= 0n)
        assert.equal(new Set(fees).size, fees.length)
        // Each starts where the last one ended, so that no unit is booked by two of them.
        for (const kind of ['captured', 'released'] as const) {
          const steps = money.flatMap((fact) => (fact.kind === kind && 'before' in fact ? [fact] : []))
          for (const [index, { before }] of steps.entries()) assert.equal(before, steps[index - 1]?.total ?? 0n)
        }
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
