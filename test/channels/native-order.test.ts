import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { showId } from '#kernel/ids.ts'
import { openDesk, tulips } from '../checkout/checkout-desk.ts'
import { deliver } from '../support/fake-server.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

let shop: NativeShop
before(async () => {
  shop = await openNativeShop()
})
after(() => shop[Symbol.asyncDispose]())

const address = {
  country_code: 'FR',
  state: '',
  city: 'Paris',
  street_line1: '1 rue X',
  street_line2: '',
  post_code: '75001',
}
const order = {
  line_items: [tulips],
  requires: { shipping: true },
  shipping_options: [
    { id: 'bike', title: 'By bike', amount: 705, countries: ['FR'] },
    { id: 'post', title: 'Post', amount: 1200, countries: ['FR', 'DE'] },
  ],
  tip: { max: 1000 },
}

describe('an order that is finished inside Telegram', () => {
  test('shipping is asked for, the choice and a tip are adopted, and the total is paid', async () => {
    const desk = openDesk(shop.world)
    const made = await desk.create(order)
    const payload = showId('paymentIntent', desk.intentOf(made))
    const { amount, currency } = await shop.read(payload).then((one) => ({ amount: one.amount, currency: 'EUR' }))
    const invoice = {
      chat_id: 9,
      title: 'T',
      description: 'D',
      payload,
      currency,
      prices: [{ label: 'Order', amount }],
    }
    const ana = shop.telegram.person(9)
    await deliver(shop.url, ana.asksForShipping(invoice, address, 's1'))
    const answer = shop.telegram.answers.get('s1') as {
      ok: boolean
      shipping_options: { id: string; prices: { amount: number }[] }[]
    }
    assert.deepEqual([answer.ok, answer.shipping_options.map(({ id }) => id)], [true, ['bike', 'post']])
    await deliver(shop.url, ana.asksForShipping(invoice, { ...address, country_code: 'US' }, 's2'))
    assert.equal(shop.telegram.answers.get('s2')?.ok, false)

    const more = { shipping_option_id: 'bike', order_info: { name: 'Ana', shipping_address: address } }
    const wrong = await ana.presses(shop.url, invoice, { ...more, total: amount + 704 })
    assert.equal(wrong.answer?.ok, false)
    const { answer: yes, paid } = await ana.presses(shop.url, invoice, { ...more, total: amount + 705 + 300 })
    assert.equal(yes?.ok, true, JSON.stringify(yes))
    assert.ok(paid)
    await shop.tell(paid)
    const intent = await shop.read(payload)
    assert.deepEqual([intent.status, intent.amount_received], ['succeeded', amount + 1005])
    assert.equal((await desk.read(made.id)).status, 'completed')
    await shop.world.verifyInvariants()
  })
})
