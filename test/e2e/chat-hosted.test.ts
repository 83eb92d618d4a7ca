import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startFakeCustom } from '../support/fake-custom.ts'
import { startFakeLine } from '../support/fake-line.ts'
import { startFakeMessenger } from '../support/fake-messenger.ts'
import { startFakeWechat } from '../support/fake-wechat.ts'
import { createWorld, type World } from '../support/world.ts'
import {
  bouquets,
  bouquetsTotal,
  type ChatSide,
  caller,
  checkTheBooks,
  payOnThePage,
  playTheSale,
  repeatEverything,
} from './chat-script.ts'

const hosted: Pick<ChatSide, 'order' | 'total' | 'pay'> = {
  order: bouquets,
  total: bouquetsTotal,
  pay: (card) => payOnThePage(card, world),
}

const stack = new AsyncDisposableStack()
let world: World
const sides = new Map<string, ChatSide>()

before(async () => {
  const messenger = stack.use(await startFakeMessenger({ pageId: '108', token: 'EAAB-page', appSecret: 'app-secret' }))
  const line = stack.use(await startFakeLine({ token: 'line-token', secret: 'line-secret' }))
  const wechat = stack.use(await startFakeWechat({ appId: 'wx2c2769f8efd9abc2', appSecret: 's', token: 'spamtest' }))
  const signing_secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const custom = stack.use(await startFakeCustom({ secret: signing_secret }))
  const channels = { meta: messenger.url, line: line.url, wechat: wechat.url }
  world = stack.use(await createWorld({ config: { channels } }))

  sides.set('messenger', {
    ...hosted,
    channel: 'messenger',
    account: {
      settings: { page_id: '108' },
      secrets: { page_access_token: 'EAAB-page', app_secret: 'app-secret', verify_token: 'verify-me' },
    },
    comes: () => [messenger.person('psid_ana').comes({ ref: 'spring', source: 'ADS', ad_id: '1201' })],
    says: (text) => messenger.person('psid_ana').says(text),
    stays: () => [
      messenger.person('psid_ana').taps('AGAIN', 'Once more'),
      messenger.person('psid_ana').comes({ ref: 'autumn', source: 'SHORTLINK' }),
      messenger.person('psid_ana').reads(),
    ],
    shown: () => messenger.sent.map(({ message }) => JSON.stringify(message)),
    calls: () => messenger.sent.length,
  })
  sides.set('line', {
    ...hosted,
    channel: 'line',
    account: { settings: {}, secrets: { channel_access_token: 'line-token', channel_secret: 'line-secret' } },
    comes: () => [line.person('Uana').follows()],
    says: (text) => line.person('Uana').says(text),
    stays: () => [line.person('Uana').taps('again')],
    shown: () => line.sent.map(({ message }) => JSON.stringify(message)),
    calls: () => line.sent.length,
  })
  sides.set('wechat', {
    ...hosted,
    channel: 'wechat',
    account: {
      settings: { app_id: 'wx2c2769f8efd9abc2', kind: 'official_account' },
      secrets: { app_secret: 's', token: 'spamtest' },
    },
    comes: () => [wechat.person('openid_ana').follows('spring')],
    says: (text) => wechat.person('openid_ana').says(text),
    stays: () => [wechat.person('openid_ana').clicks('AGAIN'), wechat.person('openid_ana').scans('autumn')],
    shown: () => wechat.sent.map(({ body }) => JSON.stringify(body)),
    calls: () => wechat.sent.length,
  })
  sides.set('custom', {
    ...hosted,
    channel: 'custom',
    account: { settings: { name: 'Our chat', url: custom.hook }, secrets: { signing_secret } },
    comes: () => [custom.person('ana', 'Ana').comes({ source: 'ad', ad_id: '1201' })],
    says: (text) => custom.person('ana', 'Ana').says(text),
    stays: () => [
      custom.person('ana', 'Ana').taps('again'),
      custom.update({ id: 'read_1', type: 'receipt', messages: custom.shown.map(({ id }) => id), state: 'read' }),
      custom.update({ id: 'late_1', type: 'receipt', messages: custom.shown.map(({ id }) => id), state: 'delivered' }),
    ],
    shown: () => custom.shown.map((message) => JSON.stringify(message)),
    calls: () => custom.shown.length,
  })
})
after(() => stack.disposeAsync())

