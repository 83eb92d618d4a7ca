import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openVeto, say, type VetoEndpoint } from '../checkout/veto-endpoint.ts'
import { deliver } from '../support/fake-server.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

const minute = 60_000

let shop: NativeShop
before(async () => {
  shop = await openNativeShop()
})
after(() => shop[Symbol.asyncDispose]())

const ana = () => shop.telegram.person(9)
const press = (invoice: Parameters<ReturnType<typeof ana>['presses']>[1], more = {}, person = ana()) =>
  person.presses(shop.url, invoice, more)
const confirm = (id: string) =>
  shop.world.request().post(`/v1/payment_intents/${id}/confirm`).send({ payment_method: 'pm_card_visa' })

describe('a payment inside Telegram', () => {
  for (const [currency, amount] of [
    ['eur', 1234],
    ['jpy', 1234],
    ['kwd', 1234],
    ['brl', 1234],
    ['xtr', 12],
  ] as const)
    test(`is held, charged and booked once: ${amount} ${currency}`, async () => {
      const { id, invoice } = await shop.ask({ amount, currency })
      const { answer, paid, chargeId } = await press(invoice)
      assert.equal(answer?.ok, true, JSON.stringify(answer))
      assert.equal((await shop.read(id)).status, 'processing')
      assert.ok(paid)
      await shop.tell(paid)
      const intent = await shop.read(id)
      assert.deepEqual(
        [intent.status, intent.amount_received, intent.latest_charge?.provider, intent.latest_charge?.provider_id],
        ['succeeded', amount, 'telegram', chargeId],
      )
      assert.equal(await shop.captures(id), 1)
    })

  test('the same news often, at once and after newer news, change nothing', async () => {
    const { id, invoice } = await shop.ask()
    const { chargeId, paid } = await press(invoice)
    assert.ok(paid)
    const again = Array.from({ length: 5 }, () => ana().pays(invoice, chargeId))
    await shop.tell(paid, paid, ...again)
    await shop.tell(paid, ana().pays(invoice, chargeId))
    const intent = await shop.read(id)
    assert.deepEqual([intent.status, intent.amount_received, intent.conflict], ['succeeded', 4200, null])
    assert.equal(await shop.captures(id), 1)
  })

  test('of ten who press at once one gets a yes', async () => {
    const { id, invoice } = await shop.ask()
    const { body: open } = await shop.world
      .request()
      .post('/v1/payment_intents')
      .send({ amount: 4200, currency: 'eur' })
    const shared = { ...invoice, payload: open.id }
    const people = Array.from({ length: 10 }, (_, index) => shop.telegram.person(100 + index))
    const pressed = await Promise.all(people.map((person) => press(shared, {}, person)))
    assert.equal(pressed.filter(({ answer }) => answer?.ok === true).length, 1)
    assert.equal(await shop.nativeState(open.id), 'held')
    assert.equal(await shop.nativeState(id), undefined)
  })

  test('a second card of the same payer gets a yes again', async () => {
    const { invoice } = await shop.ask()
    assert.equal((await press(invoice)).answer?.ok, true)
    assert.equal((await press(invoice)).answer?.ok, true)
  })

  test('an order that is not known here is refused, and its money left alone', async () => {
    const { invoice } = await shop.ask()
    const foreign = { ...invoice, payload: 'another system’s order' }
    assert.equal((await press(foreign)).answer?.ok, false)
    await shop.tell(ana().pays(foreign, 'tg_foreign'))
    const { body } = await shop.world.request('merchant').get('/v1/channel_updates?limit=1')
    assert.deepEqual([body.data[0].state, body.data[0].kind], ['ignored', 'payment'])
  })
})

