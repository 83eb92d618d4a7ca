import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { nameRefunds } from '#native/refunds.ts'
import type { ProviderRefund } from '#providers/provider.ts'
import { fail } from '../support/fake-telegram.ts'
import { currencyOf } from '../support/sample-cards.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

let shop: NativeShop
before(async () => {
  shop = await openNativeShop()
})
after(() => shop[Symbol.asyncDispose]())

const pay = async (of: NativeShop, currency: string, amount: number, processor?: string) => {
  const { id, invoice } = await of.ask({ amount, currency })
  const more = processor === undefined ? {} : { processor }
  const { paid, chargeId } = await of.telegram.person(9).presses(of.url, invoice, more)
  assert.ok(paid)
  await of.tell(paid)
  assert.equal((await of.read(id)).status, 'succeeded')
  return { id, chargeId, invoice }
}
const refund = async (of: NativeShop, payment_intent: string, amount?: number) => {
  const { body } = await of.world
    .request('merchant')
    .post('/v1/refunds')
    .send({ payment_intent, ...(amount ? { amount } : {}) })
  assert.equal(body.object, 'refund', JSON.stringify(body))
  await of.world.settle({ throughTime: true })
  const { body: seen } = await of.world.request('merchant').get(`/v1/refunds/${body.id}`)
  return seen as { id: string; status: string; failure_reason?: string; provider_id: string | null }
}
const went = (chargeId: string) => shop.telegram.stars.filter((one) => one.id === chargeId && one.receiver).length
const refundedNews = (chargeId: string, payload: string, total_amount: number) =>
  shop.telegram.update({
    message: {
      message_id: 1,
      date: Math.floor(shop.world.clock.now().getTime() / 1000),
      chat: { id: 9, type: 'private' },
      refunded_payment: {
        currency: 'XTR',
        total_amount,
        invoice_payload: payload,
        telegram_payment_charge_id: chargeId,
      },
    },
  })

describe('Stars go back', () => {
  test('in full, once, and the books agree', async () => {
    const { id, chargeId } = await pay(shop, 'xtr', 12)
    const made = await refund(shop, id)
    assert.deepEqual([made.status, made.provider_id, went(chargeId)], ['succeeded', chargeId, 1])
    await shop.tell(refundedNews(chargeId, id, 12), refundedNews(chargeId, id, 12))
    assert.equal((await shop.read(id)).amount_refunded, 12)
    await shop.world.verifyInvariants()
  })

  test('not in part', async () => {
    const { id, chargeId } = await pay(shop, 'xtr', 12)
    const made = await refund(shop, id, 5)
    assert.deepEqual([made.status, made.failure_reason, went(chargeId)], ['failed', 'refund_at_processor', 0])
    assert.equal((await shop.read(id)).amount_refunded, 0)
  })

  for (const [what, faults] of [
    ['the answer was lost after the work', ['lost']],
    ['the platform was down', [fail(502, 'Bad Gateway')]],
  ] as const)
    test(`when ${what}: looked up, and given back once`, async () => {
      const { id, chargeId } = await pay(shop, 'xtr', 12)
      shop.telegram.faults.push(...faults)
      const made = await refund(shop, id)
      assert.deepEqual([made.status, went(chargeId)], ['succeeded', 1])
      assert.equal((await shop.read(id)).amount_refunded, 12)
    })

  test('given back by hand: mirrored, once the list of Stars has it', async () => {
    const { id, chargeId } = await pay(shop, 'xtr', 12)
    await shop.tell(refundedNews(chargeId, id, 12))
    assert.equal((await shop.read(id)).amount_refunded, 0, 'a told refund that is not in the list')
    const paid = shop.telegram.stars.find((one) => one.id === chargeId)
    assert.ok(paid?.source)
    shop.telegram.stars.push({ id: chargeId, amount: 12, date: paid.date, receiver: paid.source })
    await shop.tell(refundedNews(chargeId, id, 12), refundedNews(chargeId, id, 12))
    assert.equal((await shop.read(id)).amount_refunded, 12)
    await shop.world.verifyInvariants()
  })
})

describe('money goes back at the processor', () => {
  test('of whom nothing is known: failed, with what to do', async () => {
    const { id } = await pay(shop, 'eur', 4200)
    const made = await refund(shop, id)
    assert.deepEqual([made.status, made.failure_reason], ['failed', 'refund_at_processor'])
    const { body } = await shop.world.request('merchant').get(`/v1/payment_intents/${id}/explain`)
    assert.match(JSON.stringify(body), /refund it at the payment provider/)
  })

  test('at Stripe, when that is behind the bot: in parts, by its own id', async () => {
    await using stripe = await openNativeShop({ psp: 'stripe' })
    const form = {
      amount: '4200',
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: 'true',
      return_url: 'https://t.me',
    }
    const answer = await fetch(`${stripe.world.sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_world', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form),
    })
    const theirs = (await answer.json()) as { id: string; status: string }
    assert.equal(theirs.status, 'succeeded')
    const { id } = await pay(stripe, 'eur', 4200, theirs.id)
    const made = await refund(stripe, id, 1000)
    assert.equal(made.status, 'succeeded')
    assert.match(String(made.provider_id), /^re_/)
    assert.equal((await refund(stripe, id)).status, 'succeeded')
    assert.equal((await stripe.read(id)).amount_refunded, 4200)
    const book = await stripe.world.sandboxControl<{ payment_intents: { id: string; refunded: number }[] }>(
      'GET',
      'book',
    )
    assert.equal(book.payment_intents.find((one) => one.id === theirs.id)?.refunded, 4200)
    await stripe.world.trialBalanceIsZero()
  })
})

describe('whose refund it is, where the platform keeps none of our ids', () => {
  const at = (seconds: number) => new Date(seconds * 1000)
  const made = (ref: string, amount: bigint, seconds = 1): ProviderRefund => ({
    ref,
    state: 'pending',
    amount,
    currency: currencyOf('inr'),
    createdAt: at(seconds),
    tags: {},
  })
  const uuid = (n: number) => `0199aaaa-0000-7000-8000-00000000000${n}`
  const ours = (n: number, amount: bigint, provider_ref: string | null = null, status = 'pending') => ({
    id: uuid(n),
    amount,
    status,
    provider_ref,
  })
  const names = (...of: Parameters<typeof nameRefunds>) =>
    nameRefunds(...of)?.map(({ ref, tags }) => [ref, tags.refund !== undefined])

  test('the one that waits for this amount', () => {
    assert.deepEqual(names([made('rf_1', 100n)], [ours(1, 100n)]), [['rf_1', true]])
    assert.deepEqual(names([made('rf_1', 100n)], [ours(1, 200n)]), [['rf_1', false]])
  })
  test('not one that is known, or over', () => {
    assert.deepEqual(names([made('rf_1', 100n)], [ours(1, 100n, 'rf_1'), ours(2, 100n)]), [['rf_1', false]])
    assert.deepEqual(names([made('rf_1', 100n)], [ours(1, 100n, null, 'failed')]), [['rf_1', false]])
  })
  test('two that wait and two that were made: either way is right', () => {
    assert.deepEqual(names([made('b', 100n, 2), made('a', 100n, 1)], [ours(1, 100n), ours(2, 100n)]), [
      ['a', true],
      ['b', true],
    ])
  })
  test('two that wait and one that was made: nobody can tell', () => {
    assert.equal(names([made('a', 100n)], [ours(1, 100n), ours(2, 100n)]), undefined)
  })
})
