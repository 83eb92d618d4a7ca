import type { Deliveries, Due } from '#sandbox/kit/dispatcher.ts'
import type { Sandbox } from '../sandbox.ts'
import { signatureHeader } from './signature.ts'

type DueEvent = Due & { endpoint_id: string }

/** An event goes to each endpoint that hears it, until it is thanked with a 2xx. */
export function createDeliveries({ endpoints, clock, settings }: Sandbox): Deliveries<DueEvent> {
  return {
    select: `select d.id, d.endpoint_id, d.attempts, o.doc::text as body
      from sandbox_stripe.delivery d join sandbox_stripe.object o on o.id = d.event_id`,
    timeoutMs: 10_000,
    retryMs: settings.webhookRetryMs,
    address({ endpoint_id: id, body }) {
      const endpoint = endpoints.byId(id)
      if (!endpoint) return null
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signatureHeader(endpoint.secret, body, clock.realMs()),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      }
      return { url: endpoint.url, headers }
    },
    judge: (status) => (status !== null && status >= 200 && status < 300 ? 'delivered' : 'again'),
  }
}
