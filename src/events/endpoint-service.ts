import { randomBytes } from 'node:crypto'
import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Secrets } from '#platform/crypto.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import type { Outbound } from '#platform/outbound.ts'
import { showSecret } from '#platform/outbound-signature.ts'
import {
  deleteEndpoint,
  type EndpointRow,
  findEndpoint,
  insertEndpoint,
  lockEndpoint,
  selectEndpoints,
  updateEndpoint,
} from './endpoint-repo.ts'
import type { DeletedEndpoint, Endpoint, EndpointInput, EndpointUpdate } from './endpoint-schemas.ts'
import { secretContext, showEndpoint } from './endpoint-view.ts'

export interface EndpointOptions {
  db: Database
  clock: Clock
  secrets: Secrets
  outbound: Outbound
}

interface Scope {
  merchantId: string
  livemode: boolean
}

/** Bytes of a signing key; 24 make base 64 without padding. */
const secretBytes = 24

export const createEndpointService = (options: EndpointOptions) => ({
  createEndpoint: (scope: Scope, id: string, input: EndpointInput) => createEndpoint(options, scope, id, input),
  updateEndpoint: (merchantId: string, id: string, update: EndpointUpdate) =>
    changeEndpoint(options, merchantId, id, update),

  retrieveEndpoint: (merchantId: string, id: string): Promise<Endpoint> =>
    inTransaction(options.db, merchantId, async (tx) => {
      const row = await findEndpoint(tx, merchantId, uuidOf(id))
      if (!row) throw missing(id)
      return showEndpoint(row)
    }),

  listEndpoints: (merchantId: string, query: ListQuery) =>
    inTransaction(options.db, merchantId, async (tx) => {
      const page = await readPage(selectEndpoints(tx, merchantId), query, 'webhookEndpoint')
      return listAnswer('/v1/webhook_endpoints', page.rows.map(showEndpoint), page.hasMore)
    }),

  deleteEndpoint: (merchantId: string, id: string): Promise<DeletedEndpoint> =>
    inTransaction(options.db, merchantId, async (tx) => {
      if (!(await deleteEndpoint(tx, merchantId, uuidOf(id)))) throw missing(id)
      return { id, object: 'webhook_endpoint', deleted: true }
    }),
})

const missing = (id: string): AppError => notFound('webhook endpoint', id)
const uuidOf = (id: string): string => requireUuid('webhookEndpoint', id, 'webhook endpoint')

const createEndpoint = (
  { db, clock, secrets, outbound }: EndpointOptions,
  { merchantId, livemode }: Scope,
  id: string,
  input: EndpointInput,
): Promise<Endpoint> => {
  checkUrl(outbound, input.url)
  return inTransaction(db, merchantId, async (tx) => {
    await insertEndpoint(tx, {
      merchant_id: merchantId,
      id,
      url: input.url,
      secret: secrets.seal(showSecret(randomBytes(secretBytes)), secretContext(id)),
      enabled_events: [...new Set(input.enabled_events)],
      description: input.description || null,
      metadata: mergeMetadata({}, input.metadata ?? {}),
      status: 'enabled',
      failing_since: null,
      api_version: input.api_version ?? null,
      livemode,
      created_at: clock.now(),
    })
    // Read back: a request repeated after a crash must show the secret that was stored, not a new one.
    const row = await requireRow(findEndpoint(tx, merchantId, id), id)
    return { ...showEndpoint(row), secret: secrets.open(row.secret, secretContext(id)) }
  })
}

const changeEndpoint = (
  { db, outbound }: EndpointOptions,
  merchantId: string,
  id: string,
  update: EndpointUpdate,
): Promise<Endpoint> => {
  const uuid = uuidOf(id)
  if (update.url !== undefined) checkUrl(outbound, update.url)
  return inTransaction(db, merchantId, async (tx) => {
    const row = await lockEndpoint(tx, merchantId, uuid)
    if (!row) throw missing(id)
    return showEndpoint(await applyUpdate(tx, row, update))
  })
}

const applyUpdate = async (tx: Tx, row: EndpointRow, update: EndpointUpdate): Promise<EndpointRow> => {
  const { url, enabled_events, description, metadata, disabled } = update
  const change = {
    ...(url === undefined ? {} : { url }),
    ...(enabled_events === undefined ? {} : { enabled_events: [...new Set(enabled_events)] }),
    ...(description === undefined ? {} : { description: description || null }),
    ...(metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, metadata) }),
    ...(disabled === undefined ? {} : { status: disabled ? ('disabled' as const) : ('enabled' as const) }),
    ...(disabled === false ? { failing_since: null } : {}),
  }
  return Object.keys(change).length === 0 ? row : updateEndpoint(tx, row.merchant_id, row.id, change)
}

const checkUrl = (outbound: Outbound, url: string): void => {
  const refusal = outbound.refusal(url)
  if (refusal === undefined) return
  throw new AppError('url_invalid', { message: `Invalid url: ${refusal}. Use a public https URL.`, param: 'url' })
}

const requireRow = async (row: Promise<EndpointRow | undefined>, id: string): Promise<EndpointRow> => {
  const found = await row
  if (!found) throw missing(showId('webhookEndpoint', id))
  return found
}
