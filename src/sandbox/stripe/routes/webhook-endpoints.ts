import { invalidRequest, resourceMissing } from '../http/api-error.ts'
import { listObjects, pagination } from '../http/list.ts'
import {
  clearable,
  flag,
  ignored,
  list,
  mergeMetadata,
  metadata,
  required,
  text,
  withoutEmpty,
} from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

const BASE = '/v1/webhook_endpoints'

export const webhookEndpointRoutes: Route[] = [
  route(
    'POST',
    BASE,
    {
      enabled_events: required(list(text())),
      url: required(text()),
      api_version: text(),
      connect: ignored(),
      description: clearable(text()),
      metadata: metadata(),
    },
    async (work, params) => {
      const id = work.id('we')
      const secret = `whsec_${work.sandbox.ids.secret(id)}`
      const endpoint = work.insert(
        'webhook_endpoint',
        {
          id,
          object: 'webhook_endpoint',
          api_version: params.api_version ?? null,
          application: null,
          created: work.now,
          description: params.description ?? null,
          enabled_events: params.enabled_events ?? [],
          livemode: false,
          metadata: withoutEmpty(params.metadata),
          status: 'enabled',
          url: checkUrl(params.url),
        },
        { secret, deleted: false },
      )
      work.afterCommit(() => work.sandbox.endpoints.reload())
      // The only time the secret is shown.
      return { ...endpoint.doc, secret }
    },
  ),
  route('GET', BASE, pagination, (work, params) => listObjects(work, 'webhook_endpoint', BASE, params)),
  route(
    'GET',
    `${BASE}/:id`,
    {},
    async (work, _params, { id }) => living(await work.get('webhook_endpoint', id, 'webhook_endpoint')).doc,
  ),
  route(
    'POST',
    `${BASE}/:id`,
    {
      enabled_events: list(text()),
      url: text(),
      description: clearable(text()),
      disabled: flag(),
      metadata: metadata(),
    },
    async (work, params, { id }) => {
      const { doc } = await lockEndpoint(work, id)
      if (params.enabled_events) doc.enabled_events = params.enabled_events
      if (params.url !== undefined) doc.url = checkUrl(params.url)
      if (params.description !== undefined) doc.description = params.description
      if (params.disabled !== undefined) doc.status = params.disabled ? 'disabled' : 'enabled'
      if (params.metadata) doc.metadata = mergeMetadata(doc.metadata, params.metadata)
      return doc
    },
  ),
  route('DELETE', `${BASE}/:id`, {}, async (work, _params, { id }) => {
    const endpoint = await lockEndpoint(work, id)
    endpoint.hidden.deleted = true
    return { id, object: 'webhook_endpoint', deleted: true }
  }),
]

async function lockEndpoint(work: Work, id: string): Promise<Row<'webhook_endpoint'>> {
  const endpoint = living(await work.lock('webhook_endpoint', id, 'webhook_endpoint'))
  work.changed(endpoint)
  work.afterCommit(() => work.sandbox.endpoints.reload())
  return endpoint
}

function living(endpoint: Row<'webhook_endpoint'>): Row<'webhook_endpoint'> {
  if (endpoint.hidden.deleted) throw resourceMissing('webhook_endpoint', endpoint.id, 'webhook_endpoint')
  return endpoint
}

function checkUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url
  throw invalidRequest('Invalid URL: An explicit scheme (such as https) must be provided.', {
    param: 'url',
    code: 'url_invalid',
  })
}
