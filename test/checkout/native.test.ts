import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CheckoutView } from '#checkout/schemas.ts'
import { newUuid } from '#kernel/ids.ts'
import { createWorld, type World } from '../support/world.ts'
import { type Desk, openDesk, tulips } from './checkout-desk.ts'

let world: World
let desk: Desk
before(async () => {
  world = await createWorld()
  desk = openDesk(world)
})
after(() => world[Symbol.asyncDispose]())

const paris = { line1: '1 rue X', city: 'Paris', postalCode: '75001', country: 'FR' }
const order = {
  locale: 'fr',
  tax_behavior: 'exclusive',
  line_items: [{ ...tulips, tax_rate: '20' }],
  requires: { shipping: true },
  shipping_options: [
    { id: 'bike', title: 'À vélo', amount: 705, countries: ['FR'], tax_rate: '20' },
    { id: 'post', title: 'Poste', amount: 1200, countries: ['FR', 'DE'] },
  ],
  tip: { max: 1000 },
}
const checkouts = () => world.app.services.checkouts
const quote = (made: CheckoutView, address: typeof paris) =>
  checkouts().quoteShipping(world.shop.uuid, desk.intentOf(made), address)
const choose = (made: CheckoutView, choice: Parameters<ReturnType<typeof checkouts>['choose']>[2]) =>
  checkouts().choose(world.shop.uuid, desk.intentOf(made), choice)

describe('what a chat platform asks before it charges', () => {
  test('shipping: the options that go there, tax included, in the buyer’s language', async () => {
    const made = await desk.create(order)
    assert.deepEqual(await quote(made, paris), [
      {
        id: 'bike',
        title: 'À vélo',
        prices: [
          { label: 'À vélo', amount: 705n },
          { label: 'TVA', amount: 141n },
        ],
      },
      { id: 'post', title: 'Poste', prices: [{ label: 'Poste', amount: 1200n }] },
    ])
    assert.equal((await quote(made, { ...paris, country: 'DE' })).length, 1)
    assert.equal(await quote(made, { ...paris, country: 'US' }), 'Nous ne livrons pas à cette adresse.')
    assert.equal(
      typeof (await checkouts().quoteShipping(world.shop.uuid, newUuid(), paris)),
      'string',
      'a payment without a checkout ships nothing',
    )
    assert.deepEqual(await desk.read(made.id), made, 'asking changes nothing')
  })

  test('the total with what the payer chose is ours, tip included, and is adopted', async () => {
    const made = await desk.create(order)
    const choice = { shippingOption: 'bike', address: paris, buyer: { name: 'Ada', email: 'ada@example.com' } }
    assert.deepEqual(await choose(made, { ...choice, total: 3600n + 846n + 250n }), { ok: true })
    const after = await desk.read(made.id)
    assert.deepEqual(
      [after.status, after.amount_total, after.tip.amount, after.shipping_option, after.buyer.name],
      ['ready', 4696, 250, 'bike', 'Ada'],
    )
    const { body: intent } = await world.request().get(`/v1/payment_intents/${made.payment_intent}`)
    assert.deepEqual([intent.amount, intent.shipping.address.city], [4696, 'Paris'])
    assert.deepEqual(await choose(made, { ...choice, total: 4696n }), { ok: true }, 'the same again')
  })

  const wrong: [string, object][] = [
    ['one cent less', { shippingOption: 'bike', address: paris, total: 4445n }],
    ['more than the largest tip', { shippingOption: 'bike', address: paris, total: 5447n }],
    ['an unknown option', { shippingOption: 'x', address: paris, total: 4446n }],
    [
      'an option that does not go there',
      { shippingOption: 'bike', address: { ...paris, country: 'DE' }, total: 4446n },
    ],
  ]
  for (const [what, choice] of wrong) {
    test(`${what}: refused in words, nothing changed`, async () => {
      const made = await desk.create(order)
      const answer = await choose(made, choice as never)
      assert.equal(answer.ok, false)
      assert.ok(!answer.ok && answer.message.length > 5)
      assert.deepEqual(await desk.read(made.id), made)
    })
  }

  test('an order that is closed is not chosen for', async () => {
    const made = await desk.create(order)
    await desk.post(`/v1/checkouts/${made.id}/cancel`).expect(200)
    assert.equal((await choose(made, { total: 3600n })).ok, false)
    assert.equal(typeof (await quote(made, paris)), 'string')
  })
})
