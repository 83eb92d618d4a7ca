import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'
import { openVeto, say, type VetoEndpoint } from './veto-endpoint.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

interface Stall {
  shop: Shop
  endpoint: VetoEndpoint
  client: ReturnType<World['request']>
}

const withVeto = async (fallback: 'allow' | 'refuse', work: (stall: Stall) => Promise<void>): Promise<void> => {
  const shop = await world.openShop()
  await using endpoint = await openVeto(world, shop, fallback)
  await work({ shop, endpoint, client: world.request('service', shop) })
}

const createIntent = async ({ client }: Stall) => {
  const { body } = await client.post('/v1/payment_intents').send({ amount: 4200, currency: 'eur' }).expect(200)
  return body
}

const confirm = ({ client }: Stall, id: string, key = newUuid()) =>
  client.post(`/v1/payment_intents/${id}/confirm`).set('Idempotency-Key', key).send({ payment_method: 'pm_card_visa' })

describe("the merchant's endpoint, asked before a charge", () => {
  test('says yes, and verifies our question with either library', async () => {
    await withVeto('refuse', async (stall) => {
      const intent = await createIntent(stall)
      const { body } = await confirm(stall, intent.id).expect(200)
      assert.equal(body.status, 'succeeded')
      const [question] = stall.endpoint.asked
      assert.ok(question)
      const { headers, body: raw } = question
      const said = new Webhook(stall.endpoint.secret).verify(raw, headers as Record<string, string>) as {
        payment_intent: { id: string; amount: number }
        checkout: null
      }
      assert.deepEqual([said.payment_intent.id, said.payment_intent.amount, said.checkout], [intent.id, 4200, null])
      Stripe.webhooks.constructEvent(raw, String(headers['stripe-signature']), stall.endpoint.secret, 1e9)
    })
  })

  test('says no: nothing is charged, the payer reads why, and the story tells it', async () => {
    await withVeto('allow', async (stall) => {
      stall.endpoint.answer = say({ approved: false, message: 'Sold\u202e out \n just now' })
      const intent = await createIntent(stall)
      const { body } = await confirm(stall, intent.id).expect(400)
      assert.equal(body.error.code, 'payment_vetoed')
      assert.equal(body.error.message, 'Sold out just now')
      assert.equal(body.error.payment_intent.id, intent.id)
      const { body: story } = await stall.client.get(`/v1/payment_intents/${intent.id}/explain`).expect(200)
      const chapter = story.story.find(({ kind }: { kind: string }) => kind === 'veto')
      assert.equal(chapter.text, 'veto refused: Sold out just now')
      assert.equal(story.story.filter(({ kind }: { kind: string }) => kind === 'operation').length, 0)
    })
  })

  test('is not asked again about a request that it has decided', async () => {
    await withVeto('allow', async (stall) => {
      stall.endpoint.answer = say({ approved: false })
      const intent = await createIntent(stall)
      const requestId = newUuid()
      const scope = { merchantId: stall.shop.uuid, livemode: false, resourceId: requestId }
      const again = () => world.app.services.payments.confirm(scope, intent.id, { payment_method: 'pm_card_visa' })
      await assert.rejects(again(), { code: 'payment_vetoed' })
      await assert.rejects(again(), { code: 'payment_vetoed' })
      assert.equal(stall.endpoint.asked.length, 1)
      stall.endpoint.answer = say({ approved: true })
      await confirm(stall, intent.id).expect(200)
      assert.equal(stall.endpoint.asked.length, 2)
    })
  })

  for (const fallback of ['allow', 'refuse'] as const) {
    const failures = {
      'answers 500': say('{"approved":false}', 500),
      'answers garbage': say('<html>'),
      'answers something else': say({ approved: 'yes' }),
      'answers too much': say(JSON.stringify({ approved: false, message: 'x'.repeat(17_000) })),
      'hangs up': (response: { destroy(): void }) => response.destroy(),
    }
    for (const [what, answer] of Object.entries(failures)) {
      test(`${what}: the default, ${fallback}`, async () => {
        await withVeto(fallback, async (stall) => {
          stall.endpoint.answer = answer
          const intent = await createIntent(stall)
          await confirm(stall, intent.id).expect(fallback === 'allow' ? 200 : 400)
          assert.deepEqual(await vetoesOf(stall, intent.id), [['failed', fallback === 'allow']])
        })
      })
    }
  }

  test('hangs: the default, after three seconds at most', async () => {
    await Promise.all(
      (['allow', 'refuse'] as const).map((fallback) =>
        withVeto(fallback, async (stall) => {
          stall.endpoint.answer = () => undefined
          const intent = await createIntent(stall)
          await confirm(stall, intent.id).expect(fallback === 'allow' ? 200 : 400)
          assert.deepEqual(await vetoesOf(stall, intent.id), [['timed_out', fallback === 'allow']])
        }),
      ),
    )
  })

  test('is asked before the hosted page opens, too', async () => {
    await withVeto('allow', async (stall) => {
      stall.endpoint.answer = say({ approved: false, message: 'Closed today' })
      const intent = await createIntent(stall)
      const page = await world.app.services.payments.readPage(intent.checkout_url.split('/pay/')[1])
      assert.ok(page)
      const links = { returnUrl: `${world.url}/back`, cancelUrl: `${world.url}/back`, title: 'x' }
      const open = () => world.app.services.payments.openPage(page.intent, links)
      await assert.rejects(open(), { code: 'payment_vetoed', message: 'Closed today' })
      stall.endpoint.answer = say({ approved: true })
      assert.match((await open()) ?? '', /^http/)
    })
  })
})

