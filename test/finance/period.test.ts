import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { blockersOf, type ClosingFacts, checklistOf } from '#finance/checklist.ts'
import { addMonths, isMonth, type Month, monthOf, monthsDown, nextMonth, startOf } from '#finance/month.ts'
import { booksState, closedUntil, type Lock, periodsOf } from '#finance/period.ts'
import { judgeDecision } from '#finance/proposal.ts'
import { byCode, trialBalanceText } from '#finance/trial-balance.ts'
import type { AccountType } from '#ledger/chart.ts'

const month = (text: string): Month => {
  assert.ok(isMonth(text))
  return text
}

describe('a month', () => {
  test('is that of UTC', () => {
    assert.equal(monthOf(new Date('2026-10-31T23:59:59.999Z')), '2026-10')
    assert.equal(startOf(month('2026-11')).toISOString(), '2026-11-01T00:00:00.000Z')
    assert.equal(nextMonth(month('2026-12')), '2027-01')
    assert.equal(addMonths(month('2026-01'), -1), '2025-12')
    assert.deepEqual(monthsDown(month('2026-11'), month('2027-01')), ['2027-01', '2026-12', '2026-11'])
    assert.deepEqual(monthsDown(month('2026-11'), month('2026-10')), [])
    assert.deepEqual(['2026-13', '2026-1', '2026-00', '26-01', '2026-01-01'].filter(isMonth), [])
  })
})

/** A history written as the months closed (+) and reopened (−); `~` is a closing that is not finished. */
const history = (...steps: string[]): Lock[] => {
  const rows = steps.flatMap((step): [Lock['action'], string][] => {
    const of = month(step.slice(1))
    if (step.startsWith('-')) return [['reopened', `${of}-01`]]
    const closing: [Lock['action'], string] = ['closing', closedUntil(of)]
    return step.startsWith('~') ? [closing] : [closing, ['closed', closedUntil(of)]]
  })
  return rows.map(([action, until], index) => ({
    number: index + 1,
    action,
    closedUntil: until,
    proposalId: 'p',
    asOfSeq: action === 'closed' ? BigInt(index) : null,
    sha256: action === 'closed' ? Buffer.alloc(32, index) : null,
    createdAt: new Date(index),
    reason: 'why',
    proposedBy: 'a',
    decidedBy: 'b',
  }))
}

describe('the periods', () => {
  const first = month('2026-08')
  const cases: [string[], { next: string | undefined; closing?: string; lastClosed?: string }, string][] = [
    [[], { next: '2026-08' }, '2026-08 open, 2026-09 open, 2026-10 open'],
    [['~2026-08'], { next: '2026-09', closing: '2026-08' }, '2026-08 closing, 2026-09 open, 2026-10 open'],
    [['+2026-08'], { next: '2026-09', lastClosed: '2026-08' }, '2026-08 closed, 2026-09 open, 2026-10 open'],
    [
      ['+2026-08', '+2026-09'],
      { next: '2026-10', lastClosed: '2026-09' },
      '2026-08 closed, 2026-09 closed, 2026-10 open',
    ],
    [
      ['+2026-08', '+2026-09', '-2026-09'],
      { next: '2026-09', lastClosed: '2026-08' },
      '2026-08 closed, 2026-09 open, 2026-10 open',
    ],
    [['+2026-08', '+2026-09', '-2026-09', '-2026-08'], { next: '2026-08' }, '2026-08 open, 2026-09 open, 2026-10 open'],
    [
      ['+2026-08', '-2026-08', '~2026-08'],
      { next: '2026-09', closing: '2026-08' },
      '2026-08 closing, 2026-09 open, 2026-10 open',
    ],
  ]
  for (const [steps, state, statuses] of cases)
    test(`after ${steps.join(' ') || 'nothing'}`, () => {
      const locks = history(...steps)
      assert.deepEqual(booksState(locks, first), { closing: undefined, lastClosed: undefined, ...state })
      const periods = periodsOf(locks, first, month('2026-10')).toReversed()
      assert.equal(periods.map((period) => `${period.month} ${period.status}`).join(', '), statuses)
      for (const { status, closed } of periods) assert.equal(closed !== undefined, status === 'closed')
    })

  test('carry the closing that holds and the whole history', () => {
    const locks = history('+2026-08', '-2026-08', '+2026-08')
    const [period] = periodsOf(locks, first, first)
    assert.deepEqual(
      period?.history.map((lock) => lock.action),
      ['closed', 'reopened', 'closed'],
    )
    assert.equal(period?.closed?.number, 5)
  })

  test('are none while nothing is booked', () => {
    assert.deepEqual(periodsOf([], undefined, first), [])
    assert.deepEqual(booksState([], undefined), { next: undefined, closing: undefined, lastClosed: undefined })
  })

  test('are always closed up to one month and open after it, whatever was done', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), (steps) => {
        const done: string[] = []
        for (const closes of steps) {
          const { next, lastClosed } = booksState(history(...done), first)
          if (closes && next) done.push(`+${next}`)
          if (!closes && lastClosed) done.push(`-${lastClosed}`)
        }
        const statuses = periodsOf(history(...done), first, month('2027-12'))
          .map(({ status }) => status)
          .toReversed()
        assert.equal(statuses.lastIndexOf('closed') + 1, statuses.filter((one) => one === 'closed').length)
      }),
      { seed: 7 },
    )
  })
})