describe('what is refused before the charge', () => {
  const refused = async (invoice: Parameters<typeof press>[0], words: RegExp, more = {}, person = ana()) => {
    const { answer } = await press(invoice, more, person)
    assert.equal(answer?.ok, false)
    assert.match(String(answer?.error_message), words)
  }

  test('another amount, another currency, another payer', async () => {
    const { id, invoice } = await shop.ask()
    await refused(invoice, /amount has changed/, { total: 4201 })
    await refused({ ...invoice, currency: 'USD' }, /amount has changed/)
    await refused(invoice, /for somebody else/, {}, shop.telegram.person(10))
    await refused(invoice, /destinada a|outra pessoa/, {}, shop.telegram.person(10, { language_code: 'pt-br' }))
    assert.equal((await shop.read(id)).status, 'requires_payment_method')
  })

  test('one that is paid, canceled or expired', async () => {
    const paid = await shop.ask()
    await confirm(paid.id).expect(200)
    await refused(paid.invoice, /paid already/)
    const canceled = await shop.ask()
    await shop.world.request().post(`/v1/payment_intents/${canceled.id}/cancel`).send({}).expect(200)
    await refused(canceled.invoice, /canceled/)
    const expires_at = Math.floor(shop.world.clock.now().getTime() / 1000) + 3600
    const expired = await shop.ask({ expires_at })
    shop.world.clock.advance(61 * minute)
    await refused(expired.invoice, /expired/)
  })

  test('while somebody pays, nobody else can, and nobody cancels', async () => {
    const { id, invoice } = await shop.ask()
    assert.equal((await press(invoice)).answer?.ok, true)
    const { body } = await shop.world.request().post(`/v1/payment_intents/${id}/cancel`).send({})
    assert.ok(body.error, 'the platform may be charging')
    assert.ok((await confirm(id)).body.error)
    assert.equal((await shop.read(id)).status, 'processing')
  })
})

describe('other ways to pay', () => {
  const page = { returnUrl: 'https://shop.example/', cancelUrl: 'https://shop.example/', title: 'Order' }
  const openPage = async ({ id, invoice }: Awaited<ReturnType<NativeShop['ask']>>) => {
    const { native, payments } = shop.world.app.services
    const connection = await shop.world.app.services.connections.openAny(shop.world.shop.uuid, shop.connectionId)
    assert.ok(connection)
    const row = await native.read(connection, invoice.payload)
    assert.ok(row, id)
    await payments.openPage(row, page)
    return async () => (await native.read(connection, invoice.payload))?.page_ref
  }

  test('an open hosted page is left before the platform may charge', async () => {
    const asked = await shop.ask()
    const pageRef = await openPage(asked)
    assert.ok(await pageRef())
    assert.equal((await press(asked.invoice)).answer?.ok, true)
    assert.equal(await pageRef(), null)
    assert.equal((await shop.read(asked.id)).status, 'processing')
  })

  test('a page that cannot be left in time: refused politely, and the page stays', async () => {
    const asked = await shop.ask()
    const pageRef = await openPage(asked)
    await shop.world.sandboxControl('POST', 'faults', { fault: 'error_503', count: 1000 })
    const { answer } = await press(asked.invoice)
    await shop.world.sandboxControl('DELETE', 'faults')
    assert.equal(answer?.ok, false)
    assert.match(String(answer?.error_message), /nothing was charged/)
    assert.ok(await pageRef())
  })

  test('a yes of which nothing is heard ends after a quarter of an hour; the card works then', async () => {
    const { id, invoice } = await shop.ask()
    await press(invoice)
    shop.world.clock.advance(14 * minute)
    await shop.world.startWork().then((work) => work.sweep())
    await shop.world.settle()
    assert.equal((await shop.read(id)).status, 'processing')
    shop.world.clock.advance(2 * minute)
    await shop.world.startWork().then((work) => work.sweep())
    await shop.world.settle()
    assert.deepEqual(
      [(await shop.read(id)).status, await shop.nativeState(id)],
      ['requires_payment_method', 'released'],
    )
    await confirm(id).expect(200)
    assert.equal((await shop.read(id)).status, 'succeeded')
  })

  test('late news after that: booked, unless it was paid another way; then a person decides', async () => {
    const late = await shop.ask()
    const { chargeId } = await press(late.invoice)
    const both = await shop.ask()
    const second = await press(both.invoice)
    shop.world.clock.advance(16 * minute)
    await shop.world.startWork().then((work) => work.sweep())
    await shop.world.settle()
    await shop.tell(ana().pays(late.invoice, chargeId))
    const booked = await shop.read(late.id)
    assert.deepEqual([booked.status, booked.latest_charge?.provider], ['succeeded', 'telegram'])
    await confirm(both.id).expect(200)
    const news = ana().pays(both.invoice, second.chargeId)
    await shop.tell(news)
    await shop.tell(news)
    const kept = await shop.read(both.id)
    assert.match(String(kept.conflict), /second payment/)
    assert.deepEqual(
      [kept.status, kept.latest_charge?.provider, await shop.captures(both.id)],
      ['succeeded', 'stripe', 1],
    )
    assert.equal(await shop.nativeState(both.id), 'conflicted')
  })

  test('a wrong amount and a second charge are kept and never booked', async () => {
    const wrong = await shop.ask()
    await press(wrong.invoice)
    await shop.tell(ana().pays(wrong.invoice, 'tg_wrong', { total: 4199 }))
    const kept = await shop.read(wrong.id)
    assert.match(String(kept.conflict), /4199/)
    assert.deepEqual([kept.amount_received, await shop.captures(wrong.id)], [0, 0])
    const twice = await shop.ask()
    const { paid } = await press(twice.invoice)
    assert.ok(paid)
    await shop.tell(paid)
    await shop.tell(ana().pays(twice.invoice, 'tg_second'))
    const intent = await shop.read(twice.id)
    assert.match(String(intent.conflict), /second payment tg_second/)
    assert.deepEqual([intent.amount_received, await shop.captures(twice.id)], [4200, 1])
  })

  test('money for a canceled payment is a conflict', async () => {
    const { id, invoice } = await shop.ask()
    await shop.world.request().post(`/v1/payment_intents/${id}/cancel`).send({}).expect(200)
    await shop.tell(ana().pays(invoice, 'tg_canceled'))
    const intent = await shop.read(id)
    assert.match(String(intent.conflict), /canceled/)
    assert.equal(await shop.captures(id), 0)
  })
})

