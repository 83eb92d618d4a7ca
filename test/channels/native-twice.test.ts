import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { deliver } from '../support/fake-server.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

let shop: NativeShop
before(async () => {
  shop = await openNativeShop({ psp: 'other' }, { work: false })
})
after(() => shop[Symbol.asyncDispose]())

const minute = 60_000
const person = (id = 9) => shop.telegram.person(id)

/** A statement of the owner's: what no role of the service may do. */
const asOwner = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: shop.world.databaseUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

describe('news of money, worked off when something breaks half-way', () => {
  for (const table of ['payment_intents', 'native_payments', 'charges', 'ledger_entries', 'events', 'outbox'])
    test(`nothing can be written to ${table}: nothing is changed, and the next try books once`, async () => {
      const { id, invoice } = await shop.ask()
      const { chargeId } = await person().presses(shop.url, invoice)
      await asOwner(`create function refuse_all() returns trigger language plpgsql as $$ begin raise 'no'; end $$`)
      await asOwner(
        `create trigger refused before insert or update on ${table} for each statement execute function refuse_all()`,
      )
      assert.equal((await deliver(shop.url, person().pays(invoice, chargeId))).status, 200)
      const work = await shop.world.startWork()
      await work.sweep()
      await shop.world.app.queue.flush()
      await shop.world.stopWork() // or it would try again between the next two lines
      await asOwner(`drop trigger refused on ${table}; drop function refuse_all()`)
      assert.deepEqual([(await shop.read(id)).status, await shop.captures(id)], ['processing', 0])
      await shop.world.startWork()
      await shop.world.settle({ throughTime: true })
      await shop.world.stopWork()
      assert.deepEqual([(await shop.read(id)).status, await shop.captures(id)], ['succeeded', 1])
      await shop.world.trialBalanceIsZero()
    })
})

type Step =
  | { kind: 'ask'; person: number; total: number }
  | { kind: 'pay'; charge: number; total: number; times: number }
  | { kind: 'card' | 'cancel' | 'wait' }

const amounts = fc.constantFrom(4200, 4200, 4200, 4199)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('ask' as const), person: fc.constantFrom(9, 9, 10), total: amounts }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      charge: fc.constantFrom(1, 2),
      total: amounts,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('card' as const, 'cancel' as const, 'wait' as const) }) },
)

describe('whatever happens in whatever order', () => {
  test('a payment is booked at most once, never in another amount, and no money is lost sight of', async () => {
    const work = await shop.world.startWork()
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 7 }), async (steps) => {
        runs += 1
        const { id, invoice } = await shop.ask()
        const charged = new Map<string, number>()
        for (const one of steps) {
          if (one.kind === 'ask') await person(one.person).presses(shop.url, invoice, { total: one.total })
          if (one.kind === 'pay') {
            const ref = `tg_${runs}_${one.charge}`
            const total = charged.get(ref) ?? one.total
            charged.set(ref, total)
            const news = person().pays(invoice, ref, { total })
            await Promise.all(Array.from({ length: one.times }, () => deliver(shop.url, news)))
            await shop.world.settle()
          }
          const path = `/v1/payment_intents/${id}`
          if (one.kind === 'card')
            await shop.world.request().post(`${path}/confirm`).send({ payment_method: 'pm_card_visa' })
          if (one.kind === 'cancel') await shop.world.request().post(`${path}/cancel`).send({})
          if (one.kind === 'wait') {
            shop.world.clock.advance(16 * minute)
            await work.sweep()
            await shop.world.settle()
          }
        }
        await shop.world.settle()
        const intent = await shop.read(id)
        const captures = await shop.captures(id)
        assert.ok(captures <= 1)
        assert.equal(intent.status === 'succeeded', captures === 1)
        assert.equal(intent.amount_received, captures * 4200)
        const booked =
          intent.latest_charge?.provider === 'telegram' && captures === 1 ? intent.latest_charge.provider_id : ''
        if (booked !== '') assert.equal(charged.get(booked), 4200)
        const unbooked = [...charged.keys()].filter((ref) => ref !== booked)
        if (unbooked.length > 0) assert.notEqual(intent.conflict, null, `unseen: ${unbooked.join()}`)
      }),
      { numRuns: 12 },
    )
    await shop.world.trialBalanceIsZero()
    await shop.world.verifyInvariants()
  })
})
