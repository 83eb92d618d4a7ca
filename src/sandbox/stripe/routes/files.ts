import { created, listObjects, pagination } from '../http/list.ts'
import { choice, integer, object, required, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'

const BASE = '/v1/files'
const EXTENSIONS: Record<string, string> = { 'application/pdf': 'pdf', 'image/jpeg': 'jpg', 'image/png': 'png' }

export const fileRoutes: Route[] = [
  {
    ...route(
      'POST',
      BASE,
      {
        purpose: required(choice('dispute_evidence')),
        file: required(object({ name: text(), type: text(), size: integer(1), sha256: text() })),
      },
      async (work, { file, purpose }) =>
        work.insert(
          'file',
          {
            id: work.id('file'),
            object: 'file',
            created: work.now,
            expires_at: null,
            filename: file.name ?? null,
            links: null,
            purpose,
            size: file.size ?? 0,
            title: null,
            type: EXTENSIONS[file.type ?? ''] ?? null,
            url: null,
          },
          {},
        ).doc,
    ),
    isUpload: true,
  },
  route('GET', BASE, { ...pagination, created: created(), purpose: text() }, (work, params) =>
    listObjects(work, 'file', BASE, params, {}),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('file', id)).doc),
]
