import { createExportService } from '#exports/service.ts'
import { openStorage } from '#exports/storage-service.ts'
import { openDatabase } from '#platform/database.ts'
import { createLogger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'

/** A worker that makes two parts of an export and then writes the third one for ever: somebody has to kill it. */
const [url = '', path = '', merchantId = '', exportId = '', now = ''] = process.argv.slice(2)
const db = openDatabase({ url, poolMax: 2, onError: () => undefined })
const storage = { kind: 'folder', path } as const
const files = openStorage(storage)
await createExportService({
  db,
  clock: { now: () => new Date(now) },
  logger: createLogger('silent'),
  queue: { wake: () => undefined } as unknown as JobQueue,
  sealer: { catchUp: async () => true },
  databaseUrl: url,
  storage,
  files: {
    ...files,
    put: (key, number, chunks) => files.put(key, number, number === 3 ? endless(chunks) : chunks),
  },
}).run(merchantId, exportId)

async function* endless(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk.subarray(0, 100)
    await new Promise<void>((resolve) => setInterval(resolve, 2 ** 30))
  }
}
