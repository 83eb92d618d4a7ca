import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { createMethodService, type MethodDeps } from '#customers/method-service.ts'
import { newUuid } from '#kernel/ids.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import type { ProviderMethod } from '#providers/setups.ts'
import { createAnswerCheck } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'
import { createSetupKit, type SetupKit } from './setup-kit.ts'

let world: World
let stripe: Stripe
let kit: SetupKit
before(async () => {
  world = await createWorld()
  stripe = world.stripe('service', world.shop, { check: createAnswerCheck() })
  kit = createSetupKit(world)
})
after(() => world[Symbol.asyncDispose]())

/** A kept card, by our id and by the provider's. */
const kept = async () => {
  const customer = await kit.newCustomer()
  const id = String((await kit.setUp(customer)).payment_method)
  await world.settle()
  const { ref } = await kit.onlyRow(sql<{ ref: string }>`
    select provider_ref as ref from payment_methods order by id desc limit 1`)
  return { id, ref, customer }
}
const read = (id: string) => stripe.paymentMethods.retrieve(id)
const newsOf = async (id: string) => {
  const { data } = await stripe.events.list({ type: 'payment_method.updated', limit: 100 })
  return data.filter(({ data: { object } }) => 'id' in object && object.id === id)
}
const inboxOf = async (type: string) =>
  (
    await sql<{
      state: string
      reason: string | null
    }>`select state, reason from provider_events where type = ${type} order by received_at`.execute(
      world.app.db.maintenance,
    )
  ).rows
