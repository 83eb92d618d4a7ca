import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'
import {
  assertSound,
  bookOf,
  confirm,
  createIntent,
  paid,
  payOnPage,
  planFault,
  post,
  read,
  takenFor,
  tapPay,
} from './fault-kit.ts'

describe('two ways to take or give up the same money', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  /** Starts a command whose call is still on its way at the provider when this returns. */
  const startSlowly = async <T>(
    id: string,
    path: string,
    command: () => Promise<T>,
  ): Promise<{ answer: Promise<T> }> => {
    await planFault(world, 'delay:800', { method: 'POST', path })
    const answer = command()
    const isSent = async () => {
      const story: unknown = (await world.request().get(`/v1/payment_intents/${id}/explain`)).body
      return JSON.stringify(story).includes('"sent"')
    }
    await until('the call to be on its way', isSent)
    return { answer }
  }

  test('a cancellation waits for a confirmation that is on its way', async () => {
    const id = await createIntent(world)
    const { answer } = await startSlowly(id, '/v1/payment_intents', () => confirm(world, id))
    const canceled = await post(world, `/v1/payment_intents/${id}/cancel`)
    assert.equal(canceled.status, 429)
    assert.equal((await answer).body.status, 'succeeded')
    assert.equal((await read(world, id)).status, 'succeeded')
    await assertSound(world)
  })

  test('the amount stays while a confirmation is on its way', async () => {
    const id = await createIntent(world)
    const { answer } = await startSlowly(id, '/v1/payment_intents', () => confirm(world, id))
    const updated = await post(world, `/v1/payment_intents/${id}`, { amount: 9900 })
    assert.equal(updated.status, 429)
    assert.equal((await answer).body.status, 'succeeded')
    await assertSound(world)
  })

  test('a payer who has just paid on the page is not charged again by a confirmation', async () => {
    const id = await createIntent(world)
    const page = await tapPay(world, id)
    assert.ok(page)
    await planFault(world, 'webhook_drop', {}, 20)
    assert.equal(await payOnPage(page), 303)
    const first = await confirm(world, id)
    const second = await confirm(world, id)
    assert.deepEqual([first.status, second.status], [400, 400])
    assert.equal(await takenFor(world, id), 4200)
    assert.equal((await read(world, id)).status, 'succeeded')
    await world.sandboxControl('DELETE', 'faults')
    await assertSound(world)
  })

  test('a page that was closed after a decline does not cancel the payment', async () => {
    const id = await createIntent(world)
    const page = await tapPay(world, id)
    assert.ok(page)
    assert.equal(await payOnPage(page, '4000000000000002'), 402)
    await world.settle()
    const answer = await confirm(world, id)
    assert.equal(answer.body.status, 'succeeded', JSON.stringify(answer.body))
    await world.settle()
    assert.equal((await read(world, id)).status, 'succeeded')
    assert.equal(await takenFor(world, id), 4200)
    await assertSound(world)
  })

  test('a page that expired after a decline is opened anew', async () => {
    const id = await createIntent(world)
    const page = await tapPay(world, id)
    assert.ok(page)
    assert.equal(await payOnPage(page, '4000000000000002'), 402)
    await world.settle()
    await world.advance(25 * 3_600_000)
    await world.settle()
    assert.equal((await read(world, id)).status, 'requires_payment_method')
    const again = await tapPay(world, id)
    assert.ok(again && again !== page)
    assert.equal(await payOnPage(again), 303)
    await world.settle()
    assert.equal((await read(world, id)).status, 'succeeded')
    assert.equal(await takenFor(world, id), 4200)
    await assertSound(world)
  })

  test('a page opened for a payment that has a method already is looked up like any other', async () => {
    const id = await createIntent(world, { payment_method: 'pm_card_visa' })
    const page = await tapPay(world, id)
    assert.ok(page)
    await planFault(world, 'webhook_drop', {}, 20)
    assert.equal(await payOnPage(page), 303)
    await world.sandboxControl('DELETE', 'faults')
    await world.advance(6 * 60_000)
    await world.app.services.payments.sweep()
    await world.settle()
    assert.equal((await read(world, id)).status, 'succeeded')
    await assertSound(world)
  })

  test('two payers tap at once: one page, one payment', async () => {
    const id = await createIntent(world)
    const pages = await Promise.all([tapPay(world, id), tapPay(world, id), tapPay(world, id)])
    const opened = new Set(pages.filter((page) => page !== undefined))
    assert.equal(opened.size, 1)
    for (const page of opened) assert.equal(await payOnPage(page), 303)
    await world.settle()
    assert.equal((await bookOf(world, id)).length, 1)
    await assertSound(world)
  })

  test('a page about to expire is closed before another is opened', async () => {
    const id = await createIntent(world)
    const first = await tapPay(world, id)
    assert.ok(first)
    await world.advance(24 * 3_600_000 - 30_000)
    const second = await tapPay(world, id)
    assert.ok(second && second !== first)
    await payOnPage(first)
    await payOnPage(second)
    await world.settle()
    assert.equal(await takenFor(world, id), 4200)
    await assertSound(world)
  })

  test('capturing against cancelling: one of them, and the books agree', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await paid(world, { capture_method: 'manual' })
      const answers = await Promise.all([
        post(world, `/v1/payment_intents/${id}/capture`, { amount_to_capture: 4000 }),
        post(world, `/v1/payment_intents/${id}/cancel`),
      ])
      assert.equal(answers.filter((answer) => answer.status === 200).length, 1, JSON.stringify(answers))
      const { status } = await read(world, id)
      assert.ok(status === 'succeeded' || status === 'canceled', status)
    }
    await assertSound(world)
  })

  test('the page against a confirmation: the money is taken once', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await createIntent(world)
      const [page] = await Promise.all([tapPay(world, id), confirm(world, id)])
      if (page) await payOnPage(page)
      await world.settle({ throughTime: true })
      const { status } = await read(world, id)
      const taken = await takenFor(world, id)
      assert.ok(taken === 4200 || (taken === 0 && status !== 'succeeded'), `${status}: ${taken}`)
    }
    await assertSound(world)
  })

  test('an amount that is changed while a payer opens the page is never paid at the old price', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await createIntent(world)
      const [page, updated] = await Promise.all([
        tapPay(world, id),
        post(world, `/v1/payment_intents/${id}`, { amount: 5000 }),
      ])
      if (page) await payOnPage(page)
      await world.settle({ throughTime: true })
      const intent = await read(world, id)
      const taken = await takenFor(world, id)
      assert.ok(taken === 0 || taken === intent.amount, `${updated.status}: ${taken} of ${intent.amount}`)
    }
    await assertSound(world)
  })
})
