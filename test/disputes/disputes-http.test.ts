import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { refused } from '../support/stripe-client.ts'
import { createAnswerCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'

const day = 86_400_000
let world: World
let stripe: Stripe
before(async () => {
  world = await createWorld()
  stripe = world.stripe('service', world.shop, { check: checkAnswers() })
})
after(async () => {
  await world.settle()
  await world.verifyInvariants()
  await world[Symbol.asyncDispose]()
})

/** Files are in none of the published paths that we have. */
const checkAnswers = () => {
  const check = createAnswerCheck()
  return (method: string, path: string, body: unknown) => {
    if (!path.startsWith('/v1/files')) check(method, path, body)
  }
}

test('answers are held against the contract that Stripe publishes', { skip: noContract }, () => undefined)

const thread = { channel: 'telegram', external_id: 'd-1' }
const pay = async (method = 'pm_card_createDispute', more: object = {}) => {
  const params = { amount: 4200, currency: 'eur', payment_method: method, confirm: true, thread, ...more }
  const intent = await stripe.paymentIntents.create(params)
  await world.settle()
  return intent
}
const disputeOf = async (intent: string) => {
  const [dispute] = (await stripe.disputes.list({ payment_intent: intent })).data
  assert.ok(dispute, 'there is a dispute')
  return dispute
}
const own = (dispute: Stripe.Dispute) => dispute as unknown as { provider_id: string; thread: string; settled: boolean }
const eventsOf = async (intent: string): Promise<string[]> => {
  const { rows } = await sql<{ type: string }>`select type from events
    where data->>'object' = 'dispute' and data->>'payment_intent' = ${intent} order by created_at, id`.execute(
    world.app.db.maintenance,
  )
  return rows.map(({ type }) => type)
}
const openFunds = async (): Promise<bigint> => {
  const { rows } = await sql<{ total: bigint }>`select coalesce(sum(e.amount), 0)::bigint as total from ledger_entries e
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id where a.code = '1150'`.execute(
    world.app.db.maintenance,
  )
  return rows[0]?.total ?? 0n
}

describe('a dispute', () => {
  test('is mirrored with its money and its events, shown on the charge, and blocks refunds', async () => {
    const before = await openFunds()
    const intent = await pay()
    const dispute = await disputeOf(intent.id)
    assert.deepEqual(
      [dispute.status, dispute.amount, dispute.reason, dispute.is_charge_refundable, dispute.payment_intent],
      ['needs_response', 4200, 'fraudulent', false, intent.id],
    )
    assert.deepEqual(
      dispute.balance_transactions.map(({ amount, fee, net }) => [amount, fee, net]),
      [[-4200, 1500, -5700]],
    )
    assert.equal((await openFunds()) - before, 4200n)
    const charge = await stripe.charges.retrieve(String(intent.latest_charge))
    assert.deepEqual([charge.disputed, (charge as unknown as { dispute: string }).dispute], [true, dispute.id])
    assert.equal((await refused(stripe.refunds.create({ payment_intent: intent.id }))).code, 'charge_disputed')
    assert.deepEqual(await eventsOf(intent.id), ['charge.dispute.created', 'charge.dispute.funds_withdrawn'])
    const found = await stripe.events.list({ type: 'charge.dispute.created', limit: 1 })
    assert.deepEqual(
      [found.data[0]?.data.object].map((object) => object && 'id' in object && object.id),
      [dispute.id],
    )
    const { body } = await world.request().get(`/v1/threads/${own(dispute).thread}/timeline`)
    assert.ok(body.data.some((item: { type: string }) => item.type === 'charge.dispute.created'))
    const { body: messages } = await world.request().get(`/v1/threads/${own(dispute).thread}/messages`)
    assert.ok(!JSON.stringify(messages).includes('isput'), 'the payer is not told')
  })

  for (const [words, verdict, code] of [
    ['winning_evidence', 'won', undefined],
    ['losing_evidence', 'lost', 'refund_disputed_payment'],
  ] as const)
    test(`with ${words} is ${verdict}, and leaves nothing open`, async () => {
      const before = await openFunds()
      const intent = await pay()
      const { id } = await disputeOf(intent.id)
      const file = await stripe.files.create({
        purpose: 'dispute_evidence',
        file: { data: Buffer.from('%PDF-1.7 receipt'), name: 'receipt.pdf', type: 'application/pdf' },
      })
      assert.deepEqual([file.object, file.filename, file.size, file.type], ['file', 'receipt.pdf', 16, 'pdf'])
      assert.equal((await stripe.files.retrieve(file.id)).id, file.id)
      const staged = await stripe.disputes.update(id, {
        evidence: { receipt: file.id, product_description: 'Roses' },
        submit: false,
        metadata: { ticket: '7' },
      })
      assert.deepEqual(
        [staged.status, staged.evidence.receipt, staged.evidence_details.has_evidence, staged.metadata],
        ['needs_response', file.id, true, { ticket: '7' }],
      )
      const sent = await stripe.disputes.update(id, { evidence: { uncategorized_text: words } })
      assert.deepEqual([sent.status, sent.evidence_details.submission_count], ['under_review', 1])
      const again = await refused(stripe.disputes.update(id, { evidence: { uncategorized_text: 'more' } }))
      assert.equal(again.code, 'dispute_unexpected_state')
      await world.settle()
      const { body: told } = await world.request().get(`/v1/payment_intents/${intent.id}/explain`)
      const story = told.story.map(({ text }: { text: string }) => text)
      assert.equal(story.filter((text: string) => text === 'dispute evidence succeeded').length, 2)
      const end = await stripe.disputes.retrieve(id)
      assert.deepEqual([end.status, own(end).settled], [verdict, true])
      assert.equal(await openFunds(), before)
      const events = await eventsOf(intent.id)
      assert.equal(events.filter((type) => type === 'charge.dispute.closed').length, 1)
      assert.equal(events.includes('charge.dispute.funds_reinstated'), verdict === 'won')
      const refund = stripe.refunds.create({ payment_intent: intent.id, amount: 100 })
      if (code === undefined) assert.equal((await refund).amount, 100)
      else assert.equal((await refused(refund)).code, code)
      assert.equal((await refused(stripe.disputes.close(id))).code, 'dispute_unexpected_state')
    })

  test('that was won and is taken up again goes on, and is lost at last', async () => {
    const before = await openFunds()
    const intent = await pay()
    const dispute = await disputeOf(intent.id)
    const control = (what: string) => world.sandboxControl('POST', `disputes/${ref}/${what}`)
    const ref = own(dispute).provider_id
    await control('win')
    await world.settle()
    assert.equal(await openFunds(), before)
    await control('reopen')
    await world.settle()
    assert.deepEqual(
      [(await stripe.disputes.retrieve(dispute.id)).status, (await openFunds()) - before],
      ['appeal_needs_response', 4200n],
    )
    assert.equal((await refused(stripe.refunds.create({ payment_intent: intent.id }))).code, 'charge_disputed')
    await stripe.disputes.close(dispute.id)
    await world.settle()
    assert.deepEqual([(await stripe.disputes.retrieve(dispute.id)).status, await openFunds()], ['lost', before])
  })

  test('of a part takes that part; an inquiry takes nothing and ends with a refund', async () => {
    const before = await openFunds()
    const plain = await pay('pm_card_visa')
    const { rows } = await sql<{
      ref: string
    }>`select provider_ref as ref from charges order by created_at desc, id desc limit 1`.execute(
      world.app.db.maintenance,
    )
    await world.sandboxControl('POST', 'disputes', { charge: rows[0]?.ref, amount: 1000 })
    await world.settle()
    assert.deepEqual([(await disputeOf(plain.id)).amount, (await openFunds()) - before], [1000, 1000n])
    await stripe.disputes.close((await disputeOf(plain.id)).id)
    const intent = await pay('pm_card_createDisputeInquiry')
    const inquiry = await disputeOf(intent.id)
    assert.deepEqual(
      [inquiry.status, inquiry.is_charge_refundable, inquiry.balance_transactions.length],
      ['warning_needs_response', true, 0],
    )
    await stripe.refunds.create({ payment_intent: intent.id })
    await world.settle()
    assert.deepEqual([(await disputeOf(intent.id)).status, await openFunds()], ['warning_closed', before])
  })
})

test('a share of a bill that is disputed and lost went back to its payer before it was a sale', async () => {
  const lines = async (code: string) =>
    (await world.request('finance').get('/v1/ledger/trial_balance')).body.data
      .filter((one: { code: string; currency: string }) => one.code === code && one.currency === 'chf')
      .reduce((sum: number, { balance }: { balance: number }) => sum + balance, 0)
  const bill = async (cards: readonly string[]) => {
    const { body } = await world
      .request()
      .post('/v1/bills')
      .send({
        thread,
        title: 'Dinner',
        currency: 'chf',
        amount: 2000,
        participants: [{ participant: { external_id: '1' } }, { participant: { external_id: '2' } }],
      })
    for (const [index, card] of cards.entries())
      await stripe.paymentIntents.confirm(body.shares[index].payment_intent, { payment_method: card })
    await world.settle()
    return body
  }
  const open = await bill(['pm_card_createDispute'])
  assert.deepEqual([await lines('2031'), await lines('1150')], [-1000, 1000])
  await stripe.disputes.close((await disputeOf(open.shares[0].payment_intent)).id)
  assert.deepEqual([await lines('2031'), await lines('1150'), await lines('5050')], [0, 0, 0])
  const sold = await bill(['pm_card_createDispute', 'pm_card_visa'])
  await stripe.disputes.close((await disputeOf(sold.shares[0].payment_intent)).id)
  assert.deepEqual(
    [await lines('2031'), await lines('1150'), await lines('5050'), await lines('4010')],
    [0, 0, 1000, -2000],
  )
})

describe('files', () => {
  const upload = (data: Buffer, more: object = {}) =>
    stripe.files.create({ purpose: 'dispute_evidence', file: { data, name: 'a.png', type: 'image/png' }, ...more })
  test('are told by their first bytes, and kept by nobody here', async () => {
    assert.equal((await refused(upload(Buffer.from('<svg/>')))).code, 'file_invalid')
    assert.equal(
      (await refused(upload(Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(5 * 1024 * 1024)])))).code,
      'file_invalid',
    )
    const secret = Buffer.concat([Buffer.from('%PDF-'), Buffer.from('very secret bytes')])
    const first = await stripe.files.create(
      { purpose: 'dispute_evidence', file: { data: secret, name: 'x.png', type: 'image/png' } },
      { idempotencyKey: 'file-1' },
    )
    const again = await stripe.files.create(
      { purpose: 'dispute_evidence', file: { data: secret, name: 'x.png', type: 'image/png' } },
      { idempotencyKey: 'file-1' },
    )
    assert.deepEqual([first.type, again.id], ['pdf', first.id])
    assert.equal((await refused(upload(secret, { purpose: 'identity_document' }))).statusCode, 400)
    const { rows } = await sql<{ text: string }>`select row_to_json(f)::text as text from dispute_files f`.execute(
      world.app.db.maintenance,
    )
    assert.ok(!rows.some(({ text }) => text.includes('secret') || text.includes(secret.toString('hex'))))
  })
  test('are refused when they are nobody’s, or not named as a file', async () => {
    const { id } = await disputeOf((await pay()).id)
    const missing = await refused(
      stripe.disputes.update(id, { evidence: { receipt: 'file_01h455vb4pex5vsknk084sn02q' } }),
    )
    assert.deepEqual([missing.code, missing.param], ['resource_missing', 'evidence[receipt]'])
    for (const body of ['purpose=dispute_evidence', ''])
      assert.equal((await world.request().post('/v1/files').send(body)).status, 400)
    const broken = await world
      .request()
      .post('/v1/files')
      .set('content-type', 'multipart/form-data; boundary=x')
      .send('--x\r\nnonsense')
    assert.equal(broken.body.error.code, 'invalid_body')
  })
})

describe('the merchant', () => {
  test('is reminded seven days, two days and twelve hours ahead, once each, until evidence is submitted', async () => {
    const reminders = async (intent: string) =>
      (await eventsOf(intent)).filter((type) => type === 'dispute.evidence_due').length
    const [answered, silent] = [await pay(), await pay()]
    const counts: number[] = []
    for (const ms of [2 * day + 1000, 1000, 5 * day, 1.5 * day]) {
      await world.advance(ms)
      await world.app.services.disputes.sweep()
      await world.settle()
      counts.push(await reminders(silent.id))
      if (counts.length === 2)
        await stripe.disputes.update((await disputeOf(answered.id)).id, { evidence: { product_description: 'Roses' } })
    }
    assert.deepEqual([counts, await reminders(answered.id)], [[1, 1, 2, 3], 1])
    await world.advance(day)
    await world.settle()
    const end = await disputeOf(silent.id)
    assert.deepEqual([end.status, end.evidence_details.past_due, await reminders(silent.id)], ['lost', true, 3])
  })
})
