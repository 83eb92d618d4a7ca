import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type Stripe from 'stripe'
import { newUuid } from '#kernel/ids.ts'
import { locales, texts } from '#pages/texts/texts.ts'
import { openVeto, say } from '../checkout/veto-endpoint.ts'
import { refused } from '../support/stripe-client.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: Stripe
before(async () => {
  world = await createWorld()
  stripe = world.stripe()
})
after(() => world[Symbol.asyncDispose]())

type Intent = Stripe.PaymentIntent & { checkout_url: string }

const create = async (params: object): Promise<Intent> =>
  (await stripe.paymentIntents.create({ amount: 4200, currency: 'eur', ...params })) as unknown as Intent
const read = (id: string) => stripe.paymentIntents.retrieve(id)
const look = async (url: string, locale = 'en') => (await fetch(url, { headers: { 'accept-language': locale } })).text()
const submit = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' })
const leadsTo = (answer: Response): string => answer.headers.get('location') ?? ''
const card = (number: string) => ({ method: 'card', card_number: number, exp: '12 / 34', cvc: '123', name: 'Léa' })
const answerBank = (url: string, answer: string) => submit(url, { answer })

const methodsOf = async (customer: string) => (await stripe.paymentMethods.list({ customer })).data

/** What the provider was told of later payments, for the card of a customer's payment. */
const usagesAtProvider = async (intent: Intent): Promise<(string | null)[]> => {
  const query = encodeURIComponent(`metadata['parley_payment_intent']:'${intent.id}'`)
  const answer = await fetch(`${world.sandbox.url}/v1/payment_intents/search?query=${query}`, {
    headers: { authorization: 'Bearer sk_test_world' },
  })
  return ((await answer.json()) as { data: Stripe.PaymentIntent[] }).data.map((one) => one.setup_future_usage)
}

/** A customer who has ticked the box when they first paid, unless the shop's terms keep the card anyway. */
const regular = async (number = '4242424242424242', terms: object = {}) => {
  const customer = (await stripe.customers.create({})).id
  const intent = await create({ customer, ...terms })
  const page = leadsTo(await submit(intent.checkout_url, { total: '4200', keep: '1' }))
  const paid = leadsTo(await submit(page, card(number)))
  if (paid.includes('/3ds/')) await answerBank(new URL(paid, page).href, 'approve')
  await world.settle()
  const [method] = await methodsOf(customer)
  assert.ok(method)
  return { customer, method: method.id, intent }
}

interface Book {
  payment_intents: { charges: number }[]
}
const charging = async (work: () => Promise<unknown>): Promise<number> => {
  const count = async () =>
    (await world.sandboxControl<Book>('GET', 'book')).payment_intents.reduce((sum, one) => sum + one.charges, 0)
  const before = await count()
  await work()
  await world.settle()
  return (await count()) - before
}