const replace = (ref: string, card: object) => world.sandboxControl('POST', `payment_methods/${ref}/replace`, card)
const atProvider = (ref: string, change: string, fields: Record<string, string> = {}) =>
  fetch(`${world.sandbox.url}/v1/payment_methods/${ref}${change}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_world' },
    body: new URLSearchParams(fields),
  })

describe('a kept card', () => {
  test('that its network replaces is followed, and told once though the news come twice', async () => {
    const { id, ref } = await kept()
    await world.sandboxControl('POST', 'faults', {
      fault: 'webhook_duplicate',
      match: { path: 'payment_method.automatically_updated' },
    })
    await replace(ref, { last4: '1881', exp_month: 3, exp_year: 2036 })
    await world.settle()
    const { card } = await read(id)
    assert.deepEqual([card?.brand, card?.last4, card?.exp_month, card?.exp_year], ['visa', '1881', 3, 2036])
    const [event, more] = await newsOf(id)
    assert.deepEqual(event?.data.previous_attributes, {
      card: { last4: '4242', exp_month: 12, exp_year: new Date().getUTCFullYear() + 4 },
    })
    assert.equal(more, undefined)
    await atProvider(ref, '', { 'card[exp_year]': '2040' })
    await world.settle()
    assert.equal((await read(id)).card?.exp_year, 2040)
  })

  test('that is detached at the provider charges nobody any more', async () => {
    const { id, ref, customer } = await kept()
    await atProvider(ref, '/detach')
    await world.settle()
    assert.equal((await read(id)).customer, null)
    assert.deepEqual(await kit.methodsOf(customer), [])
    await replace(ref, { last4: '0001' })
    await world.settle()
    assert.equal((await read(id)).card?.last4, '4242', 'it is not followed any more')
  })

  test('of nobody here is of no interest', async () => {
    const made = await fetch(`${world.sandbox.url}/v1/payment_methods`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_world' },
      body: new URLSearchParams({ type: 'card', 'card[token]': 'tok_visa' }),
    })
    const { id } = (await made.json()) as { id: string }
    const before = (await inboxOf('payment_method.automatically_updated')).length
    await replace(id, { last4: '0002' })
    await world.settle()
    const [last] = (await inboxOf('payment_method.automatically_updated')).slice(before)
    assert.deepEqual(last, { state: 'ignored', reason: 'not about a payment method that is kept here' })
  })
})

describe('two views of a card at once', () => {
  const own = { provider: 'stripe', connectionId: null }
  const service = (find: () => Promise<ProviderMethod | undefined | 'lost'>) => {
    const findMethod = async () => {
      const value = await find()
      return value === 'lost' ? { outcome: 'unknown', reason: 'no answer' } : { outcome: 'ok', value }
    }
    const provider = { id: 'stripe', setups: { findMethod } } as unknown as PaymentProvider
    const deps = { ...world.app, clock: world.clock, providers: { open: async () => provider } }
    return createMethodService(deps as unknown as MethodDeps)
  }
  const view = (ref: string, last4: string): ProviderMethod => ({
    ref,
    savedFor: 'cus_1',
    details: { type: 'card', brand: 'visa', last4, expMonth: 1, expYear: 2040 },
  })

  test('the older, which comes later, is asked for again', async () => {
    const { id, ref } = await kept()
    let asked = 0
    const slow = service(async () => {
      asked += 1
      if (asked > 1) return view(ref, '2222')
      await service(async () => view(ref, '2222')).sync(own, ref, undefined)
      return view(ref, '1111')
    })
    assert.equal((await slow.sync(own, ref, undefined)).verdict, 'unchanged')
    assert.deepEqual([asked, (await read(id)).card?.last4], [2, '2222'])
  })

  test('no answer changes nothing and is asked for later; what is missing there stays; nobody else’s is touched', async () => {
    const { id, ref } = await kept()
    await assert.rejects(service(async () => 'lost').sync(own, ref, undefined), /no answer/)
    assert.equal((await service(async () => undefined).sync(own, ref, undefined)).verdict, 'missing')
    const gone = service(async () => ({ ref, details: { type: 'card' } }))
    assert.equal((await gone.sync(own, ref, newUuid())).verdict, 'foreign')
    assert.equal((await gone.sync({ ...own, connectionId: newUuid() }, ref, undefined)).verdict, 'foreign')
    assert.notEqual((await read(id)).customer, null)
    const [first, second] = await Promise.all([gone.sync(own, ref, undefined), gone.sync(own, ref, undefined)])
    assert.deepEqual([first?.verdict, second?.verdict].toSorted(), ['applied', 'unchanged'])
    assert.equal((await read(id)).customer, null)
  })
})

describe('an update', () => {
  test('of who pays goes to the provider, and is kept with the metadata until the customer is deleted', async () => {
    const { id, ref, customer } = await kept()
    const billing_details = { name: 'Léa', email: 'lea@shop.example', address: { city: 'Lyon', country: 'FR' } }
    const saved = await stripe.paymentMethods.update(id, { billing_details, metadata: { nickname: 'mine' } })
    assert.deepEqual(
      [saved.billing_details.name, saved.billing_details.address?.city, saved.metadata],
      ['Léa', 'Lyon', { nickname: 'mine' }],
    )
    const there = await kit.atProvider<Stripe.PaymentMethod>(`payment_methods/${ref}`)
    assert.deepEqual([there.billing_details.email, there.billing_details.address?.country], ['lea@shop.example', 'FR'])
    assert.deepEqual(there.metadata, {}, 'what the merchant notes for itself stays here')
    await stripe.paymentMethods.update(id, { billing_details: { email: '' }, metadata: { nickname: '' } })
    await stripe.paymentMethods.update(id, { metadata: {} })
    const now = await read(id)
    assert.deepEqual([now.billing_details.name, now.billing_details.email, now.metadata], ['Léa', null, {}])
    await world.settle()
    const told = (await newsOf(id)).map(({ data }) => data.previous_attributes)
    assert.deepEqual(told, [
      { billing_details: { email: 'lea@shop.example' }, metadata: { nickname: 'mine' } },
      { billing_details: { address: null, email: null, name: null }, metadata: { nickname: null } },
    ])
    await stripe.customers.del(customer)
    const row = await kit.onlyRow(sql<{ billing_details: unknown; metadata: unknown }>`
      select billing_details, metadata from payment_methods where provider_ref = ${ref}`)
    assert.deepEqual(row, { billing_details: null, metadata: {} })
  })

  test('whose answer is lost is done by the same request again; of a detached method it is refused', async () => {
    const { id, ref } = await kept()
    await world.sandboxControl('POST', 'faults', {
      fault: 'lost_answer',
      count: 3,
      match: { method: 'POST', path: `/v1/payment_methods/${ref}` },
    })
    const update = () =>
      stripe.paymentMethods.update(id, { billing_details: { name: 'Zoé' } }, { idempotencyKey: `zoe ${id}` })
    await kit.refused(update(), 'provider_unknown_outcome')
    await world.sandboxControl('DELETE', 'faults')
    assert.equal((await update()).billing_details.name, 'Zoé')
    await stripe.paymentMethods.detach(id)
    await kit.refused(stripe.paymentMethods.update(id, { metadata: { a: 'b' } }), 'payment_method_unexpected_state')
  })
})
