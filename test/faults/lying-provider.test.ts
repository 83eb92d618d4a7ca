import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import type { PaymentProvider, ProviderAnswer, ProviderPayment } from '#providers/provider.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { startStripeSandbox } from '#sandbox/stripe/index.ts'
import { createTestDatabase } from '../support/database.ts'
import { createWorld, type World } from '../support/world.ts'
import { confirm, createIntent, post, read } from './fault-kit.ts'

type Lie = (payment: ProviderPayment) => ProviderPayment

/** The real adapter before a simulator of its own, whose answers are bent on the way. */
const createLiar = async (lie: { now: Lie | undefined }) => {
  const database = await createTestDatabase()
  const sandbox = await startStripeSandbox({ databaseUrl: database.url, port: 0, secretKey: 'sk_test_liar' })
  const honest = createStripeProvider({
    secretKey: 'sk_test_liar',
    webhookSecrets: ['whsec_liar'],
    apiBase: sandbox.url,
  })
  const bend = (answer: ProviderAnswer<ProviderPayment>): ProviderAnswer<ProviderPayment> =>
    answer.outcome === 'ok' && lie.now ? { ...answer, value: lie.now(answer.value) } : answer
  const provider: PaymentProvider = {
    ...honest,
    authorize: async (command) => bend(await honest.authorize(command)),
    capture: async (command) => bend(await honest.capture(command)),
    findPayment: async (query) => {
      const answer = await honest.findPayment(query)
      return answer.outcome === 'ok' && answer.value && lie.now ? { ...answer, value: lie.now(answer.value) } : answer
    },
    refund: async (command) => {
      const answer = await honest.refund(command)
      return answer.outcome === 'ok' && lie.now
        ? { ...answer, value: { ...answer.value, amount: answer.value.amount + 1n } }
        : answer
    },
  }
  const close = async () => {
    await sandbox.close()
    await database[Symbol.asyncDispose]()
  }
  return { provider, close }
}

const bookedAmount = async (world: World, id: string): Promise<number> =>
  (await world.request('finance').get(`/v1/ledger/transactions?payment_intent=${id}`)).body.data?.length ?? -1

describe('a provider that says something else than what was asked for', () => {
  const lies: [string, Lie][] = [
    ['a higher amount', (one) => ({ ...one, amount: one.amount + 1n, amountReceived: one.amountReceived + 1n })],
    ['a lower amount', (one) => ({ ...one, amount: one.amount - 1n, amountReceived: one.amountReceived - 1n })],
    ['another currency', (one) => ({ ...one, currency: 'usd' as ProviderPayment['currency'] })],
    ['more received than asked for', (one) => ({ ...one, amountReceived: one.amountReceived + 100n })],
  ]
  for (const [name, now] of lies) {
    test(`${name}: nothing is booked, a person is told, and nobody can pay again`, async () => {
      const lie: { now: Lie | undefined } = { now }
      const liar = await createLiar(lie)
      const world = await createWorld({ overrides: { providers: { stripe: liar.provider } } })
      try {
        const id = await createIntent(world)
        const answer = await confirm(world, id)
        assert.equal(answer.status, 400)
        assert.equal(answer.body.error?.code, 'payment_intent_amount_reconciliation_mismatch')
        assert.equal((await confirm(world, id)).body.error?.code, 'payment_intent_amount_reconciliation_mismatch')
        assert.equal((await post(world, `/v1/payment_intents/${id}/cancel`)).status, 400)
        await world.settle()
        const shown = await read(world, id)
        assert.notEqual(shown.status, 'succeeded')
        assert.equal(shown.amount_received, 0)
        assert.equal(await bookedAmount(world, id), 0)
        await world.trialBalanceIsZero()
        const types = (await world.request().get('/v1/events?limit=100')).body.data.map(
          (event: { type: string }) => event.type,
        )
        assert.equal(types.filter((type: string) => type === 'payment_intent.conflicted').length, 1)
      } finally {
        await world[Symbol.asyncDispose]()
        await liar.close()
      }
    })
  }

  test('a refund of another amount stays reserved, unbooked and known as conflicted', async () => {
    const lie: { now: Lie | undefined } = { now: undefined }
    const liar = await createLiar(lie)
    const world = await createWorld({ overrides: { providers: { stripe: liar.provider } } })
    try {
      const id = await createIntent(world)
      assert.equal((await confirm(world, id)).status, 200)
      lie.now = (one) => one
      const refund = await post(world, '/v1/refunds', { payment_intent: id, amount: 4000 })
      await world.settle()
      assert.equal((await world.request().get(`/v1/refunds/${refund.body.id}`)).body.status, 'pending')
      const story: unknown = (await world.request().get(`/v1/payment_intents/${id}/explain`)).body
      assert.ok(JSON.stringify(story).includes('conflicted'))
      const more = await post(world, '/v1/refunds', { payment_intent: id, amount: 1000 })
      assert.equal(more.body.error?.code, 'amount_too_large')
      await world.trialBalanceIsZero()
    } finally {
      await world[Symbol.asyncDispose]()
      await liar.close()
    }
  })

  test('money on a canceled payment, or a second payment, is a conflict and never booked', async () => {
    const liar = await createLiar({ now: undefined })
    const world = await createWorld({ overrides: { providers: { stripe: liar.provider } } })
    try {
      for (const end of ['cancel', 'confirm'] as const) {
        const id = await createIntent(world)
        const done = await post(
          world,
          `/v1/payment_intents/${id}/${end}`,
          end === 'confirm' ? { payment_method: 'pm_card_visa' } : {},
        )
        assert.equal(done.status, 200)
        // Somebody else takes money for it at the provider.
        const other = await liar.provider.authorize({
          idempotencyKey: newUuid(),
          amount: 4200n,
          currency: 'eur' as ProviderPayment['currency'],
          method: 'pm_card_visa',
          capture: 'automatic',
          incremental: false,
          offSession: false,
          returnUrl: 'https://shop.example/back',
          tags: { merchant: world.shop.id, paymentIntent: id },
        })
        assert.ok(other.outcome === 'ok')
        const before = await bookedAmount(world, id)
        const row = await world.app.db.maintenance
          .selectFrom('payment_intents')
          .select(['merchant_id', 'id'])
          .where('provider', '=', 'stripe')
          .orderBy('created_at', 'desc')
          .executeTakeFirstOrThrow()
        const synced = await world.app.services.payments.sync(row.merchant_id, row.id, other.value.ref)
        assert.equal(synced.verdict, 'conflict')
        assert.equal((await read(world, id)).status, end === 'cancel' ? 'canceled' : 'succeeded')
        assert.equal(await bookedAmount(world, id), before)
      }
    } finally {
      await world[Symbol.asyncDispose]()
      await liar.close()
    }
  })
})
