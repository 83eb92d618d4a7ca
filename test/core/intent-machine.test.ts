import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkCommand,
  type IntentCommand,
  type IntentStatus,
  intentStatuses,
  isTerminal,
  judgeNews,
} from '#payments/intent-machine.ts'
import { isRefundOpen, type RefundStatus, refundStatuses, stepRefund } from '#refunds/refund-machine.ts'

const commands: IntentCommand[] = ['update', 'confirm', 'page', 'capture', 'increment', 'cancel']

describe('commands by status', () => {
  // In the order of `commands`: + allowed, · refused.
  const table: Record<IntentStatus, string> = {
    requires_payment_method: '+++··+',
    requires_confirmation: '+++··+',
    requires_action: '++···+',
    processing: '+····+',
    requires_capture: '+··+++',
    succeeded: '+·····',
    canceled: '+·····',
  }
  for (const status of intentStatuses) {
    test(`${status}: ${table[status]}`, () => {
      const got = commands.map((command) => (checkCommand(status, command).ok ? '+' : '·')).join('')
      assert.equal(got, table[status])
    })
  }

  test('a refusal is worded as Stripe words it', () => {
    const verdict = checkCommand('succeeded', 'capture')
    assert.ok(!verdict.ok)
    assert.equal(verdict.code, 'payment_intent_unexpected_state')
    assert.equal(
      verdict.message,
      'This PaymentIntent could not be captured because it has a status of succeeded. ' +
        'Only a PaymentIntent with one of the following statuses may be captured: requires_capture.',
    )
  })

  test('whatever is refused names the status and every status that would do', () => {
    for (const status of intentStatuses) {
      for (const command of commands) {
        const verdict = checkCommand(status, command)
        if (verdict.ok) continue
        assert.ok(verdict.message.includes(`a status of ${status}.`))
        const fitting = intentStatuses.filter((other) => checkCommand(other, command).ok)
        for (const other of fitting) assert.ok(verdict.message.includes(other), `${command} ${other}`)
      }
    }
  })
})

describe('the provider’s state against ours', () => {
  // Columns in the order of `intentStatuses`: = same, > a step forward, < old news, ! money where none may be.
  const table: Record<IntentStatus, string> = {
    requires_payment_method: '=>>>>>>',
    requires_confirmation: '>=>>>>>',
    requires_action: '>>=>>>>',
    processing: '><<=>>>',
    requires_capture: '<<<>=>>',
    succeeded: '<<<<<=<',
    canceled: '<<<!!!=',
  }
  const mark = { same: '=', forward: '>', stale: '<', conflict: '!' }
  for (const ours of intentStatuses) {
    test(`${ours}: ${table[ours]}`, () => {
      assert.equal(intentStatuses.map((theirs) => mark[judgeNews(ours, theirs)]).join(''), table[ours])
    })
  }

  test('nothing leaves an end', () => {
    assert.deepEqual(intentStatuses.filter(isTerminal), ['succeeded', 'canceled'])
    for (const end of intentStatuses.filter(isTerminal))
      for (const theirs of intentStatuses) assert.notEqual(judgeNews(end, theirs), 'forward')
  })
})

describe('the provider’s refund against ours', () => {
  // Columns in the order of `refundStatuses`: = same, < old news, 0 no money, S booked, G given up, B came back.
  const table: Record<RefundStatus, string> = {
    pending: '=0SGG',
    requires_action: '0=SGG',
    succeeded: '<<=B<',
    failed: '<<<=<',
    canceled: '<<<<=',
  }
  const mark = (ours: RefundStatus, theirs: RefundStatus): string => {
    const step = stepRefund(ours, theirs)
    if (step === 'same') return '='
    if (step === 'stale') return '<'
    if (step.book === 'refund') return 'S'
    if (step.book === 'refund_failure') return 'B'
    return step.pending === 0 ? '0' : 'G'
  }
  for (const ours of refundStatuses)
    test(`${ours}: ${table[ours]}`, () =>
      assert.equal(refundStatuses.map((theirs) => mark(ours, theirs)).join(''), table[ours]))

  test('whatever the order of news, nothing is reserved at the end, and booked is what is refunded', () => {
    const walk = (status: RefundStatus, pending: number, refunded: number, booked: number, depth: number): void => {
      assert.ok(pending >= 0 && pending <= 1 && refunded >= 0 && refunded <= 1)
      assert.equal(refunded, booked)
      assert.equal(pending === 1, isRefundOpen(status), status)
      if (depth === 0) return
      for (const theirs of refundStatuses) {
        const step = stepRefund(status, theirs)
        if (step === 'same' || step === 'stale') continue
        const books = { refund: 1, refund_failure: -1, none: 0 }[step.book ?? 'none']
        walk(theirs, pending + step.pending, refunded + step.refunded, booked + books, depth - 1)
      }
    }
    walk('pending', 1, 0, 0, 6)
  })
})