describe('the box that keeps a card', () => {
  test('is there for a customer, in every language, and never ticked', async () => {
    const customer = (await stripe.customers.create({})).id
    const { checkout_url } = await create({ customer })
    for (const locale of locales) {
      const page = await look(`${checkout_url}?lang=${locale}`)
      const [box] = /<input type="checkbox" name="keep"[^>]*>/.exec(page) ?? []
      assert.ok(box, locale)
      assert.doesNotMatch(box, /checked/)
      assert.ok(page.includes(texts[locale].kept.save.split('{')[0] ?? '?'), locale)
    }
    assert.doesNotMatch(await look((await create({})).checkout_url), /name="keep"/, 'nobody to keep it for')
  })

  test('keeps it, with what the payer agreed to', async () => {
    const { method, intent } = await regular()
    const { body } = await world.request().get(`/v1/payment_methods/${method}`)
    const { text, locale, source, at } = body.consent
    assert.match(text, /^Save my card for next time at \S/)
    assert.deepEqual([locale, source, typeof at, body.usage], ['en', 'page', 'number', 'on_session'])
    assert.equal((await read(intent.id)).payment_method, method)
    assert.deepEqual(await usagesAtProvider(intent), ['on_session'], 'the provider is told what the payer was')
    const { intent: wider } = await regular('4242424242424242', { setup_future_usage: 'off_session' })
    assert.deepEqual(await usagesAtProvider(wider), ['off_session'])
  })

  test('agrees to payments that the payer makes, and not to charges without them', async () => {
    const { customer, method } = await regular()
    const order = { amount: 500, currency: 'eur', customer, payment_method: method, confirm: true }
    const charges = await charging(async () => {
      const error = await refused(stripe.paymentIntents.create({ ...order, off_session: true }))
      assert.equal(error.code, 'payment_intent_incompatible_payment_method')
      assert.match(error.message, /usage on_session/)
    })
    assert.equal(charges, 0)
    assert.equal((await stripe.paymentIntents.create(order)).status, 'succeeded')
  })

  test('not ticked: nothing is kept', async () => {
    const customer = (await stripe.customers.create({})).id
    const intent = await create({ customer })
    await submit(leadsTo(await submit(intent.checkout_url, {})), card('4242424242424242'))
    await world.settle()
    assert.equal((await read(intent.id)).status, 'succeeded')
    assert.deepEqual(await methodsOf(customer), [])
  })

  test('counts as it stood last: whoever changes their mind gets another page', async () => {
    const customer = (await stripe.customers.create({})).id
    const intent = await create({ customer })
    const keeping = leadsTo(await submit(intent.checkout_url, { keep: '1' }))
    assert.equal(leadsTo(await submit(intent.checkout_url, { keep: '1' })), keeping)
    const plain = leadsTo(await submit(intent.checkout_url, {}))
    assert.notEqual(plain, keeping)
    assert.equal((await submit(keeping, card('4242424242424242'))).status, 410, 'the first page is closed')
    await submit(plain, card('4242424242424242'))
    await world.settle()
    assert.equal((await read(intent.id)).status, 'succeeded')
    assert.deepEqual(await methodsOf(customer), [])
  })

  test('gives way to words where the shop keeps the card', async () => {
    const customer = (await stripe.customers.create({})).id
    const { id, checkout_url } = await create({ customer, setup_future_usage: 'off_session' })
    const page = await look(checkout_url)
    assert.doesNotMatch(page, /name="keep"/)
    assert.match(page, /keeps this card for your next payments/)
    await submit(leadsTo(await submit(checkout_url, {})), card('4242424242424242'))
    await world.settle()
    assert.equal((await read(id)).status, 'succeeded')
    assert.equal((await methodsOf(customer)).length, 1)
  })
})

