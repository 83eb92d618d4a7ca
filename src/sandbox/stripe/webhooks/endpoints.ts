import type { Pool } from 'pg'
import type { Row } from '../store/documents.ts'

/** The enabled webhook endpoints, kept in memory: every event asks for them. Reloaded whenever one changes. */
export type Endpoints = {
  matching(type: string): Endpoint[]
  byId(id: string): Endpoint | undefined
  reload(): Promise<void>
}

export type Endpoint = { id: string; url: string; secret: string; types: readonly string[] }

export function createEndpoints(pool: Pool): Endpoints {
  let known: Endpoint[] = []
  return {
    matching: (type) => known.filter(({ types }) => types.includes('*') || types.includes(type)),
    byId: (id) => known.find((endpoint) => endpoint.id === id),
    async reload() {
      const { rows } = await pool.query<Row<'webhook_endpoint'>>(
        `select id, doc, hidden from sandbox_stripe.object where kind = 'webhook_endpoint' order by seq`,
      )
      known = rows
        .filter(({ doc, hidden }) => doc.status === 'enabled' && !hidden.deleted)
        .map(({ id, doc, hidden }) => ({ id, url: doc.url, secret: hidden.secret, types: doc.enabled_events }))
    },
  }
}
