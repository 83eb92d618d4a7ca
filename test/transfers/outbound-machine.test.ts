import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Currency } from '#kernel/currencies.ts'
import {
  postOutboundGivenBack,
  postOutboundPosted,
  postOutboundReturned,
  postOutboundSent,
} from '#ledger/outbound-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import type { TransferState } from '#providers/transfers.ts'
import {
  isOutboundOpen,
  nextOutboundCheck,
  type OutboundStatus,
  outboundStatuses,
  stepOutbound,
} from '#transfers/outbound-machine.ts'

const states: readonly TransferState[] = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled', 'returned']

/** What a state of the provider does to a payment: the new status and what is booked, or why nothing. */
const outcome = (status: OutboundStatus, isSent: boolean, theirs: TransferState): string => {
  const step = stepOutbound({ status, isSent }, theirs)
  return typeof step === 'string' ? step : [step.status, ...step.books].join(' ')
}

describe('an outbound payment', () => {
  const action = 'requires_recipient_action'
  const table: [status: OutboundStatus, isSent: boolean, outcomes: string[]][] = [
    [
      'processing',
      false,
      [
        'processing sent',
        `${action} sent`,
        'posted sent posted',
        'failed',
        'canceled',
        'returned sent posted returned',
      ],
    ],
    [
      'processing',
      true,
      ['same', action, 'posted posted', 'failed given_back', 'canceled given_back', 'returned posted returned'],
    ],
    [
      action,
      true,
      ['processing', 'same', 'posted posted', 'failed given_back', 'canceled given_back', 'returned posted returned'],
    ],
    ['posted', true, ['stale', 'stale', 'same', 'conflict', 'conflict', 'returned returned']],
    ['failed', true, ['stale', 'stale', 'conflict', 'same', 'conflict', 'conflict']],
    ['canceled', true, ['stale', 'stale', 'conflict', 'conflict', 'same', 'conflict']],
    ['returned', true, ['stale', 'stale', 'stale', 'conflict', 'conflict', 'same']],
  ]
  for (const [status, isSent, outcomes] of table)
    test(`${status}${isSent ? '' : ', of which the provider has said nothing'}`, () => {
      assert.deepEqual(
        states.map((theirs) => outcome(status, isSent, theirs)),
        outcomes,
      )
    })

  test('nothing that was never sent is said to have moved', () => {
    for (const status of ['failed', 'canceled'] as const) {
      const step = stepOutbound({ status: 'processing', isSent: false }, status)
      assert.deepEqual(step, { status, isSent: false, books: [] })
      // That nobody knew of it was wrong: a person has to look.
      assert.equal(stepOutbound({ status, isSent: false }, 'pending'), 'stale')
      assert.equal(stepOutbound({ status, isSent: false }, 'succeeded'), 'conflict')
    }
  })
})

const rules = {
  sent: postOutboundSent,
  posted: postOutboundPosted,
  given_back: postOutboundGivenBack,
  returned: postOutboundReturned,
}

test('whatever the provider says, in whatever order: the money stands where the status says, and each event is one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...states), { maxLength: 12 }),
      fc.bigInt({ min: 1n, max: 99_999_999n }),
      fc.boolean(),
      (news, amount, available) => {
        const event = { outboundPaymentId: 'obp', amount, available, currency: 'cny' as Currency }
        let ours: { status: OutboundStatus; isSent: boolean } = { status: 'processing', isSent: false }
        const postings: (Posting | undefined)[] = []
        for (const theirs of news) {
          const step = stepOutbound(ours, theirs)
          if (typeof step === 'string') continue
          assert.ok(isOutboundOpen(ours.status) || (ours.status === 'posted' && step.status === 'returned'))
          assert.ok(step.isSent || !ours.isSent)
          ours = step
          for (const one of step.books) postings.push(rules[one]({ ...event, effectiveAt: new Date(0) }))
        }
        const keys = postings.map((posting) => posting?.eventKey)
        assert.equal(new Set(keys).size, keys.length)
        const net = (...codes: string[]) =>
          postings
            .flatMap((posting) => posting?.legs ?? [])
            .filter(({ code }) => codes.includes(code))
            .reduce((sum, leg) => sum + leg.amount, 0n)
        assert.equal(net('1140'), isOutboundOpen(ours.status) && ours.isSent ? amount : 0n)
        assert.equal(net('5070'), ours.status === 'posted' ? amount : 0n)
        assert.equal(net(available ? '1120' : '1110'), -net('1140', '5070'))
        assert.equal(net(available ? '1110' : '1120'), 0n)
      },
    ),
    { numRuns: 500 },
  )
})

test('what is on its way is asked after for as long as it is, at least once a day', () => {
  const createdAt = new Date('2026-11-02T00:00:00Z')
  const after = (minutes: number) => {
    const now = new Date(createdAt.getTime() + minutes * 60_000)
    return (nextOutboundCheck(createdAt, now).getTime() - now.getTime()) / 60_000
  }
  assert.deepEqual([0, 60, 1440, 100_000].map(after), [10, 60, 1440, 1440])
  assert.deepEqual(outboundStatuses.filter(isOutboundOpen), ['processing', 'requires_recipient_action'])
})
