import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type Stripe from 'stripe'
import { mapDispute } from '#providers/stripe/disputes.ts'
import { noSpec } from './stripe-spec.ts'

const fixtures = new URL('../../../shared/specs/stripe/fixtures3.reduced.json', import.meta.url)
const official = (over: object = {}): Stripe.Dispute => ({
  ...JSON.parse(readFileSync(fixtures, 'utf8')).resources.dispute,
  ...over,
})
const entry = (amount: number, fee: number, over: object = {}) => ({
  id: 'txn_1',
  object: 'balance_transaction',
  amount,
  fee,
  currency: 'jpy',
  created: 1_790_000_000,
  available_on: 1_790_000_060,
  ...over,
})

test('the dispute that Stripe publishes is understood', { skip: noSpec }, () => {
  const found = mapDispute(official())
  assert.deepEqual(
    [found.state, found.amount, found.currency, found.isRefundable, found.submissions, found.round, found.movements],
    ['warning_needs_response', 1000n, 'usd', true, 0, 1, []],
  )
  assert.deepEqual(found.dueBy, new Date(1_723_679_999_000))
  assert.deepEqual(found.network, { brand: 'visa', caseType: 'inquiry', reasonCode: '10.4' })
  assert.equal(found.paymentRef, undefined)
})

test('what moved is told apart by its sign, with fees kept and given back', { skip: noSpec }, () => {
  const moved = (...entries: object[]) => mapDispute(official({ balance_transactions: entries })).movements
  const shown = moved(entry(-5000, 1500), entry(5000, -1500), entry(0, 1500)).map(({ kind, amount, fee, currency }) => [
    kind,
    amount,
    fee,
    currency,
  ])
  assert.deepEqual(shown, [
    ['withdrawn', 5000n, 1500n, 'jpy'],
    ['reinstated', 5000n, -1500n, 'jpy'],
    ['withdrawn', 0n, 1500n, 'jpy'],
  ])
  assert.equal(moved(entry(-5000, 0, { currency: 'isk' }))[0]?.amount, 50n)
})

test('our ids come from the payment, and what is unknown stops loudly', { skip: noSpec }, () => {
  const metadata = { parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours' }
  const payment = { id: 'pi_1', object: 'payment_intent', metadata }
  const found = mapDispute(official({ payment_intent: payment }))
  assert.deepEqual([found.paymentRef, found.tags], ['pi_1', { merchant: 'mer_1', paymentIntent: 'pi_ours' }])
  assert.throws(() => mapDispute(official({ status: 'reconsidered' })), /dispute state/)
  assert.throws(() => mapDispute(official({ object: 'charge' })), /no dispute/)
  const late = official().evidence_details
  assert.equal(mapDispute(official({ evidence_details: { ...late, due_by: 0 } })).dueBy, undefined)
})
