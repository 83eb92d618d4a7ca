/**
 * A Telegram bot that sells. Parley talks to Telegram; the bot hears signed events and answers by the API:
 *
 *   PUBLIC_URL=https://… npm start           Telegram must reach Parley: any tunnel to it will do
 *   TELEGRAM_BOT_TOKEN=… node examples/telegram-bot.ts
 *
 * With TELEGRAM_PROVIDER_TOKEN (of @BotFather) the payer pays inside the chat, else on the hosted page.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

const { PARLEY_URL, PARLEY_KEY, TELEGRAM_BOT_TOKEN = '', TELEGRAM_PROVIDER_TOKEN } = process.env
const { TELEGRAM_API = 'https://api.telegram.org' } = process.env
const demo = PARLEY_URL ? undefined : await readFile(new URL('../.parley/demo.json', import.meta.url), 'utf8')
const parley = demo ? JSON.parse(demo) : { api_base: PARLEY_URL, keys: { service: PARLEY_KEY } }

const post = (path: string, body: object, key?: string) =>
  call(path, { method: 'POST', body: JSON.stringify(body) }, key)

// 1. Parley gets the token, Telegram the address to which it shall post, both the same secret.
const secret_token = randomBytes(24).toString('hex')
const account = {
  settings: TELEGRAM_PROVIDER_TOKEN ? { psp: 'other' } : {},
  secrets: {
    bot_token: TELEGRAM_BOT_TOKEN,
    secret_token,
    ...(TELEGRAM_PROVIDER_TOKEN ? { provider_token: TELEGRAM_PROVIDER_TOKEN } : {}),
  },
}
const known = (await call('/v1/connections?channel=telegram')).data[0]
const connection = known
  ? await post(`/v1/connections/${known.id}`, account)
  : await post('/v1/connections', { channel: 'telegram', ...account })
await fetch(`${TELEGRAM_API}/bot${TELEGRAM_BOT_TOKEN}/setWebhook`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    url: connection.webhook_url,
    secret_token,
    allowed_updates: ['message', 'callback_query', 'pre_checkout_query', 'shipping_query'],
  }),
})

// 2. The bot hears what happens. The signature is over the bytes as they came: parse only what has been verified.
const server = createServer(async (request, response) => {
  const event = verify(await text(request), request.headers)
  // Answer first, work later.
  response.writeHead(event ? 204 : 400).end()
  if (event) await hear(event).catch((error) => console.error(event.type, error))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const endpoint = await post('/v1/webhook_endpoints', {
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  enabled_events: ['thread.message.received', 'checkout.completed'],
})
console.log(`${connection.name} is open. Write it "buy". Stop with Ctrl-C.`)
process.once('SIGINT', () => call(`/v1/webhook_endpoints/${endpoint.id}`, { method: 'DELETE' }).finally(process.exit))

// 3. The event's id makes each answer one answer, however often the event is delivered.
async function hear({ id, type, data: { object } }: ParleyEvent): Promise<void> {
  const { channel } = await call(`/v1/threads/${object.thread}`)
  if (channel !== 'telegram') return
  const say = (message: object) => post(`/v1/threads/${object.thread}/messages`, message, `${id}-message`)
  if (type === 'checkout.completed') return say({ text: 'Thank you! We are tying your bouquet.' })
  if (!/\bbuy\b/i.test(object.text)) return say({ text: 'Write “buy” and I show you today’s bouquet.' })
  const line_items = [{ name: 'Bouquet “Nanterre”', quantity: 1, unit_amount: 4200 }]
  const order = { thread: object.thread, currency: 'eur', line_items, expires_in: 86_400 }
  const checkout = await post('/v1/checkouts', order, `${id}-checkout`)
  await say({ checkout: checkout.id })
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API; openapi.yaml has its types
async function call(path: string, init: RequestInit = {}, key?: string): Promise<any> {
  const headers = {
    authorization: `Bearer ${parley.keys.service}`,
    'content-type': 'application/json',
    ...(key ? { 'idempotency-key': key } : {}),
  }
  const answer = await fetch(`${parley.api_base}${path}`, { ...init, headers })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${path}: ${body.error.message}`)
  return body
}

function verify(body: string, headers: IncomingHttpHeaders): ParleyEvent | undefined {
  try {
    return new Webhook(endpoint.secret).verify(body, headers as Record<string, string>) as ParleyEvent
  } catch {
    return undefined
  }
}

interface ParleyEvent {
  id: string
  type: string
  data: { object: { thread: string; text: string } }
}
