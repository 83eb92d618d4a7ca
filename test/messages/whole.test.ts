import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'
import { createFakePlatforms } from './outbox-world.ts'

const platforms = createFakePlatforms()
const { calls } = platforms

describe('a chat on a platform, in the whole', () => {
  let world: World
  before(async () => {
    world = await createWorld({ overrides: { channels: platforms.channels } })
  })
  after(() => world[Symbol.asyncDispose]())

  const post = async (path: string, body: object) => {
    const { status, body: answer } = await world.request('merchant').post(path).send(body)
    assert.equal(status, 200, JSON.stringify(answer))
    return answer
  }
  const openThread = async (channel: 'telegram' | 'line', people: string[] = []) => {
    const merchantId = world.shop.uuid
    const open = await world.app.db.maintenance
      .selectFrom('connections')
      .select('id')
      .where('channel', '=', channel)
      .executeTakeFirst()
    if (!open) {
      const account = { externalId: channel, name: channel, settings: {}, secrets: { token: 'secret' } }
      await world.app.services.connections.insertConnection({ merchantId, livemode: false }, channel, account)
    }
    return post('/v1/threads', {
      channel,
      external_id: `${channel}-${people.join('-')}-${calls.length}`,
      participants: people.map((name) => ({ external_id: name, role: 'payer', name })),
    })
  }
  const pay = async (id: string) => {
    await world.stripe().paymentIntents.confirm(id, { payment_method: 'pm_card_visa' })
    await world.settle()
  }

  test('a checkout is asked for, paid, and given back in two parts', async () => {
    const thread = await openThread('line')
    const checkout = await post('/v1/checkouts', {
      thread: thread.id,
      currency: 'eur',
      line_items: [
        { name: 'Tea', quantity: 2, unit_amount: 350 },
        { name: 'Cake', quantity: 1, unit_amount: 420 },
      ],
      tip: { amount: 100 },
    })
    const sent = await post(`/v1/threads/${thread.id}/messages`, { checkout: checkout.id })
    assert.deepEqual([sent.kind, sent.checkout, sent.state], ['checkout_summary', checkout.id, 'queued'])
    assert.deepEqual(
      sent.card.totals.map(({ type, amount }: { type: string; amount: number }) => [type, amount]),
      [
        ['subtotal', 1120],
        ['tip', 100],
        ['total', 1220],
      ],
    )
    await world.settle()
    assert.equal(calls.at(-1)?.text, 'Your order comes to €12.20. Please check it and pay.')
    await pay(checkout.payment_intent)
    assert.deepEqual([calls.at(-1)?.type, calls.at(-1)?.text], ['receipt', 'Paid €12.20. Thank you!'])
    for (const amount of [220, 1000]) {
      await post('/v1/refunds', { payment_intent: checkout.payment_intent, amount })
      await world.settle()
    }
    const rows = await world.app.db.maintenance
      .selectFrom('messages')
      .select(['kind', 'state', 'rendered'])
      .where('direction', '=', 'out')
      .orderBy('id')
      .execute()
    const texts = rows.map(({ kind, state, rendered }) => [kind, state, (rendered as { text: string }).text])
    assert.deepEqual(
      texts.map(([kind, state]) => [kind, state]),
      [
        ['checkout_summary', 'sent'],
        ['receipt', 'sent'],
        ['refund_notice', 'sent'],
        ['refund_notice', 'sent'],
      ],
    )
    assert.match(
      texts[0]?.[2] ?? '',
      /2 × Tea: €7\.00\n1 × Cake: €4\.20\nSubtotal: €11\.20\nTip: €1\.00\nTotal: €12\.20\n/,
    )
    assert.match(texts[1]?.[2] ?? '', /Paid with Visa ···· 4242\nView receipt: http.*\/receipts\//)
    assert.match(texts[2]?.[2] ?? '', /Paid: €12\.20\nRefunded: -€2\.20\nTotal: €10\.00\n€2\.20 of €12\.20 refunded\./)
    assert.match(texts[3]?.[2] ?? '', /Refunded: -€12\.20\nTotal: €0\.00\n€10\.00 refunded\./)
  })

  test('a bill shows its progress: in one message where it can change, at the end where it cannot', async () => {
    for (const channel of ['telegram', 'line'] as const) {
      calls.length = 0
      const thread = await openThread(channel, ['Ana', 'Ben'])
      const bill = await post('/v1/bills', {
        thread: thread.id,
        title: 'Dinner',
        currency: 'eur',
        amount: 1001,
        split: 'equal',
        participants: thread.participants.map(({ id }: { id: string }) => ({ participant: id })),
      })
      await world.settle()
      assert.deepEqual(
        calls.map(({ type, text, buttons }) => [type, text, buttons]),
        [['bill_progress', '€0.00 of €10.01 paid.', 2]],
      )
      for (const { payment_intent } of bill.shares) await pay(payment_intent)
      const progress = calls.filter(({ type }) => type === 'bill_progress')
      const isEdited = channel === 'telegram'
      assert.deepEqual(
        progress.map(({ text }) => text),
        isEdited
          ? ['€0.00 of €10.01 paid.', '€5.01 of €10.01 paid.', 'All paid: €10.01. Thank you, everyone!']
          : ['€0.00 of €10.01 paid.', 'All paid: €10.01. Thank you, everyone!'],
      )
      assert.deepEqual([progress.at(-1)?.edits !== undefined, progress.at(-1)?.buttons], [isEdited, 0])
      const { data } = (await world.request('bot').get(`/v1/threads/${thread.id}/messages`)).body
      const shown = data.filter(({ kind }: { kind: string }) => kind === 'bill_progress')
      assert.equal(shown.length, isEdited ? 1 : 2)
      assert.deepEqual([shown[0].bill, shown[0].card.amount_paid, shown[0].card.status], [bill.id, 1001, 'paid'])
    }
  })

  test('the end of a bill is told in a new message when the old one cannot be changed any more', async () => {
    calls.length = 0
    const thread = await openThread('telegram', ['Cyd'])
    const [{ id: participant }] = thread.participants
    const input = { thread: thread.id, title: 'Taxi', currency: 'eur', amount: 900, participants: [{ participant }] }
    const bill = await post('/v1/bills', input)
    await world.settle()
    platforms.refuseEdits = true
    await pay(bill.shares[0].payment_intent)
    platforms.refuseEdits = false
    assert.deepEqual(
      calls.filter(({ type }) => type === 'bill_progress').map(({ text, edits }) => [text, edits]),
      [
        ['€0.00 of €9.00 paid.', undefined],
        ['All paid: €9.00. Thank you, everyone!', undefined],
      ],
    )
  })
})
