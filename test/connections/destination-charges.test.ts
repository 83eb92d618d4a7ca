import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { payOnPage, planFault } from '../faults/fault-kit.ts'
import { dayMs, payOut } from '../payouts/money-kit.ts'
import type { Shop } from '../support/shop.ts'
import { createAnswerCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let kiosk: Shop
let blume: Shop
before(async () => {
  const accounts = [{ id: 'acct_kiosk' }, { id: 'acct_baker' }, { id: 'acct_blume', secretKey: 'sk_test_blume' }]
  world = await createWorld({ sandbox: { accounts } })
  ;[kiosk, blume] = [await world.openShop('Kiosk'), await world.openShop('Blume')]
  await connect(kiosk, { settings: { account: 'acct_kiosk' } })
  await connect(blume, { secrets: { secret_key: 'sk_test_blume' } })
})
after(() => world[Symbol.asyncDispose]())

const connect = async (shop: Shop, fields: object): Promise<void> => {
  const body = { channel: 'stripe', ...fields }
  const answer = await world.request('platform', shop).post('/v1/connections').send(body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

const send = async (path: string, body: object, { shop = world.shop, key = randomUUID() as string } = {}) => {
  const answer = await world.request('service', shop).post(path).set('Idempotency-Key', key).send(body)
  return { status: answer.status, body: answer.body }
}

const seller = 'acct_baker'
const order = { amount: 10_000, currency: 'eur', transfer_data: { destination: seller } }
const paying = { payment_method: 'pm_card_visa', confirm: true }

const pay = async (fields: object = {}, options?: Parameters<typeof send>[2]) => {
  const answer = await send('/v1/payment_intents', { ...order, ...paying, ...fields }, options)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

const refusal = async (path: string, body: object, shop?: Shop) => {
  const { status, body: answer } = await send(path, body, shop ? { shop } : {})
  return [status, answer.error?.code, answer.error?.param, answer.error?.message]
}

const chargeOf = async (id: string, shop = world.shop) =>
  (await world.request('service', shop).get(`/v1/payment_intents/${id}?expand[]=latest_charge`)).body.latest_charge

/** What a seller has at the provider, over all payments. */
const sellerHas = async (account = seller): Promise<number> => {
  const { sellers } = await world.sandboxControl<{ sellers: { account: string; net: number }[] }>('GET', 'book')
  return sellers.find((one) => one.account === account)?.net ?? 0
}

/** What the books of a payment come to by account, without those that are zero. */
const booksOf = async (id: string): Promise<Record<string, number>> => {
  const { body } = await world.request('finance').get(`/v1/ledger/transactions?payment_intent=${id}&limit=100`)
  const sums = new Map<string, number>()
  for (const { entries } of body.data as { entries: { account_code: string; amount: number }[] }[])
    for (const { account_code: code, amount } of entries) sums.set(code, (sums.get(code) ?? 0) + amount)
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All that the provider has to say of the deployment's own account. */
const hear = async (): Promise<void> => {
  const { payouts } = world.app.services
  await payouts.hearBalance({ provider: 'stripe', connection: '' })
  await payouts.sweep()
  await world.settle()
}

const refund = async (body: object): Promise<void> => {
  const answer = await send('/v1/refunds', body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  await world.settle()
  await hear()
}

const sound = async (): Promise<void> => {
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
}

describe('a destination charge', () => {
  test('goes to the seller but for the fee; the platform bears what Stripe takes', async () => {
    const key = randomUUID()
    const fields = { application_fee_amount: 1000, on_behalf_of: seller, transfer_group: 'ORDER_1' }
    const paid = await pay(fields, { key })
    assert.equal((await pay(fields, { key })).id, paid.id)
    assert.deepEqual(
      [paid.transfer_data, paid.on_behalf_of, paid.transfer_group],
      [order.transfer_data, seller, 'ORDER_1'],
    )
    const charge = await chargeOf(paid.id)
    assert.deepEqual(charge.transfer_data, { amount: null, destination: seller })
    assert.match(charge.transfer, /^tr_/)
    const check = noContract ? {} : { check: createAnswerCheck() }
    await world.stripe('service', world.shop, check).paymentIntents.retrieve(paid.id, { expand: ['latest_charge'] })
    assert.deepEqual(
      [charge.application_fee_amount, charge.on_behalf_of, charge.transfer_group],
      [1000, seller, 'ORDER_1'],
    )
    const { 5010: fee = 0 } = await booksOf(paid.id)
    assert.deepEqual(await booksOf(paid.id), { 1110: 1000 - fee, 4030: -1000, 5010: fee })
    await hear()
    await hear()
    assert.deepEqual(await booksOf(paid.id), { 1110: 1000 - fee, 4030: -1000, 5010: fee }, 'entries book nothing twice')
    assert.equal(await sellerHas(), 9000)
    await sound()
  })

  test('gives the seller a sum that is named, also on an account with keys of its own', async () => {
    const before = await sellerHas()
    const paid = await pay({ transfer_data: { destination: seller, amount: 8700 } }, { shop: blume })
    const charge = await chargeOf(paid.id, blume)
    assert.deepEqual(charge.transfer_data, { amount: 8700, destination: seller })
    assert.equal(charge.application_fee_amount, null)
    assert.equal((await sellerHas()) - before, 8700)
    const { body } = await world.request('finance', blume).get(`/v1/ledger/transactions?payment_intent=${paid.id}`)
    const kinds = body.data.map(({ kind }: { kind: string }) => kind).sort()
    assert.deepEqual(kinds, ['application_fee', 'capture', 'fee', 'transfer'])
  })

  test('happens once when the answer is lost', async () => {
    const before = await sellerHas()
    await planFault(world, 'lost_answer', { method: 'POST', path: '*/payment_intents' }, 2)
    const key = randomUUID()
    await send('/v1/payment_intents', { ...order, ...paying, application_fee_amount: 1000 }, { key })
    await world.sandboxControl('DELETE', 'faults')
    await world.settle({ throughTime: true })
    const paid = await pay({ application_fee_amount: 1000 }, { key })
    assert.equal(paid.status, 'succeeded')
    assert.equal((await sellerHas()) - before, 9000)
    assert.equal((await booksOf(paid.id))['4030'], -1000)
  })

  test('goes with the hosted page, and after a declined card with a changed sum', async () => {
    const before = await sellerHas()
    const open = await pay({ confirm: false, payment_method: undefined, application_fee_amount: 500 })
    const tap = await fetch(open.checkout_url, { method: 'POST', redirect: 'manual', headers: { origin: world.url } })
    await payOnPage(tap.headers.get('location') ?? '')
    await world.settle()
    assert.equal((await chargeOf(open.id)).application_fee_amount, 500)
    assert.equal((await sellerHas()) - before, 9500)
    const again = await pay({ confirm: false, payment_method: undefined })
    const path = `/v1/payment_intents/${again.id}`
    assert.equal((await send(`${path}/confirm`, { payment_method: 'pm_card_chargeDeclined' })).status, 402)
    const moved = await refusal(path, { transfer_data: { destination: 'acct_kiosk' } })
    assert.deepEqual(moved.slice(0, 3), [400, 'payment_intent_invalid_parameter', 'transfer_data[destination]'])
    assert.equal((await send(path, { transfer_data: { amount: 6000 } })).status, 200)
    assert.equal((await send(`${path}/confirm`, { payment_method: 'pm_card_visa' })).status, 200)
    assert.equal((await sellerHas()) - before, 15_500)
  })

  test('passes on what is captured, and no more', async () => {
    const held = (fields: object) => pay({ capture_method: 'manual', ...fields })
    const withFee = await held({ application_fee_amount: 1000 })
    const before = await sellerHas()
    assert.deepEqual(Object.keys(await booksOf(withFee.id)), ['9010', '9011'], 'a hold is passed on to nobody')
    const multiple = await refusal(`/v1/payment_intents/${withFee.id}/capture`, {
      amount_to_capture: 1,
      final_capture: false,
    })
    assert.deepEqual(multiple.slice(0, 3), [400, 'payment_intent_invalid_parameter', 'final_capture'])
    assert.equal((await send(`/v1/payment_intents/${withFee.id}/capture`, { amount_to_capture: 4000 })).status, 200)
    assert.equal((await sellerHas()) - before, 3000)
    const withSum = await held({ transfer_data: { destination: seller, amount: 8000 } })
    assert.equal((await send(`/v1/payment_intents/${withSum.id}/capture`, { amount_to_capture: 5000 })).status, 200)
    assert.equal((await sellerHas()) - before, 8000, 'all that was captured')
    const changed = await held({ transfer_data: { destination: seller, amount: 8000 } })
    const path = `/v1/payment_intents/${changed.id}/capture`
    const tooMuch = await refusal(path, { amount_to_capture: 5000, transfer_data: { amount: 5001 } })
    assert.deepEqual(tooMuch.slice(0, 3), [400, 'amount_too_large', 'transfer_data[amount]'])
    const taken = await send(path, { amount_to_capture: 5000, transfer_data: { amount: 4500 } })
    assert.deepEqual([taken.status, taken.body.transfer_data.amount], [200, 4500])
    assert.equal((await sellerHas()) - before, 12_500)
    assert.equal((await booksOf(changed.id))['4030'], -500)
  })
})

describe('a refund of a destination charge', () => {
  test('is owed by the seller until the transfer is reversed, in parts, with and without the fee', async () => {
    const before = await sellerHas()
    const paid = await pay({ application_fee_amount: 1000 })
    const { 5010: fee = 0 } = await booksOf(paid.id)
    const payment_intent = paid.id
    await refund({ payment_intent, amount: 2000 })
    assert.deepEqual(await booksOf(paid.id), { 1110: -1000 - fee, 1210: 2000, 4030: -1000, 5010: fee })
    await refund({ payment_intent, amount: 3000, reverse_transfer: true })
    assert.equal((await booksOf(paid.id))['1210'], 2000, 'what was taken back is not owed')
    await refund({ payment_intent, amount: 5000, reverse_transfer: true, refund_application_fee: true })
    const books = await booksOf(paid.id)
    assert.deepEqual(books, { 1110: -1500 - fee, 1210: 2000, 4030: -1000, 4096: 500, 5010: fee })
    assert.equal((await sellerHas()) - before, 2000 - 500, 'what the platform kept of its fee is the seller’s loss')
    await sound()
  })

  test('above what the seller has leaves the seller with less than nothing, and owing nothing', async () => {
    const before = await sellerHas()
    const paid = await pay({ application_fee_amount: 1000 })
    await refund({ payment_intent: paid.id, reverse_transfer: true })
    assert.equal((await sellerHas()) - before, -1000)
    const { 1210: owed, 4030: earned } = await booksOf(paid.id)
    assert.deepEqual([owed, earned], [undefined, -1000])
  })

  test('of a named sum takes back the same proportion; the platform gives up its own', async () => {
    const before = await sellerHas()
    const paid = await pay({ transfer_data: { destination: seller, amount: 8701 } })
    const payment_intent = paid.id
    const [status, , param] = await refusal('/v1/refunds', { payment_intent, refund_application_fee: true })
    assert.deepEqual([status, param], [400, 'refund_application_fee'])
    for (const amount of [3333, 3333, 3334]) await refund({ payment_intent, amount, reverse_transfer: true })
    const { 5010: fee = 0, ...books } = await booksOf(paid.id)
    assert.deepEqual(books, { 1110: -fee, 4030: -1299, 4096: 1299 })
    assert.equal(await sellerHas(), before)
  })

  test('is made once when its answer is lost, with what goes back and forth', async () => {
    const before = await sellerHas()
    const paid = await pay({ application_fee_amount: 1000 })
    await planFault(world, 'lost_answer', { method: 'POST', path: '*/refunds' }, 2)
    const body = { payment_intent: paid.id, amount: 4000, reverse_transfer: true, refund_application_fee: true }
    assert.equal((await send('/v1/refunds', body)).status, 200)
    await world.settle()
    await world.sandboxControl('DELETE', 'faults')
    await world.settle({ throughTime: true })
    await hear()
    assert.equal((await sellerHas()) - before, 9000 - 4000 + 400)
    const { 1210: owed, 4096: returned } = await booksOf(paid.id)
    assert.deepEqual([owed, returned], [undefined, 400])
    await sound()
  })

  test('that fails is owed to the payer, and the next one settles that first', async () => {
    const paid = await pay({ payment_method: 'pm_card_refundFail' })
    await refund({ payment_intent: paid.id, amount: 4000, reverse_transfer: true })
    await world.advance(2 * 3_600_000)
    await hear()
    const failed = await booksOf(paid.id)
    assert.deepEqual([failed['1210'], failed['2040']], [undefined, -4000])
    await refund({ payment_intent: paid.id, amount: 5000 })
    const again = await booksOf(paid.id)
    assert.deepEqual([again['1210'], again['2040']], [1000, undefined])
  })
})

describe('a process that dies half-way', () => {
  /** While `work` runs, whoever books this is killed. */
  const dyingAt = async (kind: string, work: () => Promise<unknown>): Promise<void> => {
    await asOwner(
      `create function die() returns trigger language plpgsql as $$ begin
        if new.kind = '${kind}' then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$`,
      'create trigger dying before insert on ledger_transactions for each row execute function die()',
    )
    try {
      await work()
    } finally {
      await asOwner('drop trigger dying on ledger_transactions', 'drop function die()')
    }
  }

  test('books the capture, the fee and the transfer together, later', async () => {
    const before = await sellerHas()
    const key = randomUUID()
    const fields = { ...order, ...paying, application_fee_amount: 1000 }
    // The last of the three, so the others have been written by then.
    await dyingAt('transfer', async () => {
      const { status } = await send('/v1/payment_intents', fields, { key })
      assert.ok(status >= 409, String(status))
    })
    await world.settle({ throughTime: true })
    const paid = await pay({ application_fee_amount: 1000 }, { key })
    const { 5010: fee = 0, ...books } = await booksOf(paid.id)
    assert.deepEqual(books, { 1110: 1000 - fee, 4030: -1000 })
    assert.equal((await sellerHas()) - before, 9000)
    await sound()
  })

  test('books a refund, what is taken back and the returned fee once', async () => {
    const before = await sellerHas()
    const paid = await pay({ application_fee_amount: 1000 })
    const body = { payment_intent: paid.id, amount: 5000, reverse_transfer: true, refund_application_fee: true }
    await dyingAt('refund', async () => {
      assert.equal((await send('/v1/refunds', body)).status, 200)
      await world.settle()
    })
    await dyingAt('transfer_reversal', async () => {
      await world.settle({ throughTime: true })
      await hear()
    })
    await dyingAt('application_fee_refund', hear)
    assert.equal((await booksOf(paid.id))['1210'], 5000, 'nothing of it was booked')
    await world.settle({ throughTime: true })
    await world.advance(3_600_000)
    await hear()
    const { 5010: fee = 0, ...books } = await booksOf(paid.id)
    assert.deepEqual(books, { 1110: 500 - fee, 4030: -1000, 4096: 500 })
    assert.equal((await sellerHas()) - before, 4500)
    await sound()
  })
})

const asOwner = async (...statements: string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

describe('a dispute of a destination charge', () => {
  test('is taken from the platform and leaves the transfer alone; lost, the seller owes it', async () => {
    const before = await sellerHas()
    const paid = await pay({ payment_method: 'pm_card_createDispute', application_fee_amount: 1000 })
    await hear()
    assert.equal((await booksOf(paid.id))['1150'], 10_000)
    assert.equal((await sellerHas()) - before, 9000)
    const { body } = await world.request('service').get(`/v1/disputes?payment_intent=${paid.id}`)
    const closed = await send(`/v1/disputes/${body.data[0].id}/close`, {})
    assert.equal(closed.status, 200, JSON.stringify(closed.body))
    await hear()
    const lost = await booksOf(paid.id)
    assert.deepEqual([lost['1150'], lost['1210'], lost['5050']], [undefined, 10_000, undefined])
    await reverse((await chargeOf(paid.id)).transfer)
    assert.equal((await booksOf(paid.id))['1210'], undefined)
    await sound()
  })
})

/** In Stripe's own dashboard, past us. */
const reverse = async (transfer: string): Promise<void> => {
  const answer = await fetch(`${world.sandbox.url}/v1/transfers/${transfer}/reversals`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_world' },
  })
  assert.equal(answer.status, 200, await answer.text())
  await hear()
}

describe('a payout with destination charges in it', () => {
  test('is composed of what was received, passed on and taken back, each booked once', async () => {
    await hear()
    await world.advance(3 * dayMs)
    await hear()
    const { rows: foreign } = await sql<{
      kind: string
      booked: string
    }>`select distinct kind, booked from balance_transactions
      where booked = 'waiting' or (kind = 'other')`.execute(world.app.db.maintenance)
    assert.deepEqual(foreign, [])
    await pay({ payment_method: 'pm_card_bypassPending', amount: 900_000, transfer_data: undefined })
    await hear()
    await payOut(world)
    await hear()
    const payouts = await world.request('finance').get('/v1/payouts')
    assert.equal(payouts.body.data[0].composition, 'complete')
    const { body } = await world.request('finance').get('/v1/balance_transactions?limit=100')
    const seen = new Set(body.data.map(({ type }: { type: string }) => type))
    const ofSales = ['transfer', 'transfer_refund', 'application_fee', 'application_fee_refund']
    assert.deepEqual(
      ofSales.filter((type) => !seen.has(type)),
      [],
    )
    assert.ok(body.data.every(({ identified }: { identified: boolean }) => identified))
    await sound()
  })
})

describe('what is refused', () => {
  test('destinations of accounts that pass nothing on, by name and with the reason', async () => {
    for (const [name, value] of Object.entries({
      transfer_data: { destination: seller },
      on_behalf_of: seller,
      transfer_group: 'ORDER_1',
    })) {
      const body = { amount: 10_000, currency: 'eur', [name]: value }
      const [status, code, param, message] = await refusal('/v1/payment_intents', body, kiosk)
      assert.deepEqual([status, code, param], [400, 'payment_intent_invalid_parameter', name], message)
      assert.match(message, /passes no payment on|goes to/)
    }
  })

  test('what cannot go together, at every door', async () => {
    const { body } = await send('/v1/payment_intents', { amount: 10_000, currency: 'eur' })
    const path = `/v1/payment_intents/${body.id}`
    const transfer = (amount: number) => ({ transfer_data: { destination: seller, amount } })
    const cases: [object, string, string][] = [
      [{ ...transfer(9000), application_fee_amount: 1 }, 'parameters_exclusive', 'transfer_data[amount]'],
      [transfer(10_001), 'amount_too_large', 'transfer_data[amount]'],
      [{ ...order, application_fee_amount: 10_001 }, 'amount_too_large', 'application_fee_amount'],
      [{ transfer_data: { amount: 5 } }, 'parameter_missing', 'transfer_data[destination]'],
      [{ on_behalf_of: seller }, 'parameter_missing', 'transfer_data[destination]'],
      [{ transfer_data: { destination: 'baker' } }, 'parameter_invalid', 'transfer_data[destination]'],
      [transfer(0), 'parameter_invalid', 'transfer_data[amount]'],
    ]
    for (const [fields, code, param] of cases) {
      const { currency: _, ...change } = fields as { currency?: string }
      const doors = [
        await refusal('/v1/payment_intents', { amount: 10_000, currency: 'eur', ...fields }),
        await refusal(path, change),
        await refusal(`${path}/confirm`, { ...change, amount: undefined, payment_method: 'pm_card_visa' }),
      ]
      for (const [status, found, name, message] of doors) {
        assert.deepEqual([status, name], [400, param], message)
        if (!code.startsWith('parameter_invalid')) assert.equal(found, code)
      }
    }
    const plain = await pay({ transfer_data: undefined })
    const reversal = await refusal('/v1/refunds', { payment_intent: plain.id, reverse_transfer: true })
    assert.deepEqual(reversal.slice(0, 3), [400, 'payment_intent_invalid_parameter', 'reverse_transfer'])
    const late = await refusal(`/v1/payment_intents/${plain.id}`, order)
    assert.equal(late[0], 400)
    const unknown = await refusal('/v1/payment_intents', {
      ...order,
      ...paying,
      transfer_data: { destination: 'acct_nobody' },
    })
    assert.match(unknown[3], /No such destination/)
  })

  test('by the database, what no code should ask for', async () => {
    const { body } = await send('/v1/payment_intents', order)
    const wrong = [
      { transfer_data: { destination: seller, amount: 10_001 } },
      { transfer_data: { amount: 5 } },
      { transfer_data: { destination: seller, amount: 5 }, application_fee_amount: 5 },
    ]
    for (const options of wrong) {
      const change = sql`update payment_intents set options = ${JSON.stringify(options)}::jsonb where metadata @> '{}'
        and version = 1 and amount = 10000 and status = 'requires_payment_method'`
      await assert.rejects(change.execute(world.app.db.maintenance), /payment_intents_transfer|permission/, body.id)
    }
  })
})