describe('one tap', () => {
  test('pays with the card that is kept, and says so before', async () => {
    const { customer, method } = await regular()
    const thread = await world.request().post('/v1/threads').send({ channel: 'webchat', external_id: newUuid() })
    const intent = await create({ customer, thread: thread.body.id, amount: 1234 })
    const page = (await look(intent.checkout_url)).replaceAll(/<\/?bdi>/g, '')
    assert.match(page, /Pay €12\.34 with Visa ···· 4242/)
    assert.ok(page.indexOf('Visa ···· 4242') < page.indexOf('Pay another way'))
    const charges = await charging(async () => {
      const answer = await submit(intent.checkout_url, { total: '1234', kept: method })
      assert.equal(answer.status, 303)
      assert.match(await look(new URL(leadsTo(answer), intent.checkout_url).href), /data-state="paid"/)
    })
    assert.equal(charges, 1)
    const messages = await world.request().get(`/v1/threads/${thread.body.id}/messages`)
    assert.equal(messages.body.data[0]?.kind, 'receipt')
    await world.verifyInvariants()
  })

  test('twice, at once and again, charges once', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    const tap = () => submit(intent.checkout_url, { total: '4200', kept: method })
    const charges = await charging(async () => {
      const answers = await Promise.all([tap(), tap(), tap()])
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]))
      await tap()
    })
    assert.equal(charges, 1)
    assert.equal((await read(intent.id)).status, 'succeeded')
  })

  test('whose answer is lost charges once, and the page waits', async () => {
    for (const [fault, count] of [
      ['lost_answer', 2],
      ['error_after', 1],
    ] as const) {
      const { customer, method } = await regular()
      const intent = await create({ customer })
      const match = { method: 'POST', path: '/v1/payment_intents' }
      const charges = await charging(async () => {
        await world.sandboxControl('POST', 'faults', { fault, count, match })
        const tap = () => submit(intent.checkout_url, { total: '4200', kept: method })
        assert.deepEqual([(await tap()).status, (await tap()).status], [303, 303])
      })
      assert.equal(charges, 1, fault)
      assert.equal((await read(intent.id)).status, 'succeeded')
    }
  })

  test('whose process dies before it called charges once, later', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    const match = { method: 'POST', path: '/v1/payment_intents' }
    await world.sandboxControl('POST', 'faults', { fault: 'error_503', count: 1, match })
    const charges = await charging(async () => {
      const answer = await submit(intent.checkout_url, { total: '4200', kept: method })
      assert.equal(answer.status, 303)
      await world.advance(60_000)
      await (await world.startWork()).sweep()
    })
    assert.equal(charges, 1)
    assert.equal((await read(intent.id)).status, 'succeeded')
  })

  test('on an amount that has changed charges nothing and tells the new one', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    await stripe.paymentIntents.update(intent.id, { amount: 9900 })
    const charges = await charging(async () => {
      const answer = await submit(intent.checkout_url, { total: '4200', kept: method })
      assert.match(leadsTo(answer), /changed=1/)
      assert.match(await look(new URL(leadsTo(answer), intent.checkout_url).href), /€99\.00/)
    })
    assert.equal(charges, 0)
  })

  test('asks the bank first when that wants to be asked', async () => {
    const { customer, method } = await regular('4000002760003184')
    const intent = await create({ customer })
    const bank = leadsTo(await submit(intent.checkout_url, { total: '4200', kept: method }))
    assert.ok(bank.startsWith(`${world.sandbox.url}/3ds/`), bank)
    assert.match(await look(intent.checkout_url), /data-state="confirm"/)
    const back = leadsTo(await answerBank(bank, 'approve'))
    assert.ok(back.startsWith(intent.checkout_url), back)
    await world.settle()
    assert.match(await look(back), /data-state="paid"/)
  })

  test('comes first again where a charge without the payer needed them', async () => {
    const { customer, method } = await regular('4000002760003184', { setup_future_usage: 'off_session' })
    const body = { amount: 4200, currency: 'eur', customer, payment_method: method, confirm: true, off_session: true }
    const declined = await world.request().post('/v1/payment_intents').send(body)
    assert.equal(declined.status, 402)
    assert.equal(declined.body.error.decline_code, 'authentication_required')
    const intent: Intent = declined.body.error.payment_intent
    const page = (await look(intent.checkout_url)).replaceAll(/<\/?bdi>/g, '')
    assert.match(page, /data-state="declined"/)
    assert.match(page, /class="button" name="kept"/)
    const bank = leadsTo(await submit(intent.checkout_url, { total: '4200', kept: method }))
    assert.match(bank, /\/3ds\//)
  })

  test('that is declined leaves the other way open', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa_chargeDeclined' }).catch(() => {})
    const page = await look(intent.checkout_url)
    assert.match(page, /data-state="declined"/)
    assert.ok(page.indexOf('Try another card') < page.indexOf(method), 'the other card first')
    await submit(leadsTo(await submit(intent.checkout_url, { total: '4200' })), card('4242424242424242'))
    await world.settle()
    assert.equal((await read(intent.id)).status, 'succeeded')
    await world.verifyInvariants()
  })

  test('is for the customer alone: not with a foreign card, not from another site', async () => {
    const { customer } = await regular()
    const other = await regular()
    const intent = await create({ customer })
    const charges = await charging(async () => {
      await submit(intent.checkout_url, { total: '4200', kept: other.method })
      await submit(intent.checkout_url, { total: '4200', remove: other.method })
      const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      assert.equal((await submit(intent.checkout_url, { total: '4200', kept: other.method }, foreign)).status, 403)
    })
    assert.equal(charges, 0)
    assert.equal((await methodsOf(other.customer)).length, 1, 'nor can it be removed')
  })

  test('is not offered where several people open one link', async () => {
    const { customer, method } = await regular()
    const participants = ['ann', 'ben'].map((external_id) => ({ external_id, role: 'payer' }))
    const group = { channel: 'webchat', external_id: newUuid(), participants }
    const thread = await world.request().post('/v1/threads').send(group)
    const { checkout_url } = await create({ customer, thread: thread.body.id })
    assert.doesNotMatch(await look(checkout_url), /name="(kept|keep|remove)"/)
    assert.equal(await charging(() => submit(checkout_url, { total: '4200', kept: method })), 0)
  })

  test('pays an order, too, at the total that the button said', async () => {
    const { customer, method } = await regular()
    const body = {
      currency: 'eur',
      customer,
      line_items: [{ name: 'Rose', quantity: 2, unit_amount: 400 }],
    }
    const order = await world.request().post('/v1/checkouts').send(body)
    assert.equal(order.status, 200, JSON.stringify(order.body))
    const url = order.body.checkout_url
    assert.match((await look(url)).replaceAll(/<\/?bdi>/g, ''), /Pay €8\.00 with Visa ···· 4242/)
    const charges = await charging(async () => {
      const stale = await submit(url, { total: '700', kept: method })
      assert.match(leadsTo(stale), /changed=1/)
      const paid = await submit(url, { total: '800', kept: method })
      assert.match(await look(new URL(leadsTo(paid), url).href), /data-state="paid"/)
    })
    assert.equal(charges, 1)
  })
})

