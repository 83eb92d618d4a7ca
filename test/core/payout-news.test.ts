import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isCurrency } from '#kernel/currencies.ts'
import { judgeConfirmation, judgePayout, type PayoutFacts, type PayoutStep } from '#payouts/payout-news.ts'
import { batchesOf, batchRef } from '#payouts/settlement.ts'

const states = ['pending', 'in_transit', 'paid', 'failed', 'canceled'] as const

/** What a step leaves on 1140, in payouts. */
const inTransit: Record<PayoutStep, number> = { created: 1, paid: -1, unpaid: 1, failed: -1 }

const hear = (
  { facts, transit }: { facts: PayoutFacts | undefined; transit: number },
  news: (typeof states)[number] | 'bank',
  setting: 'provider' | 'bank',
) => {
  if (news === 'bank') {
    const verdict = facts && judgeConfirmation({ ...facts, bankReference: null }, 'NTRF')
    const isBooked = verdict?.ok && verdict.kind === 'book'
    return {
      facts: facts && (verdict?.ok ? { ...facts, confirmedBy: 'bank' as const } : facts),
      transit: isBooked ? transit - 1 : transit,
    }
  }
  const { status, steps } = judgePayout(facts, news, setting)
  const confirmedBy = steps.includes('paid') ? ('provider' as const) : (facts?.confirmedBy ?? null)
  return {
    facts: { status, confirmedBy: steps.includes('unpaid') ? null : confirmedBy },
    transit: steps.reduce((sum, step) => sum + inTransit[step], transit),
  }
}

describe('news of a payout', () => {
  test('in any order leave nothing in transit once it has ended or arrived, and one payout until then', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(...states, 'bank' as const), fc.constantFrom('provider' as const, 'bank' as const)),
          { maxLength: 12 },
        ),
        (news) => {
          let now: Parameters<typeof hear>[0] = { facts: undefined, transit: 0 }
          for (const [what, setting] of news) {
            now = hear(now, what, setting)
            const { facts, transit } = now
            if (!facts) continue
            const hasEnded = facts.status === 'failed' || facts.status === 'canceled'
            assert.equal(transit, hasEnded || facts.confirmedBy !== null ? 0 : 1)
            assert.ok(!(hasEnded && facts.confirmedBy !== null))
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  const rows: [
    string,
    PayoutFacts | undefined,
    (typeof states)[number],
    'provider' | 'bank',
    PayoutStep[],
    string[],
  ][] = [
    ['a new one', undefined, 'pending', 'provider', ['created'], ['payout.created']],
    [
      'one that has arrived when we hear of it',
      undefined,
      'paid',
      'provider',
      ['created', 'paid'],
      ['payout.created', 'payout.paid'],
    ],
    [
      'one that failed before we heard of it',
      undefined,
      'failed',
      'provider',
      ['created', 'failed'],
      ['payout.created', 'payout.failed'],
    ],
    [
      'arrival, by the provider',
      { status: 'in_transit', confirmedBy: null },
      'paid',
      'provider',
      ['paid'],
      ['payout.paid'],
    ],
    ['arrival, for the bank to say', { status: 'in_transit', confirmedBy: null }, 'paid', 'bank', [], ['payout.paid']],
    [
      'return after arrival',
      { status: 'paid', confirmedBy: 'bank' },
      'failed',
      'bank',
      ['unpaid', 'failed'],
      ['payout.failed'],
    ],
    ['old news', { status: 'paid', confirmedBy: 'provider' }, 'in_transit', 'provider', [], []],
    ['news after the end', { status: 'canceled', confirmedBy: null }, 'failed', 'provider', [], []],
    ['the same again', { status: 'paid', confirmedBy: 'provider' }, 'paid', 'provider', [], []],
  ]
  for (const [name, known, news, setting, steps, events] of rows) {
    test(`${name}: ${steps.join(' and ') || 'nothing'}`, () => {
      const verdict = judgePayout(known, news, setting)
      assert.deepEqual([verdict.steps, verdict.events], [steps, events])
    })
  }
})

test('every entry is in one batch of its day and currency, and no batch has another’s name', () => {
  const currency = fc.constantFrom('eur', 'usd').map((code) => {
    assert.ok(isCurrency(code))
    return code
  })
  const entry = fc.record({
    id: fc.uuid(),
    currency,
    net: fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
    availableOn: fc.date({
      min: new Date('2026-11-20T00:00:00Z'),
      max: new Date('2026-11-24T00:00:00Z'),
      noInvalidDate: true,
    }),
  })
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ id }) => id, maxLength: 40 }), (entries) => {
      const batches = batchesOf(entries)
      assert.deepEqual(batches.flatMap(({ entryIds }) => entryIds).sort(), entries.map(({ id }) => id).sort())
      for (const code of ['eur', 'usd'])
        assert.equal(
          batches.filter((one) => one.currency === code).reduce((sum, { amount }) => sum + amount, 0n),
          entries.filter((one) => one.currency === code).reduce((sum, { net }) => sum + net, 0n),
        )
      const names = batches.flatMap((batch) =>
        [1, 2].map((part) => batchRef({ provider: 'stripe', connection: '' }, batch, part)),
      )
      assert.equal(new Set(names).size, names.length)
    }),
  )
})
