import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { adjustmentBody } from '#finance/schemas.ts'
import type { Currency } from '#kernel/currencies.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger, readRefundable } from '#ledger/repo.ts'
import type { Role } from '#platform/api-keys.ts'
import { inTransaction } from '#platform/database.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let owner: pg.Client
before(async () => {
  world = await createWorld({ work: false })
  owner = new pg.Client({ connectionString: world.databaseUrl })
  await owner.connect()
  await owner.query('set role parley_owner')
})
after(async () => {
  await owner.end()
  await world[Symbol.asyncDispose]()
})

const eur = 'eur' as Currency

const receipt = {
  description: 'Receipt without a payment',
  reason: 'It stands on the bank statement',
  attachment: 'statement-11.pdf',
  entries: [
    { account: '1010', currency: 'eur', amount: 1234 },
    { account: '2090', currency: 'eur', amount: -1234 },
  ],
}
const transactions = '/v1/ledger/transactions'
const proposals = '/v1/ledger/proposals'

const post = async (path: string, body: object, role: Role = 'finance', shop?: Shop) => {
  const { status, body: answer } = await world.request(role, shop).post(path).send(body)
  return { status, answer, error: answer.error }
}
const propose = async (body: object = receipt, shop?: Shop) => {
  const { status, answer } = await post(transactions, body, 'finance', shop)
  assert.equal(status, 200, JSON.stringify(answer))
  return answer
}
const approve = (id: string, role: Role = 'merchant', shop?: Shop) => post(`${proposals}/${id}/approve`, {}, role, shop)
const reject = (id: string, role: Role = 'merchant', body = {}) => post(`${proposals}/${id}/reject`, body, role)
const booked = async (shop: Shop) => {
  const { body } = await world.request('finance', shop).get(`${transactions}?limit=100`).expect(200)
  return body.data
}
const eventsOf = async (shop: Shop) => {
  const { body } = await world.request('finance', shop).get('/v1/events?limit=100').expect(200)
  return body.data.map((event: { type: string }) => event.type).toReversed()
}

