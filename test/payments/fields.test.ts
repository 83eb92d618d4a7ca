import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'

const good = '4242 4242 4242 4242'
const declined = '4000 0000 0000 0002'
const bank = '4000 0000 0000 3220'

interface Payment {
  id: string
  status: string
  checkout_url: string
}

describe('paying in the provider’s fields on our page', () => {
  let world: World
  before(async () => {
    world = await createWorld()
    await choose('element')
  })
  after(() => world[Symbol.asyncDispose]())

  const choose = (hosted_page: string) =>
    world
      .request('merchant')
      .post('/v1/account')
      .send({ settings: { checkout: { hosted_page } } })
      .expect(200)
  const ask = async (more: object = {}): Promise<Payment> =>
    (
      await world
        .request()
        .post('/v1/payment_intents')
        .send({ amount: 4200, currency: 'eur', ...more })
        .expect(200)
    ).body
  const read = async ({ id }: Payment) => (await world.request().get(`/v1/payment_intents/${id}`).expect(200)).body
  const tap = async ({ checkout_url }: Payment, fields: Record<string, string> = {}): Promise<string> => {
    const answer = await fetch(checkout_url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
    return answer.headers.get('location') ?? assert.fail(`${answer.status}`)
  }
  const look = async ({ checkout_url }: Payment, query = '') => {
    const answer = await fetch(`${checkout_url}${query}`, { redirect: 'manual' })
    const text = await answer.text()
    return { text, to: answer.headers.get('location'), state: /data-state="(\w+)"/.exec(text)?.[1] }
  }
  const secretOf = async (payment: Payment): Promise<string> => {
    const { text } = await look(payment, '?hand=1')
    return /data-secret="([^"]+)"/.exec(text)?.[1] ?? assert.fail(text)
  }
  /** What the frame does when the script of the page tells it to. */
  const confirm = async (secret: string, card: string, back: string) => {
    const body = new URLSearchParams({ client_secret: secret, card, return_url: back })
    const answer = await fetch(`${world.sandbox.url}/_sandbox/element`, { method: 'POST', body })
    return (await answer.json()) as { url?: string; error?: { code: string; message: string } }
  }
  const open = async (more: object = {}) => {
    const payment = await ask(more)
    assert.match(await tap(payment), /\?hand=1$/)
    const secret = await secretOf(payment)
    return { payment, secret, pay: (card = good) => confirm(secret, card, `${payment.checkout_url}?returned=1`) }
  }
  const atProvider = async ({ id }: Payment): Promise<{ status: string }[]> => {
    const headers = { authorization: 'Bearer sk_test_world' }
    const answer = await fetch(`${world.sandbox.url}/v1/payment_intents?limit=100`, { headers })
    const { data } = (await answer.json()) as { data: { status: string; metadata: Record<string, string> }[] }
    return data.filter(({ metadata }) => metadata.parley_payment_intent === id)
  }
  const fault = (name: string, path: string) =>
    world.sandboxControl('POST', 'faults', { fault: name, count: 2, match: { method: 'POST', path } })

  test('charges once, though it is opened three times and confirmed twice, and keeps no secret', async () => {
    const payment = await ask()
    for (const place of await Promise.all([tap(payment), tap(payment), tap(payment)]))
      assert.match(place, /\?(hand|working)=1$/)
    assert.match(await tap(payment), /\?hand=1$/)
    const secret = await secretOf(payment)
    assert.equal(await secretOf(payment), secret)
    const back = `${payment.checkout_url}?returned=1`
    const answers = await Promise.all([confirm(secret, good, back), confirm(secret, good, back)])
    assert.deepEqual(answers.map(({ error }) => error?.code ?? 'ok').sort(), ['ok', 'payment_intent_unexpected_state'])
    assert.equal((await look(payment, '?returned=1')).state, 'paid')
    assert.match((await look(payment, '?hand=1')).to ?? '', /^\/receipts\//)
    await world.settle()
    assert.deepEqual(
      (await atProvider(payment)).map(({ status }) => status),
      ['succeeded'],
    )
    const { body: charges } = await world.request().get(`/v1/charges?payment_intent=${payment.id}`).expect(200)
    assert.equal(charges.data.length, 1)
    const { body: events } = await world.request().get('/v1/events?limit=100').expect(200)
    assert.ok(!JSON.stringify([await read(payment), charges, events]).includes(secret))
    const rows = await world.app.db.maintenance.selectFrom('payment_intents').selectAll().execute()
    const operations = await world.app.db.maintenance.selectFrom('operations').selectAll().execute()
    const kept = JSON.stringify([rows, operations], (_, value) => (typeof value === 'bigint' ? `${value}` : value))
    assert.ok(kept.includes('"fields"') && !kept.includes('_secret_'))
    await world.verifyInvariants()
  })

  test('shows a decline, takes another card, and goes by way of the bank', async () => {
    const { payment, secret, pay } = await open()
    assert.match((await pay(declined)).error?.message ?? '', /declined/)
    assert.equal((await look(payment, '?returned=1')).state, 'declined')
    assert.match(await tap(payment), /\?hand=1$/)
    assert.equal(await secretOf(payment), secret, 'the same fields take another card')
    const { url = '' } = await pay(bank)
    assert.equal((await look(payment, '?returned=1')).state, 'confirm')
    const body = new URLSearchParams({ answer: 'approve' })
    const back = (await fetch(url, { method: 'POST', body, redirect: 'manual' })).headers.get('location') ?? ''
    assert.ok(back.startsWith(`${payment.checkout_url}?returned=1&`))
    assert.match(await (await fetch(back)).text(), /data-state="paid"/)
    await world.settle()
    assert.equal((await atProvider(payment)).length, 1)
  })

  test('the provider’s page instead closes the fields first, and the reverse', async () => {
    const { payment, pay } = await open()
    assert.match(await tap(payment, { again: 'elsewhere' }), /\/c\/pay\//)
    assert.equal((await pay()).error?.code, 'payment_intent_unexpected_state')
    const session = await tap(payment, { again: 'elsewhere' })
    assert.match(await tap(payment), /\?hand=1$/)
    assert.equal((await fetch(session)).status, 410)
    assert.equal((await confirm(await secretOf(payment), good, payment.checkout_url)).error, undefined)
    await world.settle()
    assert.equal((await read(payment)).status, 'succeeded')
    assert.deepEqual((await atProvider(payment)).map(({ status }) => status).sort(), ['canceled', 'succeeded'])
  })

  test('a hold that nobody has heard of yet is found, not given back', async () => {
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 3 })
    const { payment, pay } = await open({ capture_method: 'manual' })
    assert.deepEqual(await pay(), {})
    await tap(payment, { again: 'elsewhere' })
    assert.equal((await look(payment)).state, 'authorised')
    assert.deepEqual(
      (await atProvider(payment)).map(({ status }) => status),
      ['requires_capture'],
    )
    await world.sandboxControl('DELETE', 'faults')
  })

  test('are closed when the shop gives the payment up, and when it goes back to the provider’s page', async () => {
    const given = await open()
    await world.request().post(`/v1/payment_intents/${given.payment.id}/cancel`).send({}).expect(200)
    assert.equal((await given.pay()).error?.code, 'payment_intent_unexpected_state')
    const { payment, pay } = await open()
    await choose('redirect')
    assert.match(await tap(payment), /\/c\/pay\//)
    assert.equal((await pay()).error?.code, 'payment_intent_unexpected_state')
    await choose('element')
  })

  test('an answer that is lost, to the opening or to the closing, opens and closes once', async () => {
    const payment = await ask()
    await fault('lost_answer', '/v1/payment_intents')
    await tap(payment)
    await world.settle({ throughTime: true })
    assert.match(await tap(payment), /\?hand=1$/)
    assert.equal((await atProvider(payment)).length, 1)
    const secret = await secretOf(payment)
    const [id] = secret.split('_secret_')
    await fault('lost_answer', `/v1/payment_intents/${id}/cancel`)
    await tap(payment, { again: 'elsewhere' })
    await world.settle({ throughTime: true })
    assert.match(await tap(payment, { again: 'elsewhere' }), /\/c\/pay\//)
    assert.deepEqual(
      (await atProvider(payment)).map(({ status }) => status),
      ['canceled'],
    )
  })

  test('the stand-in for the provider’s script shows its fields to whoever has the secret', async () => {
    const script = await fetch(`${world.sandbox.url}/_sandbox/stripe.js`)
    assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/)
    const { secret } = await open()
    const frame = (of: string) => fetch(`${world.sandbox.url}/_sandbox/element?client_secret=${of}`)
    assert.deepEqual([(await frame(secret)).status, (await frame(`${secret}x`)).status], [200, 404])
    assert.ok((await confirm(`${secret}x`, good, world.url)).error)
  })
})
