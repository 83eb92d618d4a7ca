import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWhatsappChannel } from '#channels/whatsapp/channel.ts'
import { parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { graphError } from '../support/fake-messenger.ts'
import { type FakeWhatsapp, startFakeWhatsapp } from '../support/fake-meta.ts'
import { deliver, type FakeUpdate } from '../support/fake-server.ts'
import { currencyOf, renderRequest, sampleCard } from '../support/sample-cards.ts'
import { createWorld, type World } from '../support/world.ts'

const phone = '106540352242922'
const token = 'EAAtoken'
const appSecret = 'the app secret'
const ana = '919800000001'
const settings = {
  phone_number_id: phone,
  india: { gateway: 'razorpay', configuration_name: 'upi-test', catalog_id: '1' },
}
const secrets = { access_token: token, app_secret: appSecret, verify_token: 'a verify token' }

let world: World
let meta: FakeWhatsapp
let connection: { uuid: string; url: string }
before(async () => {
  meta = await startFakeWhatsapp({ phoneNumberId: phone, token, appSecret, now: () => world.clock.now() })
  world = await createWorld({ config: { channels: { meta: meta.url } } })
  const { body } = await world
    .request('merchant')
    .post('/v1/connections')
    .send({ channel: 'whatsapp', settings, secrets })
  connection = { uuid: parseId('connection', body.id) ?? '', url: body.webhook_url }
  assert.ok(connection.url, JSON.stringify(body))
})
after(async () => {
  await world[Symbol.asyncDispose]()
  await meta[Symbol.asyncDispose]()
})

let orders = 0
/** An order in the chat and the payment behind it, as the messages slice would send them. */
const ask = async (amount = 21000) => {
  orders += 1
  const reference = `msg_${orders}`
  const { body } = await world.request().post('/v1/payment_intents').send({ amount, currency: 'inr' })
  const total = BigInt(amount)
  const card = sampleCard('payment_request', 'inr', { reference, amount: total, lines: [], totals: [] })
  const offer = {
    payload: body.id,
    description: 'Order',
    prices: [],
    isFlexible: false,
    isDigital: true,
    isOpenToAll: false,
  }
  const needs = { name: false, phone: false, email: false, shipping: false }
  const account = { channel: 'whatsapp' as const, externalId: phone, name: 'Fleurs', settings }
  const channel = createWhatsappChannel({ apiBase: meta.url })
  meta.says(ana, 'hi')
  const content = { text: '', card: { ...card, native: { ...offer, needs } } }
  const rendered = channel.render(renderRequest(account, content, { threadExternalId: ana, now: world.clock.now() }))
  const open = { ...account, merchantId: world.shop.uuid, id: connection.uuid, secrets, livemode: false }
  assert.equal((await channel.send(open, rendered, { key: 'k' })).outcome, 'sent')
  const { native } = world.app.services
  const intentId = parseId('paymentIntent', body.id) ?? ''
  const given = { merchantId: world.shop.uuid, connectionId: connection.uuid, channel: 'whatsapp' as const }
  await inTransaction(world.app.db, world.shop.uuid, (tx) =>
    native.offer(tx, { ...given, intentId, reference, amount: total, currency: currencyOf('inr') }),
  )
  return { id: body.id as string, reference }
}
const tell = async (...updates: FakeUpdate[]) => {
  for (const update of updates) assert.equal((await deliver(connection.url, update)).status, 200)
  await world.settle()
}
const read = async (id: string) =>
  (await world.request().get(`/v1/payment_intents/${id}`).query({ 'expand[]': 'latest_charge' })).body
const sweep = async () => {
  await (await world.startWork()).sweep()
  await world.settle()
}

describe('a payment inside WhatsApp', () => {
  test('is looked up before it is believed, and booked once', async () => {
    const { id, reference } = await ask()
    const pending = meta.pays(ana, reference, { id: 'tx_1', status: 'pending' })
    await tell(pending)
    assert.equal((await read(id)).status, 'processing')
    const paid = meta.pays(ana, reference, { id: 'tx_1', status: 'success' })
    await tell(paid, paid, pending)
    const intent = await read(id)
    assert.deepEqual([intent.status, intent.amount_received], ['succeeded', 21000])
    assert.deepEqual([intent.latest_charge.provider, intent.latest_charge.provider_id], ['whatsapp', 'tx_1'])
    await world.verifyInvariants()
  })

  test('a webhook that says paid, when the platform says otherwise, changes nothing', async () => {
    const { id, reference } = await ask()
    const paid = meta.pays(ana, reference, { id: 'tx_2', status: 'success' })
    meta.attempts.delete(reference)
    await tell(paid)
    assert.equal((await read(id)).status, 'requires_payment_method')
  })

  test('a failed attempt is not the end', async () => {
    const { id, reference } = await ask()
    await tell(meta.pays(ana, reference, { id: 'tx_3', status: 'failed' }))
    const failed = await read(id)
    assert.deepEqual(
      [failed.status, failed.last_payment_error?.code],
      ['requires_payment_method', 'payment_intent_payment_attempt_failed'],
    )
    await tell(meta.pays(ana, reference, { id: 'tx_4', status: 'success' }))
    assert.equal((await read(id)).status, 'succeeded')
  })

  test('a lost webhook costs time only: it is looked after', async () => {
    const { id, reference } = await ask()
    meta.pays(ana, reference, { id: 'tx_5', status: 'success' })
    world.clock.advance(2 * 60_000)
    await sweep()
    assert.equal((await read(id)).status, 'succeeded')
  })

  test('a hold ends only after a look-up', async () => {
    const { id, reference } = await ask()
    await tell(meta.pays(ana, reference, { id: 'tx_6', status: 'pending' }))
    world.clock.advance(16 * 60_000)
    meta.faults.push(graphError(2, 'down'), graphError(2, 'down'), graphError(2, 'down'))
    await sweep()
    assert.equal((await read(id)).status, 'processing', 'nobody knows')
    meta.faults.length = 0
    meta.attempts.set(reference, [])
    world.clock.advance(2 * 60_000)
    await sweep()
    assert.equal((await read(id)).status, 'requires_payment_method')
  })

  test('another amount at the platform is a conflict', async () => {
    const { id, reference } = await ask()
    meta.order(reference).total_amount.value = 20999
    await tell(meta.pays(ana, reference, { id: 'tx_7', status: 'success' }))
    const { body } = await world.request().get(`/v1/payment_intents/${id}/explain`)
    assert.match(String(body.conflict), /20999/)
  })

  test('refunds: asked for in strings, in parts, done when the platform says so', async () => {
    const { id, reference } = await ask()
    await tell(meta.pays(ana, reference, { id: 'tx_8', status: 'success' }))
    const { body } = await world.request('merchant').post('/v1/refunds').send({ payment_intent: id, amount: 5000 })
    await world.settle()
    assert.deepEqual(meta.refunds.at(-1)?.amount, { currency: 'INR', value: '5000', offset: '100' })
    const status = async () => (await world.request('merchant').get(`/v1/refunds/${body.id}`)).body.status
    assert.equal(await status(), 'pending')
    const made = meta.attempts.get(reference)?.[0]?.refunds[0]
    assert.ok(made)
    made.status = 'success'
    world.clock.advance(6 * 60_000)
    await sweep()
    assert.equal(await status(), 'succeeded')
    assert.equal((await read(id)).amount_refunded, 5000)
    await world.verifyInvariants()
  })

  test('a refund of unknown outcome is looked up and never sent twice', async () => {
    const { id, reference } = await ask()
    await tell(meta.pays(ana, reference, { id: 'tx_9', status: 'success' }))
    const before = meta.refunds.length
    meta.faults.push('lost')
    const { body } = await world.request('merchant').post('/v1/refunds').send({ payment_intent: id, amount: 700 })
    await world.settle({ throughTime: true })
    assert.equal(meta.refunds.length, before + 1)
    const { body: seen } = await world.request('merchant').get(`/v1/refunds/${body.id}`)
    assert.match(String(seen.provider_id), /^rf_/)
  })
})
