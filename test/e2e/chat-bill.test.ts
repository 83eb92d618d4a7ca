import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliver } from '../support/fake-server.ts'
import { startFakeTelegram } from '../support/fake-telegram.ts'
import { createWorld } from '../support/world.ts'
import { caller } from './chat-script.ts'

const group = { id: -1001, type: 'supergroup', title: 'Friday table' }
const token = '700:AAtoken'
const secret = 'a-secret-of-the-bot'

test('a bill of 100.00 in a Telegram group: three pay their parts, the one message follows, a refund is shared', async () => {
  await using telegram = await startFakeTelegram({ token, secret })
  await using world = await createWorld({ config: { channels: { telegram: telegram.url } } })
  const merchant = caller(world, 'merchant')
  const bot = caller(world, 'bot')
  const { webhook_url } = await merchant.post('/v1/connections', {
    channel: 'telegram',
    settings: {},
    secrets: { bot_token: token, secret_token: secret },
  })
  const people = ['Ana', 'Ben', 'Chloé'].map((first_name, index) => ({ id: 41 + index, first_name }))
  const said = people.map(({ id, first_name }) =>
    telegram.person(id, { first_name }).says('We would like to pay', group),
  )
  for (const update of said) assert.equal((await deliver(webhook_url, update)).status, 200)
  await world.settle()
  const { data } = await bot.get('/v1/threads?channel=telegram')
  assert.equal(data.length, 1, 'one group is one thread')
  const [{ id: thread, participants }] = data
  assert.deepEqual(participants.map(({ name }: { name: string }) => name).toSorted(), ['Ana', 'Ben', 'Chloé'])

  const bill = await bot.post('/v1/bills', {
    thread,
    title: 'Dinner',
    currency: 'eur',
    amount: 10_000,
    participants: people.map(({ id }) => ({ participant: { external_id: `${id}` } })),
  })
  const amounts = bill.shares.map(({ amount }: { amount: number }) => amount)
  assert.deepEqual(amounts, [3334, 3333, 3333])
  await world.settle()
  const progress = () =>
    telegram.sent.map(({ method, id, body }) => [
      method,
      id,
      /€[\d.]+ of €100\.00|All paid/.exec(String(body.text))?.[0],
    ])
  const [[, message]] = progress() as [[string, number, string]]
  assert.deepEqual(progress(), [['sendMessage', message, '€0.00 of €100.00']])

  for (const { payment_intent } of bill.shares) {
    await world.stripe().paymentIntents.confirm(payment_intent, { payment_method: 'pm_card_visa' })
    await world.settle()
  }
  const shown = progress().filter(([, , text]) => text !== undefined)
  assert.deepEqual(shown, [
    ['sendMessage', message, '€0.00 of €100.00'],
    ['editMessageText', message, '€33.34 of €100.00'],
    ['editMessageText', message, '€66.67 of €100.00'],
    ['editMessageText', message, 'All paid'],
  ])

  await merchant.post(`/v1/bills/${bill.id}/refund`, { amount: 1000 })
  await world.settle()
  const after = await bot.get(`/v1/bills/${bill.id}`)
  const back = await Promise.all(
    after.shares.map(async ({ payment_intent: id }: { payment_intent: string }) => {
      const { amount_refunded } = await bot.get(`/v1/payment_intents/${id}`)
      return amount_refunded
    }),
  )
  assert.deepEqual(back.toSorted(), [333, 333, 334])
  await world.verifyInvariants()

  const before = telegram.sent.length
  for (const update of [...said, ...said].toReversed()) await deliver(webhook_url, update)
  await world.settle()
  assert.equal(telegram.sent.length, before)
})
