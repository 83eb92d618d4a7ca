import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { createWorld, type World } from '../support/world.ts'
import { openDesk, tulips } from './checkout-desk.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const line = (unit_amount: number) => ({ line_items: [{ name: 'Rose', quantity: 1, unit_amount }] })
const step = fc.oneof(
  fc.record({ update: fc.constantFrom(line(500), line(0), line(9900), { tip: { amount: 70 } }, { line_items: null }) }),
  fc.record({ update: fc.constantFrom({ promotion_code: 'ANY' }, { promotion_code: null }) }),
  fc.record({
    complete: fc.constantFrom('pm_card_visa', 'pm_card_visa_chargeDeclined', 'pm_card_authenticationRequired', ''),
  }),
  fc.constantFrom({ cancel: true }, { expire: true }, { openPage: true }, { cancelPayment: true }),
  // Everything that has been begun so far ends first; without it the steps run at once.
  fc.constant({ wait: true }),
)
type Step = {
  update?: object
  complete?: string
  cancel?: boolean
  expire?: boolean
  openPage?: boolean
  cancelPayment?: boolean
  wait?: boolean
}

const run = async (id: string, todo: Step): Promise<void> => {
  const { checkouts, payments } = world.app.services
  const scope = { merchantId: world.shop.uuid, livemode: false, resourceId: newUuid() }
  if (todo.update) await checkouts.update(scope, id, todo.update as never)
  if (todo.complete !== undefined)
    await checkouts.complete(scope, id, todo.complete === '' ? {} : { payment_method: todo.complete })
  if (todo.cancel) await checkouts.cancel(scope, id)
  if (todo.expire) {
    await inTransaction(world.app.db, world.shop.uuid, (tx) =>
      tx
        .updateTable('checkouts')
        .set({ expires_at: new Date(0) })
        .where('id', '=', parseId('checkout', id) ?? '')
        .execute(),
    )
    await checkouts.expire(world.shop.uuid, parseId('checkout', id) ?? '')
  }
  const { payment_intent: intentId, checkout_url: url } = await checkouts.retrieve(world.shop.uuid, id)
  if (todo.openPage && url !== null) {
    const page = await payments.readPage(url.split('/pay/')[1] ?? '')
    const links = { returnUrl: `${world.url}/x`, cancelUrl: `${world.url}/x`, title: 'x' }
    if (page) await payments.openPage(page.intent, links)
  }
  if (todo.cancelPayment && intentId !== null) await payments.cancel(scope, intentId, {})
}

/** What must hold once everything is quiet, whatever was done in whatever order. */
const broken = async (): Promise<unknown[]> => {
  const { rows } = await sql`
    with own as (select c.id, c.status, c.total, c.payment_intent_id, i.status as paid, i.amount
      from checkouts c left join payment_intents i on i.merchant_id = c.merchant_id and i.id = c.payment_intent_id)
    select 'completed without its money' as what, id from own
      where status = 'completed' and total > 0 and paid is distinct from 'succeeded'
    union all select 'money without its order', id from own where paid = 'succeeded' and status <> 'completed'
    union all select 'another amount', id from own where paid <> 'canceled' and amount <> total
    union all select 'closed, but payable', id from own where status in ('canceled', 'expired') and paid <> 'canceled'
    union all select 'money for an order that let it go', i.id from payment_intents i
      join checkouts c on c.merchant_id = i.merchant_id and c.id = (i.options ->> 'checkout')::uuid
      where i.status = 'succeeded' and c.payment_intent_id is distinct from i.id
    union all select 'redemptions', p.id from promotion_codes p where times_redeemed <>
      (select count(*) from checkouts c where c.promotion_code_id = p.id and c.is_redeemed)`.execute(
    world.app.db.maintenance,
  )
  return rows
}

test('whatever is asked of a checkout in whatever order, money and order agree', async () => {
  const desk = openDesk(world)
  await desk.post('/v1/promotion_codes', { code: 'ANY', percent_off: 25, max_redemptions: 5 }).expect(200)
  const statuses = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
      const { id } = await desk.create({ line_items: [tulips] })
      let begun: Promise<unknown>[] = []
      for (const todo of steps) {
        begun.push(
          run(id, todo as Step).catch((error: unknown) => {
            if (!(error instanceof AppError) || error.status >= 500) throw error
          }),
        )
        if ('wait' in todo) {
          await Promise.all(begun)
          begun = []
        }
      }
      await Promise.all(begun)
      await world.settle()
      assert.deepEqual(await broken(), [])
      statuses.add((await desk.read(id)).status)
    }),
    { numRuns: 12, endOnFailure: true },
  )
  assert.ok(statuses.size >= 2, [...statuses].join())
  await world.verifyInvariants()
})
