import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type Stripe from 'stripe'
import { refused } from '../support/stripe-client.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: Stripe
before(async () => {
  world = await createWorld()
  stripe = world.stripe()
})
after(() => world[Symbol.asyncDispose]())

type Intent = Stripe.PaymentIntent & { checkout_url: string; expires_at: number | null }

const create = async (params: object = {}): Promise<Intent> =>
  (await stripe.paymentIntents.create({ amount: 4200, currency: 'eur', ...params })) as unknown as Intent
const statusOf = async ({ id }: Intent) => (await stripe.paymentIntents.retrieve(id)).status

const submit = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

/** Taps Pay on our page; answers where the provider's page is. */
const tapPay = async (intent: Intent): Promise<string> => {
  const answer = await submit(intent.checkout_url, {})
  assert.equal(answer.status, 303, await answer.text())
  const to = answer.headers.get('location') ?? ''
  assert.ok(to.startsWith(world.sandbox.url), to)
  return to
}

const card = (number: string) => ({ method: 'card', card_number: number, exp: '12 / 34', cvc: '123', name: 'Léa' })
const good = card('4242424242424242')
const declined = card('4000000000000002')

/** How often money was taken at the provider, whatever we believe. */
const chargesAtProvider = async (): Promise<number> => {
  const { payment_intents } = await world.sandboxControl<{ payment_intents: { charges: number }[] }>('GET', 'book')
  return payment_intents.reduce((sum, one) => sum + one.charges, 0)
}
const charging = async (work: () => Promise<unknown>): Promise<number> => {
  const before = await chargesAtProvider()
  await work()
  await world.settle()
  return (await chargesAtProvider()) - before
}

describe('the payer', () => {
  test('looks, pays, comes back and reads that it is paid', async () => {
    const intent = await create({ description: 'Bouquet' })
    const page = await fetch(intent.checkout_url)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /42\.00/)
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).latest_charge, null, 'looking changes nothing')
    const paid = await submit(await tapPay(intent), good)
    assert.equal(paid.status, 303)
    const back = await fetch(paid.headers.get('location') ?? '')
    assert.equal(back.status, 200)
    await world.settle()
    assert.equal(await statusOf(intent), 'succeeded')
    const { pathname } = new URL(intent.checkout_url)
    assert.equal((await submit(intent.checkout_url, {})).headers.get('location'), `${pathname}?already=1`)
  })

  test('is declined and pays with another card on the same page', async () => {
    const intent = await create()
    const taken = await charging(async () => {
      const url = await tapPay(intent)
      assert.equal((await submit(url, declined)).status, 402)
      await world.settle()
      assert.equal(await statusOf(intent), 'requires_payment_method')
      assert.equal((await submit(url, good)).status, 303)
    })
    assert.deepEqual([taken, await statusOf(intent)], [1, 'succeeded'])
    const attempts = await stripe.charges.list({ payment_intent: intent.id })
    assert.deepEqual(attempts.data.map(({ status }) => status).toSorted(), ['failed', 'succeeded'])
  })

  test('taps twice and meets the same page', async () => {
    const intent = await create()
    const first = await tapPay(intent)
    assert.equal(await tapPay(intent), first)
    assert.equal(await charging(async () => [await submit(first, good), await submit(first, good)]), 1)
  })

  test('authenticates at the bank', async () => {
    const intent = await create()
    const bank = await submit(await tapPay(intent), card('4000002760003184'))
    const to = new URL(bank.headers.get('location') ?? '', world.sandbox.url).href
    assert.match(to, /\/3ds\//)
    await submit(to, { answer: 'approve' })
    await world.settle()
    assert.equal(await statusOf(intent), 'succeeded')
  })

  test('is shown as paid on return, before any webhook has come', async () => {
    const intent = await create()
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 100 })
    const paid = await submit(await tapPay(intent), good)
    const back = await fetch(paid.headers.get('location') ?? '')
    assert.match(await back.text(), /data-state="paid"/)
    assert.equal(await statusOf(intent), 'succeeded')
    await world.sandboxControl('DELETE', 'faults')
  })
})