describe('the check-list', () => {
  const quiet: ClosingFacts = {
    month: month('2026-10'),
    baseCurrency: 'eur',
    balances: [],
    unsealed: { count: 0, seconds: 0 },
    open: [],
    unvalued: [],
    proposals: [],
    conflicts: [],
  }
  const balance = (
    code: string,
    type: AccountType,
    debit: bigint,
    credit: bigint,
    currency = 'eur',
    base = debit - credit,
  ) => ({
    code,
    type,
    currency,
    debit,
    credit,
    base,
  })
  const cash = balance('1010', 'asset', 500n, 0n)
  const cases: [string, Partial<ClosingFacts>, string, boolean, RegExp][] = [
    [
      'transactions without a seal',
      { unsealed: { count: 3, seconds: 60 } },
      'seal_lag',
      true,
      /3 not sealed yet, the oldest for 60/,
    ],
    ['books that do not balance', { balances: [cash] }, 'trial_balance', true, /500 in eur/],
    [
      'values that do not balance',
      { balances: [cash, balance('2060', 'liability', 0n, 500n, 'eur', -499n)] },
      'trial_balance',
      true,
      /1 in the base currency/,
    ],
    [
      'money in suspense',
      { balances: [cash, balance('2090', 'liability', 0n, 500n)] },
      'suspense',
      true,
      /2090 -5\.00 eur/,
    ],
    ['proposals that nobody decided', { proposals: ['lpr_1'] }, 'proposals', true, /lpr_1/],
    [
      'payouts on their way',
      { open: [{ code: '1140', currency: 'jpy', balance: 1200n, days: 9 }] },
      'open_items',
      false,
      /1140 1200 jpy for 9 days/,
    ],
    ['entries without a rate', { unvalued: [{ currency: 'usd', entries: 4 }] }, 'rates', false, /4 in usd/],
    [
      'foreign revenue',
      {
        balances: [balance('1110', 'asset', 500n, 0n, 'usd', 460n), balance('4010', 'revenue', 0n, 500n, 'usd', -460n)],
      },
      'foreign_revenue',
      false,
      /4010 -5\.00 usd/,
    ],
    ['payments in conflict', { conflicts: ['pi_1'] }, 'conflicted_payments', false, /pi_1/],
  ]
  for (const [name, facts, item, isBlocking, detail] of cases)
    test(`shows ${name}`, () => {
      const checklist = checklistOf({ ...quiet, ...facts })
      const wrong = checklist.filter(({ ok }) => !ok)
      assert.deepEqual(
        wrong.map((one) => [one.name, one.blocking]),
        [[item, isBlocking]],
      )
      assert.match(wrong[0]?.detail ?? '', detail)
      assert.equal(blockersOf(checklist).length, isBlocking ? 1 : 0)
    })

  test('does not mind what has waited for its seal for a moment', () => {
    assert.deepEqual(blockersOf(checklistOf({ ...quiet, unsealed: { count: 3, seconds: 59 } })), [])
  })

  test('is all right for a month in which all is done', () => {
    assert.deepEqual(
      checklistOf({ ...quiet, balances: [cash, balance('4010', 'revenue', 0n, 500n)] }).filter(({ ok }) => !ok),
      [],
    )
  })
})

test('the text of a trial balance does not depend on the order of its lines', () => {
  const line = (code: string, currency: string) => ({
    code,
    type: 'asset' as const,
    currency,
    debit: 3n,
    credit: 1n,
    base: 2n,
  })
  const balances = [line('4010', 'eur'), line('1110', 'usd'), line('1110', 'eur')]
  const one = { month: month('2026-10'), asOfSeq: 42n, baseCurrency: 'eur', balances }
  const expected =
    '["trial_balance","2026-10","42","eur",[["1110","eur","3","1","2"],["1110","usd","3","1","2"],["4010","eur","3","1","2"]]]'
  assert.equal(trialBalanceText(one), expected)
  assert.equal(trialBalanceText({ ...one, balances: balances.toReversed() }), expected)
})

test('holders of a code are one line', () => {
  const of = (holder: string, credit: bigint) => ({
    code: '2020',
    type: 'liability' as const,
    currency: 'cny',
    holder,
    debit: 1n,
    credit,
    baseDebit: 0n,
    baseCredit: 5n,
  })
  assert.deepEqual(byCode([of('u1', 7n), of('u2', 9n)]), [
    { code: '2020', type: 'liability', currency: 'cny', debit: 2n, credit: 16n, base: -10n },
  ])
})

describe('who may decide', () => {
  const open = { status: 'proposed', proposedBy: 'a', decidedBy: null, fourEyes: true } as const
  const approved = { ...open, status: 'approved', decidedBy: 'b' } as const
  const cases: [string, Parameters<typeof judgeDecision>, ReturnType<typeof judgeDecision>][] = [
    ['another key', [open, 'approved', 'b'], 'decide'],
    ['not the key that proposed', [open, 'approved', 'a'], 'four_eyes'],
    ['which may withdraw it', [open, 'rejected', 'a'], 'decide'],
    ['the same key, where four eyes are turned off', [{ ...open, fourEyes: false }, 'approved', 'a'], 'decide'],
    ['the same decision again', [approved, 'approved', 'b'], 'repeat'],
    ['not the opposite afterwards', [approved, 'rejected', 'b'], 'decided'],
    ['nobody else afterwards', [approved, 'approved', 'c'], 'decided'],
  ]
  for (const [name, input, expected] of cases) test(name, () => assert.equal(judgeDecision(...input), expected))
})
