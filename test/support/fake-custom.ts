import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { type FakeServer, type FakeUpdate, type Fault, startFakeServer } from './fake-server.ts'

export interface ShownCustom {
  type: 'message'
  id: string
  thread: { external_id: string }
  text: string
  card?: {
    amount: number
    currency: string
    buttons: { kind: string; label: string; url?: string; payload?: string }[]
  }
  replaces?: string
}

export interface FakeCustom extends FakeServer {
  /** Where it takes messages. */
  hook: string
  readonly shown: ShownCustom[]
  readonly faults: Fault[]
  pings: number
  person(
    externalId: string,
    name?: string,
  ): {
    says(text: string): FakeUpdate
    taps(payload: string): FakeUpdate
    comes(touch: Record<string, string>): FakeUpdate
  }
  /** A receipt, or anything else. */
  update(json: unknown): FakeUpdate
}

/** A merchant's own chat system: verifies by the official library, and shows what has the same id once. */
export const startFakeCustom = async (options: { secret: string; now?: () => Date }): Promise<FakeCustom> => {
  const { secret, now = () => new Date() } = options
  const seen = new Set<string>()
  let ids = 0
  const server = await startFakeServer(({ headers, body }) => {
    const fault = fake.faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    try {
      new Webhook(secret).verify(body.toString('utf8'), headers as Record<string, string>)
    } catch {
      return { status: 401, json: { error: 'signature' } }
    }
    const message = JSON.parse(body.toString('utf8')) as ShownCustom | { type: 'ping' }
    const id = String(headers['webhook-id'])
    if (message.type === 'ping') fake.pings += 1
    else if (!seen.has(id)) fake.shown.push(message)
    seen.add(id)
    return fault === 'lost' ? 'cut' : { status: 200, json: {} }
  })
  const fake: FakeCustom = {
    ...server,
    hook: `${server.url}/parley`,
    shown: [],
    faults: [],
    pings: 0,
    update: (json) => {
      const body = Buffer.from(JSON.stringify(json))
      const timestamp = String(Math.floor(now().getTime() / 1000))
      const signature = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')
      const headers = {
        'content-type': 'application/json',
        'parley-request-timestamp': timestamp,
        'parley-signature': `v0=${signature}`,
      }
      return { body, headers, query: {} }
    },
    person: (externalId, name) => {
      const send = (json: Record<string, unknown>): FakeUpdate => {
        ids += 1
        const from = { external_id: externalId, ...(name === undefined ? {} : { name }) }
        const created = Math.floor(now().getTime() / 1000)
        return fake.update({ id: `upd_${ids}`, created, thread: { external_id: `chat_${externalId}` }, from, ...json })
      }
      return {
        says: (text) => send({ type: 'message', text }),
        taps: (postback) => send({ type: 'message', postback }),
        comes: (touch) => send({ type: 'touch', touch }),
      }
    },
  }
  return fake
}
