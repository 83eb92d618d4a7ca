import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MoneyCalls } from '#providers/money.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { createRequestCheck, noSpec, readFixtures } from './stripe-spec.ts'

describe('money at Stripe', { skip: noSpec }, () => {
  let recorder: Recorder
  let money: MoneyCalls
  const objects = () => readFixtures() as Record<'balance_transaction' | 'payout', Record<string, unknown>>
  before(async () => {
    recorder = await startRecorder()
    const stripe = createStripeProvider({ secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'], apiBase: recorder.url })
    assert.ok(stripe.money)
    money = stripe.money
  })
  after(() => recorder.close())

  const readEntry = async (change: object) => {
    recorder.on('GET', '/v1/balance_transactions/txn_1', 200, { ...objects().balance_transaction, ...change })
    return money.findEntry({ entryRef: 'txn_1' })
  }
  const readPayout = async (change: object) => {
    recorder.on('GET', '/v1/payouts/po_1', 200, { ...objects().payout, ...change })
    return money.findPayout({ payoutRef: 'po_1' })
  }

  test('is asked for as Stripe documents it, page by page', async () => {
    const entry = objects().balance_transaction
    recorder.onList('/v1/balance_transactions', [[entry], [entry], [entry]])
    recorder.onList('/v1/payouts', [[objects().payout]])
    const since = new Date('2026-11-22T00:00:00Z')
    const first = await money.listEntries({ since })
    assert.ok(first.outcome === 'ok')
    assert.equal(first.value.next, entry.id)
    await money.listEntries({ payoutRef: 'po_1', cursor: first.value.next })
    const last = await money.listEntries({ since })
    assert.ok(last.outcome === 'ok' && last.value.next === undefined)
    assert.equal((await money.listPayouts({ since })).outcome, 'ok')
    await readEntry({})
    await readPayout({})
    const check = createRequestCheck()
    assert.deepEqual(recorder.requests.map(check).filter(Boolean), [])
  })

  test('of the official examples is read', async () => {
    const entry = await readEntry({})
    assert.ok(entry.outcome === 'ok')
    assert.deepEqual(
      [entry.value?.kind, entry.value?.net, entry.value?.source?.ref],
      ['charge', 100n, objects().balance_transaction.source],
    )
    const payout = await readPayout({})
    assert.ok(payout.outcome === 'ok')
    assert.deepEqual(
      [payout.value?.state, payout.value?.amount, payout.value?.isComposed, payout.value?.traceRef],
      ['in_transit', 1100n, true, undefined],
    )
  })

  const kinds: [category: string, net: number, kind: string][] = [
    ['charge', 100, 'charge'],
    ['partial_capture_reversal', -100, 'charge'],
    ['refund', -100, 'refund'],
    ['dispute_reversal', 100, 'dispute_reversal'],
    ['fee', -100, 'fee'],
    ['tax', -100, 'fee'],
    ['payout_reversal', 100, 'payout_reversal'],
    ['risk_reserved_funds', -100, 'reserve_hold'],
    ['payout_minimum_balance_release', 100, 'reserve_release'],
    ['topup', 100, 'other'],
    ['constructor', 100, 'other'],
  ]
  for (const [category, net, kind] of kinds)
    test(`an entry of the category ${category} is ${kind}`, async () => {
      const answer = await readEntry({ reporting_category: category, amount: net, net })
      assert.ok(answer.outcome === 'ok')
      assert.equal(answer.value?.kind, kind)
    })

  const transfer = { id: 'tr_1', object: 'transfer', source_transaction: 'ch_1' }
  const fee = { id: 'fee_1', object: 'application_fee', charge: 'py_1', originating_transaction: 'ch_1' }
  const sold: [category: string, source: object, kind: string][] = [
    ['transfer', transfer, 'transfer'],
    ['transfer_reversal', { id: 'trr_1', object: 'transfer_reversal', transfer }, 'transfer_reversal'],
    ['platform_earning', fee, 'application_fee'],
    ['platform_earning_refund', { id: 'fr_1', object: 'fee_refund', fee }, 'application_fee_refund'],
  ]
  for (const [category, source, kind] of sold)
    test(`a ${category} is of the charge that was passed on, where there is one`, async () => {
      const read = async (given: object) => {
        const answer = await readEntry({ reporting_category: category, source: given })
        assert.ok(answer.outcome === 'ok')
        return [answer.value?.kind, answer.value?.source?.chargeRef]
      }
      assert.deepEqual(await read(source), [kind, 'ch_1'])
      const alone = { source_transaction: null, originating_transaction: null, transfer: 'tr_1', fee: 'fee_1' }
      assert.deepEqual(await read({ ...source, ...alone }), ['other', undefined])
    })

  test('knows the charge behind a refund, and our ids in it', async () => {
    const source = {
      id: 're_1',
      object: 'refund',
      charge: 'ch_1',
      payment_intent: 'pi_1',
      metadata: { parley_merchant: 'mer_1' },
    }
    const answer = await readEntry({ source })
    assert.ok(answer.outcome === 'ok')
    assert.deepEqual(answer.value?.source, {
      kind: 'refund',
      ref: 're_1',
      chargeRef: 'ch_1',
      paymentRef: 'pi_1',
      tags: { merchant: 'mer_1' },
    })
  })

  for (const [what, change] of Object.entries({
    'a net amount that does not add up': { net: 99 },
    'a fraction': { amount: 1.5, net: 1.5 },
    'an unknown currency': { currency: 'xxz' },
    'an unknown state': { status: 'teleported' },
    'another object': { object: 'charge' },
  }))
    test(`an entry with ${what} is no answer`, async () => assert.equal((await readEntry(change)).outcome, 'unknown'))

  test('a payout in a state nobody knows is no answer, and one that is not there is none', async () => {
    assert.equal((await readPayout({ status: 'lost' })).outcome, 'unknown')
    recorder.on('GET', '/v1/payouts/po_1', 404, {
      error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No' },
    })
    assert.deepEqual(await money.findPayout({ payoutRef: 'po_1' }), { outcome: 'ok', value: undefined })
  })
})