describe('the card that is kept', () => {
  test('is removed from an order without losing what was typed', async () => {
    const { customer, method } = await regular()
    const line_items = [{ name: 'Rose', quantity: 1, unit_amount: 400 }]
    const body = { currency: 'eur', customer, line_items, requires: { email: true } }
    const { checkout_url: url, id } = (await world.request().post('/v1/checkouts').send(body)).body
    await submit(url, { total: '400', email: 'zoe@example.com', remove: method })
    assert.deepEqual(await methodsOf(customer), [])
    assert.equal((await world.request().get(`/v1/checkouts/${id}`)).body.buyer.email, 'zoe@example.com')
  })

  test('is removed by the payer, at once', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    assert.match((await look(intent.checkout_url)).replaceAll(/<\/?bdi>/g, ''), /Remove Visa ···· 4242/)
    const answer = await submit(intent.checkout_url, { total: '4200', remove: method })
    assert.equal(answer.status, 303)
    assert.doesNotMatch(await look(intent.checkout_url), /name="(kept|remove)"/)
    const charges = await charging(() => submit(intent.checkout_url, { total: '4200', kept: method }))
    assert.equal(charges, 0)
    assert.deepEqual(await methodsOf(customer), [])
  })

  test('is shown once, however often the payer kept it', async () => {
    const { customer } = await regular()
    const again = await create({ customer })
    await submit(leadsTo(await submit(again.checkout_url, { keep: '1' })), card('4242424242424242'))
    await world.settle()
    assert.equal((await methodsOf(customer)).length, 2)
    const page = await look((await create({ customer })).checkout_url)
    assert.equal([...page.matchAll(/name="kept"/g)].length, 1)
  })
})

describe('the shop', () => {
  test('may still say no, and nothing is charged', async () => {
    const { customer, method } = await regular()
    const intent = await create({ customer })
    await using veto = await openVeto(world, world.shop)
    veto.answer = say({ approved: false, message: 'Sold out just now' })
    const charges = await charging(async () => {
      const answer = await submit(intent.checkout_url, { total: '4200', kept: method })
      assert.equal(answer.status, 409)
      assert.match(await answer.text(), /Sold out just now/)
    })
    assert.deepEqual([charges, veto.asked.length], [0, 1])
  })
})