const vetoesOf = async ({ shop }: Stall, id: string) => {
  const rows = await world.app.db.maintenance
    .selectFrom('vetoes')
    .select(['answer', 'is_allowed'])
    .where('merchant_id', '=', shop.uuid)
    .where('payment_intent_id', '=', parseId('paymentIntent', id) ?? '')
    .execute()
  return rows.map(({ answer, is_allowed }) => [answer, is_allowed])
}

describe('asked about a checkout', () => {
  const order = { currency: 'eur', line_items: [{ name: 'Tulips', quantity: 3, unit_amount: 1000 }] }

  test('the endpoint reads the whole order', async () => {
    await withVeto('refuse', async (stall) => {
      const { body: made } = await stall.client.post('/v1/checkouts').send(order).expect(200)
      await stall.client.post(`/v1/checkouts/${made.id}/complete`).send({ payment_method: 'pm_card_visa' }).expect(200)
      const asked = stall.endpoint.asked.map(({ body }) => JSON.parse(body))
      assert.equal(asked.length, 1)
      assert.deepEqual(
        [asked[0].checkout.id, asked[0].checkout.line_items[0].quantity, asked[0].payment_intent.amount],
        [made.id, 3, 3000],
      )
    })
  })

  test('a refusal leaves it payable, with the reason; it may agree later', async () => {
    await withVeto('allow', async (stall) => {
      stall.endpoint.answer = say({ approved: false, message: 'Only two left' })
      const { body: made } = await stall.client.post('/v1/checkouts').send(order).expect(200)
      const complete = () =>
        stall.client.post(`/v1/checkouts/${made.id}/complete`).send({ payment_method: 'pm_card_visa' })
      const { body } = await complete().expect(400)
      assert.deepEqual([body.error.code, body.error.message], ['payment_vetoed', 'Only two left'])
      const { body: open } = await stall.client.get(`/v1/checkouts/${made.id}`).expect(200)
      assert.deepEqual([open.status, open.messages[0].content], ['ready', 'Only two left'])
      stall.endpoint.answer = say({ approved: true })
      assert.equal((await complete().expect(200)).body.status, 'completed')
    })
  })

  test('without a payment method it is asked as well, and again when the page opens', async () => {
    await withVeto('allow', async (stall) => {
      const { body: made } = await stall.client.post('/v1/checkouts').send(order).expect(200)
      await stall.client.post(`/v1/checkouts/${made.id}/complete`).expect(200)
      assert.equal(stall.endpoint.asked.length, 1)
      const page = await world.app.services.payments.readPage(made.checkout_url.split('/pay/')[1])
      assert.ok(page)
      const links = { returnUrl: `${world.url}/back`, cancelUrl: `${world.url}/back`, title: 'x' }
      const open = () => world.app.services.payments.openPage(page.intent, links)
      assert.equal(await open(), await open())
      assert.equal(stall.endpoint.asked.length, 2)
    })
  })
})
