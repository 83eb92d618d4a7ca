import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { parseId } from '#kernel/ids.ts'
import { createAnswerCheck } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'
import { balancesOf, dayMs, eventTypes, finance, mirror, pay, payOut, simulator } from './money-kit.ts'

const check = createAnswerCheck()

describe('the only merchant of an account', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  test('sees what is available, pending and reserved, from its own books', async () => {
    const intent = await pay(world, 20_000)
    await pay(world, 4200, { method: 'pm_card_visa' })
    await mirror(world)
    const stripe = finance(world, check)
    assert.deepEqual(await stripe.balance.retrieve().then(({ available, pending }) => [available, pending]), [
      [{ amount: 19_675, currency: 'eur' }],
      [{ amount: 4112, currency: 'eur' }],
    ])
    const { data } = await stripe.balanceTransactions.list()
    assert.deepEqual(
      data.map(({ net, fee, status, reporting_category: category }) => [net, fee, status, category]),
      [
        [4112, 88, 'pending', 'charge'],
        [19_675, 325, 'available', 'charge'],
      ],
    )
    assert.equal(data[1]?.source, intent.latest_charge)
    assert.equal((await stripe.balanceTransactions.retrieve(data[0]?.id ?? '')).net, 4112)
    assert.deepEqual(await eventTypes(world, 'balance.%'), ['balance.available'])
  })

  test('follows a payout to the bank', async () => {
    const stripe = finance(world, check)
    await payOut(world)
    await mirror(world)
    const [payout] = (await stripe.payouts.list()).data
    assert.ok(payout)
    assert.deepEqual([payout.amount, payout.status, payout.reconciliation_status], [19_675, 'pending', 'completed'])
    assert.deepEqual(await balancesOf(world), {
      1110: 4112n,
      1140: 19_675n,
      4010: -24_200n,
      5010: 413n,
    })
    const { data } = await stripe.balanceTransactions.list({ payout: payout.id })
    assert.deepEqual(data.map(({ net }) => net).sort(), [-19_675, 19_675])
    await world.advance(dayMs)
    await mirror(world)
    const paid = await stripe.payouts.retrieve(payout.id)
    assert.equal(paid.status, 'paid')
    assert.deepEqual(await balancesOf(world), {
      1010: 19_675n,
      1110: 4112n,
      4010: -24_200n,
      5010: 413n,
    })
    assert.deepEqual(await eventTypes(world, 'payout.%'), [
      'payout.created',
      'payout.reconciliation_completed',
      'payout.paid',
    ])
    await world.verifyInvariants()
  })

  test('can wait for the bank statement, and confirms from it once', async () => {
    await world
      .request('merchant')
      .post('/v1/account')
      .send({ settings: { payouts: { confirmed_by: 'bank' } } })
      .expect(200)
    await world.advance(2 * dayMs)
    await payOut(world)
    await world.advance(dayMs)
    await mirror(world)
    const [payout] = (await finance(world, check).payouts.list()).data
    assert.equal(payout?.status, 'paid')
    assert.equal((await balancesOf(world))['1140'], 4112n)
    const receivedAt = Math.floor(world.clock.now().getTime() / 1000)
    const confirm = (body: object, role: 'finance' | 'service' = 'finance') =>
      world.request(role).post(`/v1/payouts/${payout?.id}/confirm`).send(body)
    const line = { bank_reference: 'NTRF-1', received_at: receivedAt }
    await confirm(line, 'service').expect(403)
    assert.equal((await confirm({ ...line, received_at: receivedAt + 3 * 86_400 })).body.error.param, 'received_at')
    const answers = await Promise.all([confirm(line), confirm(line), confirm(line)])
    for (const { status, body } of answers)
      assert.deepEqual([status, body.confirmed_by, body.bank_reference], [200, 'bank', 'NTRF-1'])
    assert.match((await confirm({ ...line, bank_reference: 'NTRF-2' })).body.error.message, /received as NTRF-1/)
    const first = (await finance(world, check).payouts.list()).data[1]
    const other = await world.request('finance').post(`/v1/payouts/${first?.id}/confirm`).send(line)
    assert.deepEqual([other.status, other.body.error.param], [400, 'bank_reference'])
    // The provider's word booked the first: the bank only gives it a name.
    const named = await world
      .request('finance')
      .post(`/v1/payouts/${first?.id}/confirm`)
      .send({ ...line, bank_reference: 'NTRF-0' })
    assert.deepEqual([named.status, named.body.bank_reference], [200, 'NTRF-0'])
    assert.deepEqual(await balancesOf(world), { 1010: 23_787n, 4010: -24_200n, 5010: 413n })
  })

  test('gets back what the bank sends back, and pays it out again with the next', async () => {
    const [paid] = (await finance(world, check).payouts.list()).data
    const ref = (paid as unknown as { provider_payout: string }).provider_payout
    await world.sandboxControl('POST', `payouts/${ref}/fail`)
    await mirror(world)
    const failed = await finance(world, check).payouts.retrieve(paid?.id ?? '')
    assert.deepEqual([failed.status, failed.failure_code], ['failed', 'account_closed'])
    assert.deepEqual(await balancesOf(world), { 1010: 19_675n, 1120: 4112n, 4010: -24_200n, 5010: 413n })
    const refused = await world
      .request('finance')
      .post(`/v1/payouts/${paid?.id}/confirm`)
      .send({ bank_reference: 'NTRF-3', received_at: failed.arrival_date })
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'payout_unexpected_state'])
    await payOut(world)
    await mirror(world)
    const [next] = (await finance(world, check).payouts.list()).data
    assert.deepEqual([next?.amount, next?.reconciliation_status], [4112, 'completed'])
    const { data } = await finance(world, check).balanceTransactions.list({ payout: next?.id ?? '' })
    assert.ok(
      data.some(({ source, reporting_category: category }) => source === paid?.id && category === 'payout_reversal'),
    )
    assert.equal((await balancesOf(world))['1140'], 4112n)
    await world.verifyInvariants()
  })

  test('sees what the provider takes, holds and gives without a payment', async () => {
    await pay(world, 30_000)
    for (const [kind, amount] of [
      ['fee', -700],
      ['reserve', -5000],
      ['reserve', 2000],
      ['other', -1234],
    ] as const)
      await world.sandboxControl('POST', 'adjustments', { kind, amount, currency: 'eur' })
    await mirror(world)
    const { data } = await finance(world, check).balanceTransactions.list({ limit: 4 })
    assert.deepEqual(
      data.map((entry) => [entry.net, (entry as unknown as { identified: boolean }).identified]),
      [
        [-1234, false],
        [2000, true],
        [-5000, true],
        [-700, true],
      ],
    )
    const books = await balancesOf(world)
    assert.deepEqual(
      [books['1120'], books['1130'], books['2090']],
      [30_000n - 475n - 700n - 3000n - 1234n, 3000n, 1234n],
    )
    const { body } = await world.request('finance').get('/v1/balance')
    assert.deepEqual(body.reserved, [{ amount: 3000, currency: 'eur' }])
    await world.verifyInvariants()
  })

  test('pays for an instant payout, and sees its balance fall below zero', async () => {
    await simulator(world).payouts.create({ amount: 20_000, currency: 'eur', method: 'instant' })
    await mirror(world)
    const [instant] = (await finance(world, check).payouts.list()).data
    assert.deepEqual([instant?.method, instant?.reconciliation_status], ['instant', 'not_applicable'])
    assert.equal((await balancesOf(world))['5030'], 200n)
    const before = (await balancesOf(world))['1120'] ?? 0n
    await world.sandboxControl('POST', 'adjustments', { kind: 'other', amount: -10_000, currency: 'eur' })
    await mirror(world)
    await mirror(world)
    assert.equal((await balancesOf(world))['1120'], before - 10_000n)
    assert.deepEqual(await eventTypes(world, 'balance.negative'), ['balance.negative'])
    await world.verifyInvariants()
  })

  test('books a fee once, whoever hears of it first, and late entries as a part of their day', async () => {
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', match: { path: 'charge.updated' } })
    const intent = await pay(world, 10_000, { method: 'pm_card_feeLate' })
    await world.advance(3_600_000)
    await mirror(world)
    const fees = async () => {
      const rows = await world.app.db.maintenance
        .selectFrom('ledger_transactions')
        .select('event_key')
        .where('kind', '=', 'fee')
        .where('payment_intent_id', '=', parseId('paymentIntent', intent.id) ?? '')
        .execute()
      return rows.length
    }
    assert.equal(await fees(), 1)
    await world.app.services.payments.sync(world.shop.uuid, parseId('paymentIntent', intent.id) ?? '', undefined, {
      provider: 'stripe',
      connectionId: null,
    })
    await world.settle()
    assert.equal(await fees(), 1)
    const charge = await world.stripe('service').charges.retrieve(String(intent.latest_charge))
    assert.ok(charge.balance_transaction)
    await world.advance(2 * dayMs)
    await mirror(world)
    const { rows } = await sql<{ wrong: string }>`
      select available_on || ' ' || string_agg(part::text, ',' order by part) as wrong from balance_settlements
      group by merchant_id, currency, available_on having max(part) <> count(*) or min(part) <> 1`.execute(
      world.app.db.maintenance,
    )
    assert.deepEqual(rows, [])
    await world.verifyInvariants()
  })
})
