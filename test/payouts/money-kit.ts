import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import type { Shop } from '../support/shop.ts'
import { createStripeClient } from '../support/stripe-client.ts'
import type { AnswerCheck } from '../support/stripe-contract.ts'
import type { World } from '../support/world.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A payment of the shop that has succeeded; `pm_card_bypassPending` is available at once, others two days later. */
export const pay = async (
  world: World,
  amount: number,
  options: { method?: string; shop?: Shop; currency?: string } = {},
): Promise<Stripe.PaymentIntent> => {
  const { method = 'pm_card_bypassPending', shop = world.shop, currency = 'eur' } = options
  const { paymentIntents } = world.stripe('service', shop)
  const intent = await paymentIntents.create({ amount, currency })
  const paid = await paymentIntents.confirm(intent.id, { payment_method: method })
  assert.equal(paid.status, 'succeeded')
  return paid
}

/** Everything that is due with the money: entries, batches, payouts, and what they wake. */
export const follow = async (world: World): Promise<void> => {
  await world.settle()
  for (let round = 0; round < 3; round++) {
    await world.app.services.payouts.sweep()
    await world.settle()
  }
}

/** Looks at every account now, not within the hour. */
export const mirror = async (world: World): Promise<void> => {
  await world.app.services.payouts.hearBalance({ provider: 'stripe', connection: '' })
  await follow(world)
}

export const payOut = (world: World, currency = 'eur') =>
  world.sandboxControl<Stripe.Payout>('POST', 'payouts', { currency })

/** Balances of a merchant by account, in one currency, without those that are zero. */
export const balancesOf = async (
  world: World,
  shop = world.shop,
  currency = 'eur',
): Promise<Record<string, bigint>> => {
  const { rows } = await sql<{ code: string; total: bigint }>`
    select a.code, sum(e.amount)::bigint as total from ledger_entries e
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where e.merchant_id = ${shop.uuid} and e.currency = ${currency} group by 1 having sum(e.amount) <> 0 order by 1`.execute(
    world.app.db.maintenance,
  )
  return Object.fromEntries(rows.map(({ code, total }) => [code, total]))
}

export const eventTypes = async (world: World, like: string, shop = world.shop): Promise<string[]> => {
  const rows = await world.app.db.maintenance
    .selectFrom('events')
    .select('type')
    .where('merchant_id', '=', shop.uuid)
    .where('type', 'like', like)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => row.type)
}

/** The official client, each answer held against Stripe's own description. */
export const finance = (world: World, check: AnswerCheck, shop = world.shop): Stripe =>
  world.stripe('finance', shop, { check })

/** Somebody at Stripe itself, past us: the same account. */
export const simulator = ({ sandbox }: World): Stripe => createStripeClient(sandbox.url, 'sk_test_world')
