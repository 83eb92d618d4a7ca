import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type BookedMovement,
  type DisputeFacts,
  disputeStates,
  isDisputeClosed,
  judgeDispute,
  nextReminder,
  planBooking,
  refundBlock,
} from '#disputes/dispute-machine.ts'
import { fileTypeOf } from '#disputes/evidence.ts'
import type { DisputeState, ProviderDispute } from '#providers/disputes.ts'
import { currency, dispute, movement, stories, tell } from './dispute-stories.ts'

const factsOf = (view: ProviderDispute, movements: readonly BookedMovement[]): DisputeFacts => ({
  ...view,
  dueBy: view.dueBy ?? null,
  evidence: view.evidence as Record<string, string>,
  movements,
})

/** The rules alone, as the service uses them: what is booked after the views have arrived. */
const follow = (views: readonly ProviderDispute[]) => {
  let state: { view: ProviderDispute; booked: BookedMovement[]; isSettled: boolean } | undefined
  for (const view of views) {
    const verdict = state ? judgeDispute(factsOf(state.view, state.booked), view).kind : 'change'
    assert.notEqual(verdict, 'conflict')
    if (verdict !== 'change') continue
    const booked = state?.booked ?? []
    const plan = planBooking(booked, view)
    const lost = plan.losses.map((loss, index) => ({
      ...loss,
      ref: `lost ${booked.length + index}`,
      kind: 'lost' as const,
      fee: 0n,
    }))
    state = { view, booked: [...booked, ...plan.movements, ...lost], isSettled: plan.isSettled }
  }
  assert.ok(state)
  return state
}

const rests = (booked: readonly BookedMovement[]): bigint[] =>
  [...Map.groupBy(booked, (one) => one.currency).values()].map((ones) =>
    ones.reduce((sum, { kind, amount }) => sum + (kind === 'withdrawn' ? amount : -amount), 0n),
  )

test('whatever the order of the news, the end is the provider’s, and nothing stays open once it is settled', () => {
  fc.assert(
    fc.property(stories, ({ chapters, arrivals }) => {
      const views = tell('du_1', chapters)
      const last = views.at(-1)
      const end = follow(arrivals.flatMap((index) => views[index] ?? []))
      assert.deepEqual([end.view.state, end.view.movements], [last?.state, last?.movements])
      assert.equal(end.booked.filter(({ kind }) => kind !== 'lost').length, last?.movements.length)
      if (end.isSettled) assert.ok(rests(end.booked).every((rest) => rest === 0n))
      assert.equal(end.isSettled, isDisputeClosed(end.view.state))
    }),
    { numRuns: 1000 },
  )
})

describe('the provider’s view', () => {
  const taken = movement()
  const back = movement({ ref: 'txn_2', kind: 'reinstated', fee: 0n })
  const ours = (change: Partial<ProviderDispute>, movements: readonly BookedMovement[] = [taken]) =>
    factsOf(dispute(change), movements)
  const cases: [string, DisputeFacts, Partial<ProviderDispute>, string][] = [
    ['the same', ours({}), {}, 'unchanged'],
    ['another deadline', ours({}), { dueBy: new Date(5) }, 'change'],
    ['other evidence', ours({}), { evidence: { receipt: 'file_1' } }, 'change'],
    ['an answer', ours({}), { state: 'under_review', submissions: 1 }, 'change'],
    ['before the answer', ours({ state: 'under_review', submissions: 1 }), {}, 'stale'],
    ['before the decision', ours({ state: 'lost' }), { state: 'under_review' }, 'stale'],
    ['an appeal against it', ours({ state: 'lost' }), { state: 'appeal_needs_response' }, 'change'],
    ['the decision of an appeal', ours({ state: 'appeal_under_review' }), { state: 'won' }, 'change'],
    ['before the money moved', ours({}), { movements: [] }, 'stale'],
    ['before it came back', ours({ state: 'won' }, [taken, back]), { state: 'won' }, 'stale'],
    [
      'closed and opened again, as a new round',
      ours({ state: 'warning_closed' }, []),
      { state: 'warning_needs_response', round: 2, movements: [] },
      'change',
    ],
    [
      'of an earlier round',
      ours({ state: 'warning_needs_response', round: 2 }, []),
      { state: 'warning_closed', movements: [] },
      'stale',
    ],
    ['another amount of what is booked', ours({}), { movements: [movement({ amount: 1n })] }, 'conflict'],
    ['another fee of what is booked', ours({}), { movements: [movement({ fee: 0n })] }, 'conflict'],
  ]
  for (const [what, facts, change, verdict] of cases)
    test(`${what}: ${verdict}`, () =>
      assert.equal(judgeDispute(facts, dispute({ movements: [taken], ...change })).kind, verdict))
})

