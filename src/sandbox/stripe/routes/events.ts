import { created, listObjects, pagination } from '../http/list.ts'
import { flag, list, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Work } from '../store/work.ts'

const BASE = '/v1/events'
type EventPage = { data: { id: string; pending_webhooks: number }[] }

export const eventRoutes: Route[] = [
  route(
    'GET',
    BASE,
    { ...pagination, created: created(), type: text(), types: list(text()), delivery_success: flag() },
    async (work, params) => {
      const types = params.types ?? params.type
      // `charge.*` is a pattern at Stripe too; it is spelled out from what exists.
      const wanted = typeof types === 'string' && types.endsWith('*') ? await typesLike(work, types) : types
      const page = await listObjects(work, 'event', BASE, params, { doc: { type: wanted } })
      await countPending(work, (page as unknown as EventPage).data)
      return page
    },
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => {
    const { doc } = await work.get('event', id)
    await countPending(work, [doc])
    return doc
  }),
]

/** An event remembers how many webhooks it was to send; here it tells how many are still under way. */
async function countPending(work: Work, events: EventPage['data']): Promise<void> {
  const rows = await work.query<{ event_id: string; count: number }>(
    `select event_id, count(*)::int as count from sandbox_stripe.delivery
     where event_id = any($1) and state = 'pending' group by 1`,
    [events.map(({ id }) => id)],
  )
  const counts = new Map(rows.map((row) => [row.event_id, row.count]))
  for (const event of events) event.pending_webhooks = counts.get(event.id) ?? 0
}

async function typesLike(work: Work, pattern: string): Promise<string[]> {
  const rows = await work.query<{ type: string }>(
    `select distinct doc->>'type' as type from sandbox_stripe.object where kind = 'event' and starts_with(doc->>'type', $1)`,
    [pattern.slice(0, -1)],
  )
  return rows.map(({ type }) => type)
}
