import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { isEqual } from '#platform/crypto.ts'
import type { Api } from './api.ts'

const endpointShape = z.object({ id: z.string(), url: z.string(), status: z.string(), secret: z.string().optional() })
const heardShape = z.object({
  id: z.string(),
  data: z.object({
    object: z.object({
      thread: z.string(),
      direction: z.enum(['in', 'out']),
      text: z.string(),
      metadata: z.record(z.string(), z.string()),
    }),
  }),
})
export type Heard = z.output<typeof heardShape>['data']['object']

const rememberedMax = 500

/** What a bot hears from: a webhook endpoint of the shop, like everybody's. Signed in Stripe's way. */
export const createEar = (shop: Api, url: string, now: () => Date) => {
  const known = new Set<string>()
  let secret: Promise<string> | undefined

  /** Endpoints of earlier starts have secrets that nobody knows any more. */
  const open = async (): Promise<string> => {
    const list = await shop.get('/v1/webhook_endpoints?limit=100', z.object({ data: z.array(endpointShape) }))
    const old = list.data.filter((one) => one.url === url && one.status === 'enabled')
    for (const { id } of old) await shop.post(`/v1/webhook_endpoints/${id}`, { disabled: true }, endpointShape)
    const params = { url, enabled_events: eventTypes, description: 'The bot of the demo' }
    const made = await shop.post('/v1/webhook_endpoints', params, endpointShape)
    return made.secret ?? ''
  }

  return {
    /** Begins to listen, once. */
    open: async (): Promise<void> => {
      secret ??= open()
      await secret.catch(() => {
        secret = undefined
      })
    },

    /** What was said, if the notification is ours and new. */
    hear: async (body: Buffer, signature: string | undefined): Promise<Heard | undefined> => {
      if (!secret || !isSigned(await secret, body, signature, now())) return undefined
      const { success, data: event } = heardShape.safeParse(JSON.parse(body.toString('utf8')))
      if (!success || known.has(event.id)) return undefined
      if (known.size >= rememberedMax) known.clear()
      known.add(event.id)
      return event.data.object
    },
  }
}

const eventTypes = ['thread.message.created', 'thread.message.received']

const toleranceSeconds = 300

const isSigned = (secret: string, body: Buffer, header = '', now: Date): boolean => {
  const [, at = '', mac = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})/.exec(header) ?? []
  const expected = createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')
  return at !== '' && isEqual(expected, mac) && Math.abs(now.getTime() / 1000 - Number(at)) <= toleranceSeconds
}