describe('what is booked at the end', () => {
  const usd = currency('usd')
  const taken = movement()
  const back = movement({ ref: 'txn_2', kind: 'reinstated', fee: 0n, at: new Date('2026-11-21') })
  const cases: [string, DisputeState, ProviderDispute['movements'], [string, bigint][], boolean][] = [
    ['lost: all of it', 'lost', [taken], [['eur', 5000n]], true],
    ['lost before anything was taken', 'lost', [], [], true],
    ['won and paid back', 'won', [taken, back], [], true],
    ['won, the money still to come', 'won', [taken], [], false],
    ['won, and paid back short', 'won', [taken, { ...back, amount: 4900n }], [['eur', 100n]], true],
    ['won, and paid back with a gain', 'won', [taken, { ...back, amount: 5100n }], [['eur', -100n]], true],
    [
      'won, and paid back in another currency',
      'won',
      [taken, { ...back, currency: usd }],
      [
        ['eur', 5000n],
        ['usd', -5000n],
      ],
      true,
    ],
    ['an inquiry', 'warning_closed', [], [], true],
    ['prevented', 'prevented', [taken, back], [], true],
    ['open', 'under_review', [taken], [], false],
  ]
  for (const [what, state, movements, losses, isSettled] of cases)
    test(what, () => {
      const plan = planBooking([], { state, movements })
      assert.deepEqual([plan.losses.map((loss) => [loss.currency, loss.amount]), plan.isSettled], [losses, isSettled])
    })
})

test('reminders come seven days, two days and twelve hours ahead, as long as an answer is awaited', () => {
  const due = new Date('2026-12-10T00:00:00Z')
  const hours = (count: number) => new Date(due.getTime() - count * 3_600_000)
  for (const [now, next] of [
    [200, 168],
    [168, 48],
    [100, 48],
    [47, 12],
    [12, undefined],
    [-1, undefined],
  ] as const)
    assert.deepEqual(nextReminder('needs_response', due, hours(now)), next === undefined ? null : hours(next), `${now}`)
  for (const state of disputeStates.filter((one) => !one.endsWith('needs_response')))
    assert.equal(nextReminder(state, due, hours(200)), null, state)
  assert.equal(nextReminder('needs_response', null, hours(200)), null)
})

test('a refund is refused while a bank holds the money, and after it was lost', () => {
  const one = (state: DisputeState, isRefundable = false) => ({ state, isRefundable })
  assert.equal(refundBlock([one('warning_needs_response', true)]), null)
  assert.equal(refundBlock([one('won'), one('warning_closed')]), null)
  assert.equal(refundBlock([one('lost')]), 'refund_disputed_payment')
  for (const state of ['needs_response', 'under_review', 'appeal_needs_response', 'appeal_under_review'] as const)
    assert.equal(refundBlock([one('lost'), one(state)]), 'charge_disputed', state)
})

test('files are known by their first bytes', () => {
  const starts: [number[], string | undefined][] = [
    [[0x25, 0x50, 0x44, 0x46, 0x2d, 0x31], 'pdf'],
    [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], 'png'],
    [[0xff, 0xd8, 0xff, 0xe0], 'jpg'],
    [[0x89, 0x50, 0x4e, 0x47], undefined],
    [[0x47, 0x49, 0x46, 0x38], undefined],
    [[], undefined],
  ]
  for (const [bytes, type] of starts) assert.equal(fileTypeOf(Uint8Array.from(bytes))?.type, type, String(bytes))
})
