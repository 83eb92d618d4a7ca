import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { parseId } from '#kernel/ids.ts'
import { deliver, type FakeUpdate } from '../support/fake-server.ts'
import { type FakeTelegram, startFakeTelegram } from '../support/fake-telegram.ts'
import type { Invoice } from '../support/telegram-limits.ts'
import { createWorld, type World, type WorldOptions } from '../support/world.ts'

const token = '700:AAtoken'
const secret = 'the_secret_token_of_the_bot'

export interface Intent {
  id: string
  status: string
  amount: number
  amount_received: number
  amount_refunded: number
  conflict: string | null
  latest_charge: { provider: string; provider_id: string; status: string } | null
}

export interface NativeShop extends AsyncDisposable {
  world: World
  telegram: FakeTelegram
  connectionId: string
  /** Where Telegram posts. */
  url: string
  /** A payment intent, asked of a person in her private chat; and the invoice as Telegram would show it. */
  ask(terms?: { amount?: number; currency?: string; person?: number; expires_at?: number }): Promise<{
    id: string
    invoice: Invoice
  }>
  read(id: string): Promise<Intent>
  /** Delivers and lets everything follow. */
  tell(...updates: FakeUpdate[]): Promise<void>
  /** How often the payment was booked as captured. */
  captures(id: string): Promise<number>
  nativeState(id: string): Promise<string | undefined>
}

export const openNativeShop = async (
  settings: object = { psp: 'other', stars: true },
  options: WorldOptions = {},
): Promise<NativeShop> => {
  const stack = new AsyncDisposableStack()
  const telegram = stack.use(await startFakeTelegram({ token, secret }))
  const world = stack.use(
    await createWorld({ ...options, config: { channels: { telegram: telegram.url }, ...options.config } }),
  )
  const secrets = { bot_token: token, secret_token: secret, provider_token: 'TEST' }
  const { body } = await world
    .request('merchant')
    .post('/v1/connections')
    .send({ channel: 'telegram', settings, secrets })
  assert.ok(body.webhook_url, JSON.stringify(body))
  const url: string = body.webhook_url
  return {
    world,
    telegram,
    connectionId: parseId('connection', body.id) ?? '',
    url,
    ask: async ({ amount = 4200, currency = 'eur', person = 9, ...terms } = {}) => {
      const external_id = `${person}`
      const { body: thread } = await world
        .request()
        .post('/v1/threads')
        .send({ channel: 'telegram', external_id, participants: [{ external_id, role: 'payer' }] })
      const { body: intent } = await world
        .request()
        .post('/v1/payment_intents')
        .send({ amount, currency, thread: thread.id, participant: thread.participants[0].id, ...terms })
      assert.ok(intent.id, JSON.stringify(intent))
      const prices = [{ label: 'Order', amount }]
      const invoice = {
        chat_id: person,
        title: 'T',
        description: 'D',
        payload: intent.id,
        currency: currency.toUpperCase(),
        prices,
      }
      return { id: intent.id, invoice }
    },
    read: async (id) => {
      const { body: intent } = await world
        .request()
        .get(`/v1/payment_intents/${id}`)
        .query({ 'expand[]': 'latest_charge' })
      const { body: story } = await world.request().get(`/v1/payment_intents/${id}/explain`)
      return { ...intent, conflict: story.conflict }
    },
    tell: async (...updates) => {
      await Promise.all(updates.map((update) => deliver(url, update)))
      await world.settle()
    },
    captures: async (id) => {
      const { rows } = await sql<{ n: bigint }>`
        select count(*) as n from ledger_transactions
        where kind = 'capture' and payment_intent_id = ${parseId('paymentIntent', id)}`.execute(
        world.app.db.maintenance,
      )
      return Number(rows[0]?.n)
    },
    nativeState: async (id) => {
      const { rows } = await sql<{ state: string }>`
        select state from native_payments where payment_intent_id = ${parseId('paymentIntent', id)}`.execute(
        world.app.db.maintenance,
      )
      return rows[0]?.state
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
