import type { Sandbox } from '../sandbox.ts'
import type { Documents, Hidden } from '../store/documents.ts'
import { API_VERSION } from '../store/event-document.ts'

type Configured = { url: string; secret: string; enabledEvents?: string[] }

/** The endpoint given at start is an ordinary endpoint with a fixed id: a restart updates it and keeps its deliveries. */
export const CONFIGURED_ID = 'we_configured'

export async function keepConfiguredEndpoint(sandbox: Sandbox, configured: Configured | undefined): Promise<void> {
  if (configured) {
    const doc: Documents['webhook_endpoint'] = {
      id: CONFIGURED_ID,
      object: 'webhook_endpoint',
      api_version: API_VERSION,
      application: null,
      created: Math.floor(sandbox.clock.nowMs() / 1000),
      description: 'Given at the start of the simulator',
      enabled_events: configured.enabledEvents ?? ['*'],
      livemode: false,
      metadata: {},
      status: 'enabled',
      url: configured.url,
    }
    const hidden: Hidden['webhook_endpoint'] = { secret: configured.secret, deleted: false }
    await sandbox.pool.query(
      `insert into sandbox_stripe.object (id, kind, created, doc, hidden) values ($1, 'webhook_endpoint', $2, $3, $4)
       on conflict (id) do update set doc = excluded.doc, hidden = excluded.hidden`,
      [doc.id, doc.created, JSON.stringify(doc), JSON.stringify(hidden)],
    )
  }
  await sandbox.endpoints.reload()
}