describe('an adjustment', () => {
  test('waits for another key, which books it once and for all', async () => {
    const shop = await world.openShop()
    const proposal = await propose({ ...receipt, effective_at: '2026-10-31' }, shop)
    assert.match(proposal.id, /^lpr_/)
    assert.deepEqual(
      [proposal.object, proposal.kind, proposal.status, proposal.transaction, proposal.decided_by],
      ['ledger_proposal', 'adjustment', 'proposed', null, null],
    )
    assert.deepEqual(
      proposal.entries,
      receipt.entries.map((entry) => ({ ...entry, holder: null })),
    )
    assert.equal(proposal.effective_at, Date.parse('2026-10-31T00:00:00Z') / 1000)
    assert.deepEqual(await booked(shop), [])

    const { status, answer } = await approve(proposal.id, 'merchant', shop)
    assert.equal(status, 200, JSON.stringify(answer))
    assert.equal(answer.status, 'approved')
    assert.notEqual(answer.decided_by, answer.proposed_by)
    const [transaction, ...more] = await booked(shop)
    assert.deepEqual(more, [])
    assert.deepEqual(
      [transaction.id, transaction.kind, transaction.event_key, transaction.effective_at],
      [answer.transaction, 'adjustment', `${proposal.id}:adjustment`, proposal.effective_at],
    )
    assert.deepEqual(
      transaction.entries.map((one: { account_code: string; amount: number }) => [one.account_code, one.amount]),
      [
        ['1010', 1234],
        ['2090', -1234],
      ],
    )
    assert.deepEqual((await approve(proposal.id, 'merchant', shop)).answer, answer)
    assert.equal((await booked(shop)).length, 1)
    assert.deepEqual(await eventsOf(shop), ['ledger.adjustment.proposed', 'ledger.adjustment.approved'])
  })

  test('is not approved by the key that proposed it, which may withdraw it', async () => {
    const { id } = await propose()
    const { status, error } = await approve(id, 'finance')
    assert.deepEqual([status, error.code], [403, 'ledger_four_eyes'])
    assert.equal((await world.request('finance').get(`${proposals}/${id}`)).body.status, 'proposed')
    assert.equal((await reject(id, 'finance')).answer.status, 'rejected')
  })

  test('is rejected with a reason and then stays so', async () => {
    const shop = world.shop
    const { id } = await propose()
    const before = (await booked(shop)).length
    const { answer } = await reject(id, 'merchant', { reason: 'It is the payout of the 29th' })
    assert.deepEqual(
      [answer.status, answer.decision_reason, answer.transaction],
      ['rejected', 'It is the payout of the 29th', null],
    )
    assert.deepEqual((await reject(id)).answer, answer)
    assert.deepEqual((await approve(id)).error.code, 'ledger_proposal_decided')
    assert.deepEqual((await approve(id, 'platform')).error.code, 'ledger_proposal_decided')
    assert.equal((await booked(shop)).length, before)
  })

  test('approved sixteen times at once, by two keys, is booked once', async () => {
    const shop = await world.openShop()
    const { id } = await propose(receipt, shop)
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => approve(id, index % 2 === 0 ? 'merchant' : 'platform', shop)),
    )
    assert.equal((await booked(shop)).length, 1)
    const good = answers.filter(({ status }) => status === 200)
    assert.equal(good.length, 8, 'all of the key that came first')
    assert.equal(new Set(good.map(({ answer }) => answer.transaction)).size, 1)
    for (const { status, error } of answers) if (status !== 200) assert.equal(error.code, 'ledger_proposal_decided')
  })

  test('whose approval dies half-way is untouched, and is approved when it is tried again', async () => {
    const shop = await world.openShop()
    const { id } = await propose(receipt, shop)
    // The event is written last, so everything before it has to go back.
    await owner.query(
      `create function die() returns trigger language plpgsql as 'begin raise exception $q$died$q$; end'`,
    )
    await owner.query('create trigger dies before insert on outbox for each statement execute function die()')
    assert.equal((await approve(id, 'merchant', shop)).status, 500)
    await owner.query('drop trigger dies on outbox; drop function die()')
    assert.deepEqual(await booked(shop), [])
    assert.equal((await world.request('finance', shop).get(`${proposals}/${id}`)).body.status, 'proposed')
    assert.equal((await approve(id, 'merchant', shop)).answer.status, 'approved')
    assert.equal((await booked(shop)).length, 1)
  })

  test('whose answer was lost is found again by the request that is repeated', async () => {
    const shop = await world.openShop()
    const keys = await world.request('merchant', shop).get('/v1/api_keys').expect(200)
    const [apiKeyId = ''] = keys.body.data.map((key: { id: string }) => parseId('apiKey', key.id))
    const scope = { merchantId: shop.uuid, apiKeyId, livemode: false, resourceId: newUuid() }
    const { finance } = world.app.services
    const body = adjustmentBody.parse(receipt)
    assert.deepEqual(await finance.proposeAdjustment(scope, body), await finance.proposeAdjustment(scope, body))
    assert.deepEqual(await eventsOf(shop), ['ledger.adjustment.proposed'])
  })

  const entries = (...lines: [string, number, string?][]) =>
    lines.map(([account, amount, holder]) => ({ account, amount, currency: 'eur', ...(holder ? { holder } : {}) }))
  const wrong: [string, object, [code: string, param: string]][] = [
    [
      'an unknown account',
      { entries: entries(['1011', 1], ['2090', -1]) },
      ['parameter_invalid_string', 'entries[0][account]'],
    ],
    [
      'an unknown currency',
      { entries: entries(['1010', 1], ['2090', -1]).map((one) => ({ ...one, currency: 'xxx' })) },
      ['parameter_invalid_string', 'entries[0][currency]'],
    ],
    ['a rest', { entries: entries(['1010', 2], ['2090', -1]) }, ['ledger_unbalanced', 'entries']],
    ['nothing', { entries: entries(['1010', 0], ['2090', 0]) }, ['parameter_invalid_integer', 'entries[0][amount]']],
    [
      'a fraction',
      { entries: entries(['1010', 0.5], ['2090', -0.5]) },
      ['parameter_invalid_integer', 'entries[0][amount]'],
    ],
    ['one entry', { entries: entries(['1010', 1]) }, ['parameter_invalid_string', 'entries']],
    ['no entries', { entries: undefined }, ['parameter_missing', 'entries']],
    ['memo beside real', { entries: entries(['9010', 1], ['2090', -1]) }, ['ledger_unbalanced', 'entries[0][account]']],
    [
      'a wallet of nobody',
      { entries: entries(['1010', 1], ['2020', -1]) },
      ['parameter_missing', 'entries[1][holder]'],
    ],
    ['no reason', { reason: '' }, ['parameter_invalid_empty', 'reason']],
    ['a description of two lines', { description: 'a\nb' }, ['parameter_invalid_string', 'description']],
    ['a day that is none', { effective_at: '2026-02-30' }, ['parameter_invalid_string', 'effective_at']],
    ['a mistyped year', { effective_at: '2206-10-31' }, ['parameter_invalid_string', 'effective_at']],
    ['a day before all computers', { effective_at: 0 }, ['parameter_invalid_string', 'effective_at']],
    ['what it does not know', { amount: 1 }, ['parameter_unknown', 'amount']],
  ]
  for (const [name, change, [code, param]] of wrong)
    test(`is refused with ${name}`, async () => {
      const { status, error } = await post(transactions, { ...receipt, ...change })
      assert.deepEqual([status, error.code, error.param], [400, code, param], error.message)
    })

  test('takes a form as well', async () => {
    const text =
      'description=a&reason=b&entries[0][account]=1010&entries[0][currency]=EUR&entries[0][amount]=5' +
      '&entries[1][account]=2090&entries[1][currency]=eur&entries[1][amount]=-5'
    const { status, body } = await world.request('finance').post(transactions).type('form').send(text)
    assert.deepEqual([status, body.entries[1]?.amount], [200, -5], JSON.stringify(body))
  })

  test('takes no more from a wallet than it has', async () => {
    const shop = await world.openShop()
    const topUp = await propose({ ...receipt, entries: entries(['1010', 500], ['2020', -500, 'u1']) }, shop)
    assert.equal((await approve(topUp.id, 'merchant', shop)).status, 200)
    const take = async (amount: number) =>
      approve(
        (await propose({ ...receipt, entries: entries(['2020', amount, 'u1'], ['1010', -amount]) }, shop)).id,
        'merchant',
        shop,
      )
    assert.equal((await take(501)).error.code, 'ledger_insufficient_balance')
    assert.equal((await take(500)).status, 200)
    assert.equal((await take(1)).error.code, 'ledger_insufficient_balance')
  })

  test('is for finance, never for a bot or a service', async () => {
    for (const role of ['bot', 'service'] as const) {
      assert.equal((await post(transactions, receipt, role)).error.code, 'permission_denied')
      assert.equal((await approve('lpr_1', role)).error.code, 'permission_denied')
    }
  })

  test('is listed, by state and by kind, and is nobody else’s', async () => {
    const shop = await world.openShop()
    const ids = [await propose(receipt, shop), await propose(receipt, shop)].map(({ id }) => id)
    await reject(ids[0] ?? '', 'merchant').then(({ status }) => assert.equal(status, 404))
    await post(`${proposals}/${ids[0]}/reject`, {}, 'merchant', shop)
    const list = async (query: string) =>
      (await world.request('service', shop).get(`${proposals}?${query}`).expect(200)).body.data.map(
        (one: { id: string }) => one.id,
      )
    assert.deepEqual(await list(''), ids.toReversed())
    assert.deepEqual(await list('status=proposed'), [ids[1]])
    assert.deepEqual(await list('status=rejected&kind=adjustment'), [ids[0]])
    assert.deepEqual(await list('kind=reversal'), [])
    assert.deepEqual(await list(`starting_after=${ids[1]}`), [ids[0]])
    await world.request('finance').get(`${proposals}/${ids[0]}`).expect(404)
  })
})

