/**
 * Draws what a payer sees in each chat, from the payloads that the adapters really make:
 *
 *   node test/browser/channel-pictures.ts        writes docs/channels/*.png
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { createChannels } from '#app-channels.ts'
import type { NativeOffer } from '#channels/card.ts'
import type { ChannelId, Rendered } from '#channels/channel.ts'
import { composeReceipt } from '#messages/cards/compose-receipt.ts'
import { composeRequest, type RequestFacts } from '#messages/cards/compose-request.ts'
import { chooseSpeech } from '#messages/cards/language.ts'
import { readTheme } from '#messages/cards/theme-schemas.ts'
import { inTransaction } from '#platform/database.ts'
import { caller } from '../e2e/chat-script.ts'
import { currencyOf, renderRequest } from '../support/sample-cards.ts'
import { sampleConnection } from '../support/sample-connections.ts'
import { createWorld } from '../support/world.ts'
import { drawChat, drawings } from './channel-drawings.ts'
import { openBrowser, visit } from './chromium.ts'

const shop = 'Fleurs de Nanterre'
const wish = 'I would like to buy flowers'
const theme = { accent: '#1a5c3a' }
const voice = { ...chooseSpeech('en'), theme: readTheme(shop, theme, 'en') }
const url = (page: string) => `https://pay.example/${page}/AZ3q`
const bouquet = 'https://shop.example/bouquet.jpg'
const flowers = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 130"><rect width="300" height="130" fill="#e9efe4"/>
<g stroke="#4d7a4a" stroke-width="4">${[110, 135, 150, 165, 190].map((x) => `<path d="M150 126 L${x} 55"/>`).join('')}</g>
${[
  [110, 52, '#d9587b'],
  [135, 38, '#f2a2b5'],
  [150, 58, '#b93a5e'],
  [165, 36, '#e8798f'],
  [190, 54, '#f5c1cc'],
]
  .map(([x, y, colour]) => `<circle cx="${x}" cy="${y}" r="18" fill="${colour}"/>`)
  .join('')}</svg>`

const order = (currency: string): RequestFacts => ({
  title: 'Bouquet “Nanterre”',
  amount: 4550n,
  currency: currencyOf(currency),
  url: url('pay'),
  expiresAt: new Date('2026-11-22T18:00:00Z'),
  state: 'open',
  order: {
    lines: [{ name: 'Bouquet “Nanterre”', quantity: 2, unitAmount: 2100n, amount: 4200n, imageUrl: bouquet }],
    totals: [
      { kind: 'subtotal', amount: 4200n },
      { kind: 'shipping', amount: 350n },
      { kind: 'total', amount: 4550n },
    ],
  },
})

const offer = (isDigital: boolean): NativeOffer => ({
  payload: 'pi_01jd2q8p1xf0srd3q7m9w1c4zm',
  description: 'Two bouquets, brought to you by bike',
  prices: [{ label: 'Total', amount: 4550n }],
  needs: { name: false, phone: false, email: false, shipping: false },
  isFlexible: false,
  isDigital,
  isOpenToAll: false,
})

const channels = createChannels({})
/** The request and its receipt as this channel sends them. */
const sell = (channel: ChannelId, currency = 'eur', settings: object = {}, native?: NativeOffer): Rendered[] => {
  const plain = sampleConnection(channel)
  const connection = { ...plain, settings: { ...plain.settings, ...settings } }
  const facts = order(currency)
  const receipt = composeReceipt(
    voice,
    {
      ...facts,
      payerName: 'Ana Lima',
      method: { brand: 'visa', last4: '4242' },
      paidAt: new Date('2026-11-22T17:05:00Z'),
      url: url('receipts'),
      ...(native ? { answers: 'msg_0001' } : {}),
    },
    'msg_0002',
  )
  return [composeRequest(voice, facts, 'msg_0001', native), receipt].map((card) =>
    channels[channel].render(renderRequest(connection, { text: '', card }, { threadExternalId: '919800000001' })),
  )
}

const india = { gateway: 'razorpay', configuration_name: 'upi', catalog_id: '1' }
const pictures: readonly (readonly [name: string, drawing: keyof typeof drawings, cards: Rendered[]])[] = [
  ['messenger', 'messenger', sell('messenger')],
  ['whatsapp', 'whatsapp', sell('whatsapp')],
  ['whatsapp-india', 'whatsapp', sell('whatsapp', 'inr', { india }, offer(true))],
  ['telegram', 'telegram', sell('telegram')],
  ['telegram-invoice', 'telegram', sell('telegram', 'eur', { psp: 'stripe' }, offer(false))],
  ['wechat', 'wechat', sell('wechat')],
  ['line', 'line', sell('line')],
  ['custom', 'custom', sell('custom')],
]

const bytesMax = 60_000
const save = async (name: string, bytes: Buffer): Promise<void> => {
  assert.ok(bytes.length <= bytesMax, `${name}: ${bytes.length} bytes`)
  await writeFile(new URL(`../../docs/channels/${name}.png`, import.meta.url), bytes)
  console.log(`docs/channels/${name}.png ${bytes.length}`)
}

await using browser = await open()
for (const [name, drawing, cards] of pictures) {
  await using opened = await visit(browser.it, { viewport: { width: 380, height: 300 } })
  const { page } = opened
  await page.route(bouquet, (route) => route.fulfill({ contentType: 'image/svg+xml', body: flowers }))
  await page.setContent(drawChat(drawings[drawing], shop, [wish, ...cards]), { waitUntil: 'load' })
  await save(name, await page.screenshot({ fullPage: true }))
}
await save('webchat', await shootWebchat(browser.it))

/** Our own chat needs no drawing: it is opened. */
async function shootWebchat(chromium: Browser): Promise<Buffer> {
  await using world = await createWorld()
  const florist = await world.openShop(shop)
  await inTransaction(world.app.db, florist.uuid, (tx) =>
    tx
      .updateTable('merchants')
      .set({ settings: JSON.stringify(theme) })
      .execute(),
  )
  const bot = caller(world, 'bot', florist)
  const { id } = await bot.post('/v1/threads', {
    channel: 'webchat',
    external_id: 'picture',
    participants: [{ external_id: 'ana', name: 'Ana' }],
  })
  const { url: room } = await bot.post(`/v1/threads/${id}/chat_token`, {})
  await fetch(`${room}/messages`, { method: 'POST', body: new URLSearchParams({ text: wish }), redirect: 'manual' })
  const sale = async () => {
    const line_items = [{ name: 'Bouquet “Nanterre”', quantity: 2, unit_amount: 2100 }]
    const checkout = await bot.post('/v1/checkouts', { thread: id, currency: 'eur', line_items })
    await bot.post(`/v1/threads/${id}/messages`, { checkout: checkout.id })
    return checkout.payment_intent
  }
  await world.stripe('service', florist).paymentIntents.confirm(await sale(), { payment_method: 'pm_card_visa' })
  await world.settle()
  await sale()
  await world.settle()
  await using opened = await visit(chromium, { viewport: { width: 380, height: 900 } })
  await opened.page.goto(room)
  return await opened.page.screenshot()
}

async function open(): Promise<{ it: Browser } & AsyncDisposable> {
  const it = await openBrowser()
  return { it, [Symbol.asyncDispose]: () => it.close() }
}
