import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ChannelId } from '#channels/channel.ts'
import { complainOf as complainOfLine, type LineMessage } from '../support/fake-line.ts'
import { createLineValidator, noLineSpec } from '../support/line-schema.ts'
import { complainOfMessage, type MessengerMessage } from '../support/messenger-limits.ts'
import { samples } from '../support/sample-connections.ts'
import { complainOfCall, type Invoice } from '../support/telegram-limits.ts'
import { createTelegramCheck, noTelegramSpec } from '../support/telegram-spec.ts'
import { complainOfCall as complainOfWechat, type WechatBody } from '../support/wechat-limits.ts'
import { createWhatsappExamples, noWhatsappSpec } from '../support/whatsapp-examples.ts'
import { complainOfWhatsapp } from '../support/whatsapp-limits.ts'
import { createWorld, type World } from '../support/world.ts'
import { caller } from './chat-script.ts'

/** The same order everywhere: 2 × 2123 + 1234 + 350, in the smallest coins of whatever currency. */
const order = {
  line_items: [
    { name: 'Bouquet “Nanterre”, twelve roses with a ribbon and a card', quantity: 2, unit_amount: 2123 },
    { name: 'Vase', quantity: 1, unit_amount: 1234 },
  ],
  shipping_address: { line1: '1 rue de la Paix', city: 'Paris', postal_code: '75002', country: 'FR' },
  shipping_options: [{ id: 'bike', title: 'By bike', amount: 350 }],
  shipping_option: 'bike',
  expires_in: 86_400,
}
const total = 5830
const shown: Readonly<Record<string, RegExp>> = {
  eur: /€58\.30/,
  jpy: /¥5,830/,
  kwd: /KWD\s5\.830/,
  brl: /R\$58\.30/,
}

/** Where each thread is, and what the connection can. */
const threads = {
  messenger: { external_id: 'psid_ana', settings: samples.messenger.settings },
  whatsapp: {
    external_id: '5511987654321',
    settings: { ...samples.whatsapp.settings, brazil: { enabled: true } },
  },
  telegram: { external_id: '9', settings: { psp: 'stripe' } },
  wechat: { external_id: 'openid_ana', settings: samples.wechat.settings },
  line: { external_id: 'Uana', settings: samples.line.settings },
  webchat: { external_id: 'visit', settings: samples.webchat.settings },
} satisfies Partial<Record<ChannelId, object>>
type Six = keyof typeof threads

interface Preview {
  channel: string
  method: string
  // biome-ignore lint/suspicious/noExplicitAny: a payload of whatever platform
  payload: any
  text: string
}

let world: World
before(async () => {
  world = await createWorld({ work: false })
  for (const [channel, { settings }] of Object.entries(threads)) {
    const { externalId, secrets } = samples[channel as Six]
    const account = { externalId, name: 'Fleurs', settings, secrets }
    const scope = { merchantId: world.shop.uuid, livemode: false }
    await world.app.services.connections.insertConnection(scope, channel as Six, account)
  }
})
after(() => world[Symbol.asyncDispose]())

const preview = async (channel: Six, currency: string): Promise<Preview> => {
  const bot = caller(world, 'bot')
  const { external_id } = threads[channel]
  const checkout = await bot.post('/v1/checkouts', { thread: { channel, external_id }, currency, ...order })
  assert.equal(checkout.amount_total, total)
  const { data } = await bot.post(`/v1/threads/${checkout.thread}/messages?preview=true`, { checkout: checkout.id })
  assert.equal(data.length, 1)
  assert.equal(data[0].channel, channel)
  assert.match(data[0].text, shown[currency] ?? /^$/, 'without the card it says the amount too')
  return data[0]
}

const link = /^http:\/\/127\.0\.0\.1:\d+\/pay\/[\w-]+$/

for (const [currency, amount] of Object.entries(shown))
  describe(`one checkout of ${total} ${currency} in six threads`, () => {
    test('Messenger: a template within the table of limits, with the link', async () => {
      const { payload } = await preview('messenger', currency)
      const message: MessengerMessage = payload.message
      assert.equal(complainOfMessage(message, false), undefined)
      assert.deepEqual([payload.recipient, payload.messaging_type], [{ id: 'psid_ana' }, 'RESPONSE'])
      const text = JSON.stringify(message)
      assert.match(text, amount)
      assert.match(buttonOf(message) ?? '', link)
    })

    test('WhatsApp: as its published examples; in Brazil an order in hundredths', async () => {
      const { payload, method } = await preview('whatsapp', currency)
      assert.equal(method, 'POST /106/messages')
      assert.equal(complainOfWhatsapp(payload, world.clock.now()), undefined)
      const { type, action } = payload.interactive
      assert.equal(type, currency === 'brl' ? 'order_details' : 'cta_url')
      assert.match(JSON.stringify(payload), amount)
      const { parameters } = action
      if (type === 'cta_url') return assert.match(parameters.url, link)
      assert.deepEqual([parameters.total_amount, parameters.currency], [{ value: total, offset: 100 }, 'BRL'])
      assert.match(parameters.payment_settings[0].payment_link.uri, link)
    })

    test('Telegram: an invoice by the Bot API, in its own units', { skip: noTelegramSpec }, async () => {
      const { payload, method } = await preview('telegram', currency)
      assert.equal(method, 'sendInvoice')
      assert.equal('provider_token' in payload, false, 'no secret is shown')
      assert.deepEqual(createTelegramCheck().method(method, payload), [])
      assert.equal(complainOfCall(method, { ...payload, provider_token: 'TEST' }), undefined)
      const { prices, currency: code } = payload as Invoice
      assert.deepEqual([prices.reduce((sum, price) => sum + price.amount, 0), code], [total, currency.toUpperCase()])
    })

    test('WeChat: a service message within its limits, with the link', async () => {
      const { payload } = await preview('wechat', currency)
      assert.equal(complainOfWechat('custom', payload as WechatBody), undefined)
      assert.match(JSON.stringify(payload), amount)
      assert.match(JSON.stringify(payload), /\/pay\/[\w-]+/)
    })

    test('LINE: a bubble by its OpenAPI document', { skip: noLineSpec }, async () => {
      const { payload } = await preview('line', currency)
      assert.deepEqual(createLineValidator('PushMessageRequest')(payload), [])
      const messages: LineMessage[] = payload.messages
      assert.deepEqual(messages.flatMap(complainOfLine), [])
      assert.match(messages[0]?.altText ?? '', amount)
      assert.match(JSON.stringify(messages), /"uri":"http:[^"]+\/pay\/[\w-]+"/)
    })

    test('web chat: the whole card, in minor units beside the words', async () => {
      const { payload } = await preview('webchat', currency)
      assert.deepEqual([payload.card.amount, payload.card.currency], [total, currency])
      assert.match(payload.card.amount_text, amount)
    })
  })

const buttonOf = (message: MessengerMessage): string | undefined => {
  const { buttons, elements } = message.attachment?.payload ?? {}
  return (buttons ?? elements?.[0]?.buttons)?.find(({ type }) => type === 'web_url')?.url
}

test('WhatsApp: an order has no field that the published example lacks', { skip: noWhatsappSpec }, async () => {
  const compare = createWhatsappExamples()
  const { payload } = await preview('whatsapp', 'brl')
  assert.deepEqual(compare('Send Order Details Message', payload), [])
  const wrong = structuredClone(payload)
  wrong.interactive.action.parameters.total_amount.value = '58.30'
  assert.deepEqual(compare('Send Order Details Message', wrong), [
    'interactive.action.parameters.total_amount.value: string',
  ])
})