describe('the merchant is asked', () => {
  let veto: VetoEndpoint
  before(async () => {
    veto = await openVeto(shop.world, shop.world.shop, 'allow')
  })
  after(() => veto[Symbol.asyncDispose]())

  test('its no is the answer, in its words', async () => {
    const { id, invoice } = await shop.ask()
    veto.answer = say({ approved: false, message: 'Sold out just now' })
    const { answer } = await press(invoice)
    assert.deepEqual([answer?.ok, answer?.error_message], [false, 'Sold out just now'])
    assert.equal((await shop.read(id)).status, 'requires_payment_method')
    veto.answer = say({ approved: true })
    assert.equal((await press(invoice)).answer?.ok, true)
  })

  test('when it hangs, Telegram has its answer in time all the same', async () => {
    const { invoice } = await shop.ask()
    veto.answer = () => undefined
    const startedAt = performance.now()
    const { answer } = await press(invoice)
    assert.ok(performance.now() - startedAt < 8000)
    assert.equal(answer?.ok, true, 'its default is to allow')
    veto.answer = say({ approved: true })
  })
})

describe('the database hangs', () => {
  test('the payer reads a sentence, nobody a 500, and nothing is held', async () => {
    const { id, invoice } = await shop.ask()
    const pool = shop.world.app.db.pool
    const client = await pool.connect()
    await client.query("select set_config('parley.merchants', $1, false)", [shop.world.shop.uuid])
    await client.query('begin')
    await client.query(`select 1 from payment_intents where status = 'requires_payment_method' for update`)
    const startedAt = performance.now()
    const asked = ana().asks(invoice, { id: 'slow' })
    const answer = await deliver(shop.url, asked)
    assert.equal(answer.status, 200)
    assert.ok(performance.now() - startedAt < 8000)
    assert.equal(shop.telegram.answers.get('slow')?.ok, false)
    assert.match(String(shop.telegram.answers.get('slow')?.error_message), /nothing was charged/)
    await client.query('rollback')
    await client.query('reset parley.merchants')
    client.release()
    await shop.world.settle()
    assert.equal((await shop.read(id)).status, 'requires_payment_method')
  })
})
