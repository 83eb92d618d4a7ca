import type { Pool } from 'pg'
import type { SandboxAccount } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'

/** The enabled webhook endpoints, kept in memory: every event asks for them. Reloaded whenever one changes. */
export type Endpoints = {
  /** Those of the account; of a connected account's events the simulator's own, too. */
  matching(type: string, account: string): Endpoint[]
  byId(id: string): Endpoint | undefined
  reload(): Promise<void>
}

export type Endpoint = { id: string; url: string; secret: string; types: readonly string[]; account: string }

export function createEndpoints(pool: Pool, accounts: readonly SandboxAccount[]): Endpoints {
  const isOwn = (account: string) => accounts.some(({ id, secretKey }) => id === account && secretKey !== undefined)

  let known: Endpoint[] = []
  return {
    matching: (type, account) =>
      known.filter((endpoint) => {
        const hears = endpoint.account === account || (endpoint.account === '' && !isOwn(account))
        return hears && (endpoint.types.includes('*') || endpoint.types.includes(type))
      }),
    byId: (id) => known.find((endpoint) => endpoint.id === id),
    async reload() {
      const { rows } = await pool.query<Row<'webhook_endpoint'> & { account: string }>(
        `select id, account, doc, hidden from sandbox_stripe.object where kind = 'webhook_endpoint' order by seq`,
      )
      known = rows
        .filter(({ doc, hidden }) => doc.status === 'enabled' && !hidden.deleted)
        .map(({ id, account, doc, hidden }) => ({
          id,
          account,
          url: doc.url,
          secret: hidden.secret,
          types: doc.enabled_events,
        }))
    },
  }
}