describe('a reversal', () => {
  const reverse = (id: string, shop: Shop, body: object = { reason: 'Booked twice' }) =>
    post(`${transactions}/${id}/reverse`, body, 'finance', shop)
  const book = async (shop: Shop) =>
    (await approve((await propose(receipt, shop)).id, 'merchant', shop)).answer.transaction

  test('takes every entry back, once', async () => {
    const shop = await world.openShop()
    const original = await book(shop)
    const [first, second] = [await reverse(original, shop), await reverse(original, shop)]
    assert.deepEqual(
      [first.answer.kind, first.answer.reverses, first.answer.status],
      ['reversal', original, 'proposed'],
    )
    const approved = await approve(first.answer.id, 'merchant', shop)
    assert.equal(approved.status, 200, JSON.stringify(approved.answer))
    const [reversal] = await booked(shop)
    assert.deepEqual(
      [reversal.id, reversal.kind, reversal.entries.map((one: { amount: number }) => one.amount)],
      [approved.answer.transaction, 'reversal', [-1234, 1234]],
    )
    assert.equal((await approve(second.answer.id, 'merchant', shop)).error.code, 'ledger_already_reversed')
    assert.equal((await reverse(original, shop)).error.code, 'ledger_already_reversed')
    assert.equal((await booked(shop)).length, 2)
  })

  test('can be reversed itself', async () => {
    const shop = await world.openShop()
    const reversal = (await approve((await reverse(await book(shop), shop)).answer.id, 'merchant', shop)).answer
      .transaction
    const again = await approve((await reverse(reversal, shop)).answer.id, 'merchant', shop)
    assert.equal(again.status, 200, JSON.stringify(again.answer))
    const { body } = await world.request('finance', shop).get('/v1/ledger/trial_balance').expect(200)
    assert.deepEqual(
      body.data.map((one: { code: string; balance: number }) => [one.code, one.balance]),
      [
        ['1010', 1234],
        ['2090', -1234],
      ],
    )
  })

  test('takes back the value too, whatever the rate is by then', async () => {
    const shop = await world.openShop()
    const rate = (value: string) =>
      post('/v1/ledger/exchange_rates', { currency: 'usd', rate: value, effective_on: '2026-01-01' }, 'finance', shop)
    const dollars = { ...receipt, entries: receipt.entries.map((one) => ({ ...one, currency: 'usd' })) }
    await rate('0.9')
    const original = (await approve((await propose(dollars, shop)).id, 'merchant', shop)).answer.transaction
    await rate('0.8')
    await approve((await reverse(original, shop)).answer.id, 'merchant', shop)
    const { rows } = await sql<{ sum: bigint; size: bigint }>`select sum(base_amount)::bigint as sum,
      max(base_amount) as size from ledger_entries where merchant_id = ${shop.uuid} group by account_id`.execute(
      world.app.db.maintenance,
    )
    assert.deepEqual(
      rows.map(({ sum, size }) => [sum, size]),
      [
        [0n, 1111n],
        [0n, 1111n],
      ],
    )
  })

  test('of a payment leaves what may still be refunded to the payment', async () => {
    const shop = await world.openShop()
    const ties = { merchantId: shop.uuid, paymentIntentId: newUuid(), refundId: null, threadId: null }
    const posting = postCaptured({
      providerChargeRef: 'ch_1',
      currency: eur,
      total: 900n,
      effectiveAt: world.clock.now(),
    })
    assert.ok(posting)
    await inTransaction(world.app.db, shop.uuid, (tx) => postLedger(tx, [{ ...ties, posting }], world.clock.now()))
    const [capture] = await booked(shop)
    await approve((await reverse(capture.id, shop)).answer.id, 'merchant', shop)
    const left = await inTransaction(world.app.db, shop.uuid, (tx) => readRefundable(tx, [{ ...ties, currency: eur }]))
    assert.equal(left.get(ties.paymentIntentId)?.sales, 900n)
  })

  test('of what is not there, or another merchant’s, is not found', async () => {
    const shop = await world.openShop()
    const original = await book(shop)
    for (const id of [original, 'ltx_1', showId('ledgerTransaction', newUuid())])
      assert.deepEqual((await reverse(id, world.shop)).error.code, 'resource_missing')
  })
})

