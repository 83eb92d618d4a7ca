import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type FakeWhatsapp, startFakeWhatsapp } from '../support/fake-meta.ts'
import { type FakeTelegram, startFakeTelegram } from '../support/fake-telegram.ts'
import { type Book, findBrokenInvariants } from '../support/invariants.ts'
import { createStripeClient } from '../support/stripe-client.ts'
import type { Invoice } from '../support/telegram-limits.ts'
import type { OrderParameters } from '../support/whatsapp-limits.ts'
import { createWorld, type World } from '../support/world.ts'
import { bouquets, bouquetsTotal, type ChatSide, checkTheBooks, playTheSale, repeatEverything } from './chat-script.ts'

const stack = new AsyncDisposableStack()
let world: World
let telegram: FakeTelegram
let meta: FakeWhatsapp
before(async () => {
  telegram = stack.use(await startFakeTelegram({ token: '700:AAtoken', secret: 'a-secret-of-the-bot' }))
  meta = stack.use(
    await startFakeWhatsapp({ phoneNumberId: '106540352242922', token: 'EAAB', appSecret: 'app-secret' }),
  )
  world = stack.use(await createWorld({ config: { channels: { telegram: telegram.url, meta: meta.url } } }))
})
after(() => stack.disposeAsync())

const address = {
  country_code: 'FR',
  state: '',
  city: 'Paris',
  street_line1: '1 rue de la Paix',
  street_line2: '',
  post_code: '75002',
}

/** The charge that Telegram's processor makes: in the merchant's own account at Stripe, without us. */
const foreign = new Set<string>()
const chargeAtTheProcessor = async (amount: number, currency: string): Promise<string> => {
  const stripe = createStripeClient(world.sandbox.url, 'sk_test_world')
  const terms = { amount, currency, confirm: true, payment_method: 'pm_card_visa', payment_method_types: ['card'] }
  const { id, latest_charge } = await stripe.paymentIntents.create(terms)
  foreign.add(id)
  return String(latest_charge)
}

const onTelegram = (): ChatSide => ({
  channel: 'telegram',
  account: {
    settings: { psp: 'stripe' },
    secrets: { bot_token: '700:AAtoken', secret_token: 'a-secret-of-the-bot', provider_token: 'TEST' },
  },
  order: bouquets,
  total: bouquetsTotal,
  says: (text) => telegram.person(9).says(text),
  shown: () => telegram.sent.filter(({ method }) => method.startsWith('send')).map((one) => JSON.stringify(one)),
  calls: () => telegram.sent.length + telegram.answers.size,
  pay: async (card, send) => {
    const { method, body } = JSON.parse(card) as { method: string; body: Invoice }
    assert.equal(method, 'sendInvoice')
    const ana = telegram.person(9)
    await send(ana.asksForShipping(body, address, 'where'))
    const { ok, shipping_options: options } = telegram.answers.get('where') as Record<string, unknown>
    assert.deepEqual([ok, (options as { id: string }[]).map(({ id }) => id)], [true, ['bike', 'van']])
    const order_info = { name: 'Ana Lima', email: 'ana@example.com', shipping_address: address }
    const chosen = { total: bouquetsTotal, shipping_option_id: 'bike', order_info }
    await send(ana.asks(body, { id: 'may I', ...chosen }))
    assert.deepEqual(telegram.answers.get('may I'), { pre_checkout_query_id: 'may I', ok: true })
    const processor = await chargeAtTheProcessor(bouquetsTotal, 'eur')
    await send(ana.pays(body, 'tg_1', { ...chosen, processor }))
  },
})

const ana = '919800000001'
const onWhatsapp = (): ChatSide => ({
  channel: 'whatsapp',
  account: {
    settings: {
      phone_number_id: '106540352242922',
      india: { gateway: 'razorpay', configuration_name: 'upi-test', catalog_id: '1' },
    },
    secrets: { access_token: 'EAAB', app_secret: 'app-secret', verify_token: 'verify-me' },
  },
  order: { currency: 'inr', line_items: [{ name: 'E-book', quantity: 2, unit_amount: 10_500, is_digital: true }] },
  total: 21_000,
  says: (text) => meta.says(ana, text),
  shown: () => meta.sent.map(({ message }) => JSON.stringify(message)),
  calls: () => meta.sent.length + meta.refunds.length,
  pay: async (card, send) => {
    const { parameters } = JSON.parse(card).interactive.action as { parameters: OrderParameters }
    await send(meta.pays(ana, parameters.reference_id, { id: 'tx_1', status: 'pending' }))
    await send(meta.pays(ana, parameters.reference_id, { id: 'tx_1', status: 'success' }))
  },
  givesBack: () => {
    const [order] = meta.attempts
    const paid = order?.[1][0]
    assert.ok(order && paid)
    return tellRefund(order[0], paid)
  },
})

const tellRefund = (reference: string, paid: { id: string; refunds: { status: string }[] }) => {
  for (const refund of paid.refunds) refund.status = 'success'
  const { total_amount: amount, currency } = meta.order(reference)
  const transaction = { id: paid.id, status: 'success', type: 'razorpay', method: { type: 'upi' } }
  const payment = { reference_id: reference, amount, currency, transaction, refunds: paid.refunds }
  const about = { id: 'wamid.refund', recipient_id: ana, type: 'payment', status: 'captured', timestamp: '1795400000' }
  return meta.update({ statuses: [{ ...about, payment }] })
}

const play = async (side: ChatSide): Promise<void> => {
  const played = await playTheSale(world, side)
  await checkTheBooks(world, side, played)
  await repeatEverything(world, side, played)
  await checkTheBooks(world, side, played)
}

describe('a payer on telegram', () => {
  test('writes, chooses shipping and pays inside the chat, reads the receipt and the refund; repeats change nothing', async () => {
    const side = onTelegram()
    await play(side)
    const [, receipt, refund] = side.shown()
    assert.match(receipt ?? '', /€58\.00.*\/receipts\//)
    assert.match(refund ?? '', /€18\.00/)
    const edits = telegram.sent.filter(({ method }) => method === 'editMessageReplyMarkup')
    assert.deepEqual(
      edits.map(({ body }) => body.reply_markup),
      [undefined],
      'what is paid has no button any more',
    )
  })
})

describe('a payer on whatsapp', () => {
  test('writes, pays the order inside the chat, reads its state and the refund; repeats change nothing', async () => {
    const side = onWhatsapp()
    await play(side)
    const [, receipt, refund] = side.shown()
    assert.match(receipt ?? '', /"type":"order_status".*₹210\.00/)
    assert.match(refund ?? '', /₹18\.00/)
    assert.deepEqual(
      meta.refunds.map(({ amount }) => amount),
      [{ currency: 'INR', value: '1800', offset: '100' }],
    )
  })
})

test('after all this the books are right, beside what the processor did without us', async () => {
  await world.settle()
  const book = await world.sandboxControl<Book>('GET', 'book')
  const ours = book.payment_intents.filter(({ id }) => !foreign.has(id))
  assert.equal(book.payment_intents.length - ours.length, 1)
  assert.equal(book.payment_intents.find(({ id }) => foreign.has(id))?.refunded, 1800)
  assert.deepEqual(await findBrokenInvariants(world.app, { ...book, payment_intents: ours }), [])
})
