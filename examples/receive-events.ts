/**
 * Receives Parley's events and verifies each signature. Start Parley first, then this, then pay something:
 *
 *   npm start
 *   node examples/receive-events.ts
 *   node examples/pay-in-a-thread.ts pm_card_visa
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import Stripe from 'stripe'

interface Demo {
  api_base: string
  keys: { service: string }
}

const demo: Demo = JSON.parse(await readFile(new URL('../.parley/demo.json', import.meta.url), 'utf8'))
const { hostname, port } = new URL(demo.api_base)
const parley = new Stripe(demo.keys.service, { host: hostname, port, protocol: 'http' })

let secret = ''
/** An event may be delivered more than once. A real service keeps this set in its database, with what it did. */
const seen = new Set<string>()

const server = createServer(async (request, response) => {
  const event = await verify(request)
  // Answer first, work later: an endpoint that takes longer than 15 seconds is asked again.
  response.writeHead(event === undefined ? 400 : 204).end()
  if (event === undefined || seen.has(event.id)) return
  seen.add(event.id)
  const object = event.data.object as { id?: string; status?: string }
  console.log(`${event.type.padEnd(36)}${object.id ?? ''} ${object.status ?? ''}`)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const endpoint = await parley.webhookEndpoints.create({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
  enabled_events: ['*'],
})
secret = endpoint.secret ?? ''
console.log(`${endpoint.id} sends everything to ${endpoint.url}. Stop with Ctrl-C.`)

process.once('SIGINT', async () => {
  await parley.webhookEndpoints.del(endpoint.id)
  process.exit(0)
})

/** The signature is over the bytes as they came: parse only what has been verified. */
async function verify(request: IncomingMessage): Promise<Stripe.Event | undefined> {
  const body = await buffer(request)
  try {
    return parley.webhooks.constructEvent(body, String(request.headers['stripe-signature']), secret)
  } catch (error) {
    console.log('refused:', error instanceof Error ? error.message.split('\n')[0] : error)
    return undefined
  }
}