/** How each platform's person reads receipt and refund. */
const words: Readonly<Record<string, readonly [receipt: RegExp, refund: RegExp]>> = {
  messenger: [/"template_type":"receipt".*"total_cost":58[,}]/, /€18\.00/],
  line: [/€58\.00.*\/receipts\//, /€18\.00/],
  wechat: [/€58\.00.*\/receipts\//, /€18\.00/],
  custom: [/"type":"receipt".*"amount":5800,.*\/receipts\//, /"type":"refund_notice".*€18\.00/],
}

for (const [channel, [receipt, refund]] of Object.entries(words))
  describe(`a payer on ${channel}`, () => {
    test('writes, gets a card, pays on the page, reads the receipt and the refund; repeats change nothing', async () => {
      const side = sides.get(channel)
      assert.ok(side)
      const play = await playTheSale(world, side)
      assert.match(side.shown()[1] ?? '', receipt)
      assert.match(side.shown()[2] ?? '', refund)
      await checkTheBooks(world, side, play)
      await repeatEverything(world, side, play)
      await checkTheBooks(world, side, play)
    })
  })

describe('what Messenger tells besides', () => {
  const bot = () => caller(world, 'bot')
  const thread = async () => (await bot().get('/v1/threads?channel=messenger')).data[0]

  test('how the person came first and last; the payment keeps what was so when it was asked for', async () => {
    const { id, attribution } = await thread()
    assert.deepEqual([attribution.first_touch.ad_id, attribution.last_touch.ref], ['1201', 'autumn'])
    const { data } = await bot().get(`/v1/payment_intents?thread=${id}`)
    assert.deepEqual(
      [data.length, data[0].attribution.first_touch.ad_id, data[0].attribution.last_touch.ref],
      [1, '1201', 'spring'],
    )
  })

  test('everything that was shown has been read', async () => {
    const { id } = await thread()
    const { data } = await bot().get(`/v1/threads/${id}/messages`)
    const shown = data.filter(({ direction }: { direction: string }) => direction === 'out')
    assert.deepEqual(shown.map(({ kind, state }: { kind: string; state: string }) => [kind, state]).toReversed(), [
      ['checkout_summary', 'read'],
      ['receipt', 'read'],
      ['refund_notice', 'read'],
    ])
  })
})

describe('a visitor of the web chat', () => {
  test('writes, pays on the page, and reads card, receipt and refund where the chat is shown', async () => {
    const bot = caller(world, 'bot')
    const merchant = caller(world, 'merchant')
    await merchant.post('/v1/connections', { channel: 'webchat', settings: {}, secrets: {} })
    const thread = await bot.post('/v1/threads', {
      channel: 'webchat',
      external_id: 'visit-1',
      participants: [{ external_id: 'ana', role: 'payer', name: 'Ana' }],
    })
    const { url } = await bot.post(`/v1/threads/${thread.id}/chat_token`, {})
    const body = new URLSearchParams({ text: 'I would like to buy flowers' })
    assert.equal((await fetch(`${url}/messages`, { method: 'POST', body, redirect: 'manual' })).status, 303)
    await world.settle()
    const heard = (await bot.get(`/v1/threads/${thread.id}/messages`)).data[0]
    assert.deepEqual([heard.direction, heard.text], ['in', 'I would like to buy flowers'])
    const checkout = await bot.post('/v1/checkouts', { thread: thread.id, ...bouquets })
    await bot.post(`/v1/threads/${thread.id}/messages`, { checkout: checkout.id })
    await world.settle()
    const kinds = async (): Promise<string[]> =>
      (await bot.get(`/v1/threads/${thread.id}/messages`)).data.map(({ kind }: { kind: string }) => kind).toReversed()
    const room = async (): Promise<string> => (await fetch(url)).text()
    assert.match(await room(), /Bouquet “Nanterre”.*€54\.50/s)
    await payOnThePage(await room(), world)
    await world.settle()
    assert.deepEqual(await kinds(), ['text', 'checkout_summary', 'receipt'])
    await merchant.post('/v1/refunds', { payment_intent: checkout.payment_intent, amount: 1800 })
    await world.settle()
    assert.deepEqual(await kinds(), ['text', 'checkout_summary', 'receipt', 'refund_notice'])
    assert.match(await room(), /€58\.00.*\/receipts\/.*€18\.00/s)
    await checkTheBooks(world, { total: bouquetsTotal }, { intent: checkout.payment_intent })
  })
})

test('after all this the provider and the books agree to the unit', async () => {
  await world.settle()
  await world.verifyInvariants()
})
