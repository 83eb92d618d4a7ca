import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { type IdKind, newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { startFakeCustom } from './fake-custom.ts'
import { deliver } from './fake-server.ts'
import { startReceiver } from './receiver.ts'
import type { Shop } from './shop.ts'
import type { World } from './world.ts'

/** Gives a shop one object of every kind that has an id, and names them. Needs workers. */
export const fillShop = async (world: World, shop: Shop): Promise<Record<IdKind | string, string>> => {
  await using receiver = await startReceiver()
  const api = world.request('merchant', shop)
  const post = async (path: string, body: object) => (await api.post(path).send(body).expect(200)).body
  const first = async (path: string) => {
    const { body } = await api.get(path).expect(200)
    assert.ok(body.data[0], `nothing in ${path}`)
    return body.data[0]
  }
  const endpoint = await post('/v1/webhook_endpoints', { url: receiver.url, enabled_events: ['*'] })
  const thread = await post('/v1/threads', {
    channel: 'telegram',
    external_id: 'stock',
    participants: [{ external_id: '1', name: 'Léa' }],
  })
  const customer = await post('/v1/customers', { name: 'Léa' })
  const intent = await post('/v1/payment_intents', {
    amount: 4200,
    currency: 'eur',
    thread: thread.id,
    customer: customer.id,
    payment_method: 'pm_card_visa',
    setup_future_usage: 'off_session',
    confirm: true,
  })
  const setup = await post('/v1/setup_intents', { customer: customer.id })
  const refund = await post('/v1/refunds', { payment_intent: intent.id, amount: 100 })
  await post('/v1/payment_intents', {
    amount: 700,
    currency: 'eur',
    payment_method: 'pm_card_createDispute',
    confirm: true,
  })
  await post('/v1/payment_intents', {
    amount: 9000,
    currency: 'eur',
    payment_method: 'pm_card_bypassPending',
    confirm: true,
  })
  await world.settle()
  await world.sandboxControl('POST', 'payouts', { currency: 'eur' })
  const evidence = await api
    .post('/v1/files')
    .field('purpose', 'dispute_evidence')
    .attach('file', Buffer.from('%PDF-1.7'), 'receipt.pdf')
    .expect(200)
  const bill = await post('/v1/bills', {
    thread: thread.id,
    title: 'Dinner',
    currency: 'eur',
    amount: 100,
    participants: [{ participant: thread.participants[0].id }],
  })
  const checkout = await post('/v1/checkouts', { currency: 'eur', line_items: [{ name: 'Rose', unit_amount: 300 }] })
  const code = await post('/v1/promotion_codes', { code: 'STOCK', percent_off: 5 })
  const message = await post(`/v1/threads/${thread.id}/messages`, { text: 'Thank you' })
  const proposal = await post('/v1/ledger/transactions', {
    description: 'Receipt without a payment',
    reason: 'It stands on the bank statement',
    entries: [
      { account: '1010', currency: 'eur', amount: 5 },
      { account: '2090', currency: 'eur', amount: -5 },
    ],
  })
  const file = await post('/v1/exports', { format: 'csv' })
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const chats = await startFakeCustom({ secret, now: () => world.clock.now() })
  const connection = await post('/v1/connections', {
    channel: 'custom',
    settings: { name: 'Our chat', url: chats.hook },
    secrets: { signing_secret: secret },
  })
  await deliver(connection.webhook_url, chats.person('9').says('Hello'))
  await chats[Symbol.asyncDispose]()
  await world.settle()
  return {
    thread: thread.id,
    participant: thread.participants[0].id,
    customer: customer.id,
    paymentIntent: intent.id,
    setupIntent: setup.id,
    charge: intent.latest_charge,
    refund: refund.id,
    dispute: (await first('/v1/disputes')).id,
    outboundPayment: await insertOutbound(world, shop),
    payout: (await first('/v1/payouts')).id,
    balanceTransaction: (await first('/v1/balance_transactions')).id,
    file: evidence.body.id,
    bill: bill.id,
    checkout: checkout.id,
    promotionCode: code.id,
    message: message.id,
    webhookEndpoint: endpoint.id,
    event: (await first('/v1/events')).id,
    delivery: (await first('/v1/deliveries')).id,
    paymentMethod: intent.payment_method,
    providerEvent: (await first('/v1/provider_events')).id,
    ledgerAccount: (await first('/v1/ledger/accounts')).id,
    ledgerTransaction: (await first('/v1/ledger/transactions')).id,
    ledgerProposal: proposal.id,
    export: file.id,
    connection: connection.id,
    channelUpdate: (await first('/v1/channel_updates')).id,
    apiKey: (await first('/v1/api_keys')).id,
  }
}

/** As one stands that was posted long ago: no account of a plain world sends money to people. */
const insertOutbound = async ({ app }: World, { uuid }: Shop): Promise<string> => {
  const id = newUuid()
  await inTransaction(app.db, uuid, (tx) =>
    sql`insert into outbound_payments (merchant_id, id, status, amount, currency, payee, provider, source, is_sent,
        description, metadata, livemode, version, created_at, updated_at)
      values (${uuid}, ${id}, 'posted', 1, 'cny', 'o', 'wechatpay', 'pending', true, 'Prize', '{}', false, 1, now(), now())`.execute(
      tx,
    ),
  )
  return showId('outboundPayment', id)
}
