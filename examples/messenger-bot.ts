/**
 * A Messenger bot that sells. Parley talks to Facebook; the bot hears signed events and answers by the API:
 *
 *   PUBLIC_URL=https://… npm start           Facebook must reach Parley: any tunnel to it will do
 *   PAGE_ID=… PAGE_ACCESS_TOKEN=… APP_SECRET=… VERIFY_TOKEN=… node examples/messenger-bot.ts
 *
 * It prints the address to enter in the app's dashboard, together with VERIFY_TOKEN, a word of your own.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

const { PARLEY_URL, PARLEY_KEY, PAGE_ID, PAGE_ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN } = process.env
const demo = PARLEY_URL ? undefined : await readFile(new URL('../.parley/demo.json', import.meta.url), 'utf8')
const parley = demo ? JSON.parse(demo) : { api_base: PARLEY_URL, keys: { service: PARLEY_KEY } }

const post = (path: string, body: object, key?: string) =>
  call(path, { method: 'POST', body: JSON.stringify(body) }, key)

// 1. Parley asks Facebook whose token it is before it keeps it.
const account = {
  settings: { page_id: PAGE_ID },
  secrets: { page_access_token: PAGE_ACCESS_TOKEN, app_secret: APP_SECRET, verify_token: VERIFY_TOKEN },
}
const known = (await call('/v1/connections?channel=messenger')).data[0]
const connection = known
  ? await post(`/v1/connections/${known.id}`, account)
  : await post('/v1/connections', { channel: 'messenger', ...account })

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
console.log(`${connection.name}: callback URL ${connection.webhook_url}. Write the page "buy". Stop with Ctrl-C.`)
process.once('SIGINT', () => call(`/v1/webhook_endpoints/${endpoint.id}`, { method: 'DELETE' }).finally(process.exit))

// 3. The event's id makes each answer one answer, however often the event is delivered.
async function hear({ id, type, data: { object } }: ParleyEvent): Promise<void> {
  const { channel } = await call(`/v1/threads/${object.thread}`)
  if (channel !== 'messenger') return
  const say = (message: object) => post(`/v1/threads/${object.thread}/messages`, message, `${id}-message`)
  if (type === 'checkout.completed') return say({ text: 'Thank you! We are tying your bouquet.' })
  // "Get started" is a postback; people who come by an advertisement bring a touch.
  if (!/\bbuy\b/i.test(object.text) && object.postback !== 'BUY')
    return say({ text: object.touch ? 'Welcome! Write “buy” for the bouquet you saw.' : 'Write “buy” for a bouquet.' })
  const line_items = [{ name: 'Bouquet “Nanterre”', quantity: 1, unit_amount: 4200 }]
  const asked = { requires: { email: true }, tip: { max: 1000, suggested: [200, 400] } }
  const order = { thread: object.thread, currency: 'eur', line_items, ...asked, expires_in: 86_400 }
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
  data: { object: { thread: string; text: string; postback: string | null; touch: object | null } }
}