describe('without four eyes', () => {
  test('what is proposed is booked at once', async () => {
    await using single = await createWorld({ work: false, config: { fourEyes: false } })
    const made = await single.request('finance').post(transactions).send(receipt).expect(200)
    assert.deepEqual([made.body.status, made.body.decided_by], ['approved', made.body.proposed_by])
    const reversed = await single
      .request('finance')
      .post(`${transactions}/${made.body.transaction}/reverse`)
      .send({ reason: 'Wrong' })
      .expect(200)
    assert.equal(reversed.body.status, 'approved')
    const { body } = await single.request('finance').get(transactions).expect(200)
    assert.deepEqual(
      body.data.map((one: { id: string }) => one.id),
      [reversed.body.transaction, made.body.transaction],
    )
    assert.equal((await single.request('finance').get('/v1/ledger/books').expect(200)).body.four_eyes, false)
  })
})

describe('the database', () => {
  const insert = async (values: string) => {
    await owner.query('begin')
    try {
      await owner.query('set local role parley_app')
      await owner.query(`select set_config('parley.merchants', $1, true)`, [world.shop.uuid])
      await owner.query(`insert into ledger_proposals (merchant_id, id, kind, status, content, reason, proposed_by,
        decided_by, four_eyes, livemode, created_at, decided_at) values ('${world.shop.uuid}', gen_random_uuid(), ${values})`)
      return await owner.query(
        `update ledger_proposals set status = 'rejected', decided_by = gen_random_uuid(), decided_at = now()`,
      )
    } finally {
      await owner.query('rollback')
    }
  }
  const someone = `'${newUuid()}'`
  const at = (status: string, decided: string, fourEyes: boolean) =>
    `'period_close', '${status}', '{}', 'x', ${someone}, ${decided}, ${fourEyes}, false, now(), ${decided === 'null' ? 'null' : 'now()'}`

  test('refuses the same key on both sides of four eyes', async () => {
    await assert.rejects(insert(at('approved', someone, true)), { constraint: 'ledger_four_eyes' })
  })
  test('refuses a second decision', async () => {
    await assert.rejects(insert(at('rejected', someone, false)), { constraint: 'ledger_decided_once' })
  })
  test('refuses an approval that books nothing', async () => {
    await assert.rejects(insert(at('approved', someone, false).replace('period_close', 'adjustment')), {
      code: '23514',
    })
  })
  test('refuses to change what was proposed', async () => {
    await assert.rejects(
      inTransaction(world.app.db, world.shop.uuid, (tx) =>
        tx.updateTable('ledger_proposals').set({ reason: 'other' }).execute(),
      ),
      /permission denied/,
    )
  })
})