describe('an open page cannot pay twice', () => {
  test('when the API confirms', async () => {
    const intent = await create()
    const taken = await charging(async () => {
      const url = await tapPay(intent)
      assert.equal(
        (await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).status,
        'succeeded',
      )
      await submit(url, good)
    })
    assert.deepEqual([taken, await statusOf(intent)], [1, 'succeeded'])
  })

  test('when the API cancels', async () => {
    const intent = await create()
    const taken = await charging(async () => {
      const url = await tapPay(intent)
      assert.equal((await stripe.paymentIntents.cancel(intent.id)).status, 'canceled')
      await submit(url, good)
    })
    assert.deepEqual([taken, await statusOf(intent)], [0, 'canceled'])
  })

  test('when the amount changes: the old page is dead, a new one asks for the new amount', async () => {
    const intent = await create()
    const taken = await charging(async () => {
      const old = await tapPay(intent)
      await stripe.paymentIntents.update(intent.id, { amount: 5000 })
      await submit(old, good)
      assert.equal(await statusOf(intent), 'requires_payment_method')
      const url = await tapPay(intent)
      assert.notEqual(url, old)
      assert.equal((await submit(url, good)).status, 303)
    })
    const paid = await stripe.paymentIntents.retrieve(intent.id)
    assert.deepEqual([taken, paid.status, paid.amount_received], [1, 'succeeded', 5000])
  })

  for (let round = 1; round <= 4; round++)
    test(`when the payer pays while the API cancels (race ${round})`, async () => {
      const intent = await create()
      let canceled = false
      const taken = await charging(async () => {
        const url = await tapPay(intent)
        const cancel = stripe.paymentIntents.cancel(intent.id).then(
          () => {
            canceled = true
          },
          () => undefined,
        )
        await Promise.all([cancel, submit(url, good)])
      })
      await world.settle({ throughTime: true })
      const status = await statusOf(intent)
      if (canceled) assert.deepEqual([taken, status], [0, 'canceled'])
      else assert.deepEqual([taken, status], [1, 'succeeded'])
    })
})

describe('expires_in', () => {
  test('an unpaid payment is canceled when its time is over, and its page takes nothing', async () => {
    const intent = await create({ expires_in: 3600 })
    const url = await tapPay(intent)
    await world.advance(3_601_000)
    await world.settle()
    const work = await world.startWork()
    await work.sweep()
    await world.settle()
    const now = await stripe.paymentIntents.retrieve(intent.id)
    assert.deepEqual([now.status, now.cancellation_reason], ['canceled', 'expired'])
    assert.equal(await charging(() => submit(url, good)), 0)
  })

  test('a payment that was paid in time stays paid', async () => {
    const intent = await create({ expires_in: 3600 })
    await submit(await tapPay(intent), good)
    await world.settle()
    await world.advance(3_601_000)
    await (await world.startWork()).sweep()
    await world.settle()
    assert.equal(await statusOf(intent), 'succeeded')
  })

  test('a payment that was paid in time, of which we have not heard, is not canceled', async () => {
    const intent = await create({ expires_in: 3600 })
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 100 })
    await submit(await tapPay(intent), good)
    await world.advance(3_601_000)
    await (await world.startWork()).sweep()
    await world.settle()
    await world.sandboxControl('DELETE', 'faults')
    assert.equal(await statusOf(intent), 'succeeded')
  })
})

test('a canceled payment opens no page, and neither does a paid one', async () => {
  const intent = await create()
  await stripe.paymentIntents.cancel(intent.id)
  const answer = await submit(intent.checkout_url, {})
  assert.equal(answer.headers.get('location'), new URL(intent.checkout_url).pathname)
  assert.match(await (await fetch(intent.checkout_url)).text(), /data-state="canceled"/)
  const error = await refused(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }))
  assert.equal(error.code, 'payment_intent_unexpected_state')
})

test('after all this the books are right to the unit', async () => {
  await world.settle()
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
})
