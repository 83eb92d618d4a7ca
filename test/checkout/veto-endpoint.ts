import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Shop } from '../support/shop.ts'
import type { World } from '../support/world.ts'

export interface VetoEndpoint extends AsyncDisposable {
  asked: { headers: IncomingHttpHeaders; body: string }[]
  secret: string
  /** How it answers from now on. */
  answer: (response: ServerResponse) => void
}

export const say =
  (body: unknown, status = 200) =>
  (response: ServerResponse): void =>
    void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))

/** A merchant's endpoint, and the connection that names it. */
export const openVeto = async (
  world: World,
  shop: Shop,
  fallback: 'allow' | 'refuse' = 'allow',
): Promise<VetoEndpoint> => {
  const server = createServer(async (request, response) => {
    endpoint.asked.push({ headers: request.headers, body: await text(request) })
    endpoint.answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/veto`
  const { body } = await world
    .request('merchant', shop)
    .post('/v1/connections')
    .send({ channel: 'veto', settings: { url, default: fallback } })
    .expect(200)
  const endpoint: VetoEndpoint = {
    asked: [],
    secret: body.signing_secret,
    answer: say({ approved: true }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return endpoint
}
