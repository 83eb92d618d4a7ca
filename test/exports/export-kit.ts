import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { exportRequest } from '#exports/schemas.ts'
import { createExportService, type ExportService } from '#exports/service.ts'
import type { ExportFiles, ExportStorage } from '#exports/storage-service.ts'
import { newUuid } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { createLogger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import { createTestDatabase, currencyOf, itemOf, post } from '../ledger/ledger-database.ts'
import { createTestSealer } from '../ledger/ledger-server.ts'
import { movableClock } from '../support/clock.ts'

export interface ServiceOptions {
  storage?: ExportStorage
  files?: ExportFiles
  partSeqs?: number
  streamLines?: number
}

/** Exports on a database of their own: a queue that only notes, a clock that jumps, files in a folder that goes. */
export const createExportKit = async () => {
  const { db, url, newMerchant, connect } = await createTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'parley-exports-'))
  after(() => rm(folder, { recursive: true, force: true }))
  const clock = movableClock()
  const sealer = createTestSealer(db)
  const wakes: { name: string; id: string }[] = []
  const queue: JobQueue = {
    wake: (name, { id }) => void wakes.push({ name, id }),
    takeStock: async () => undefined,
    flush: async () => undefined,
    depth: () => assert.fail('nobody asks here'),
    startWorkers: () => assert.fail('no workers here'),
    close: async () => undefined,
  }
  const logger = createLogger('silent')
  return {
    db,
    url,
    folder,
    clock,
    sealer,
    wakes,
    newMerchant,
    connect,
    service: ({ storage = { kind: 'folder', path: folder }, ...more }: ServiceOptions = {}): ExportService =>
      createExportService({ db, clock, logger, queue, sealer, databaseUrl: url, storage, ...more }),
    /** Books so many captures of 0.01, 0.02, … and a text beyond ASCII. */
    book: async (merchantId: string, count: number): Promise<void> => {
      const items = Array.from({ length: count }, (_, index) =>
        itemOf(
          merchantId,
          postCaptured({
            providerChargeRef: `ch_${newUuid()}`,
            total: BigInt(index + 1),
            currency: currencyOf('eur'),
            effectiveAt: new Date('2026-11-02T09:00:00Z'),
            description: `Blüte № ${index}, 花束 💐`,
          }),
        ),
      )
      for (let start = 0; start < count; start += 500) await post(db, items.slice(start, start + 500))
    },
  }
}

export type ExportKit = Awaited<ReturnType<typeof createExportKit>>

export const asked = (request: Record<string, unknown> = {}) => exportRequest.parse({ format: 'csv', ...request })

export const scopeOf = (merchantId: string) => ({
  merchantId,
  apiKeyId: newUuid(),
  livemode: false,
  resourceId: newUuid(),
})

/** Creates an export and gives a worker one turn at it. */
export const createAndRun = async (service: ExportService, merchantId: string, request?: Record<string, unknown>) => {
  const scope = scopeOf(merchantId)
  const { id } = await service.create(scope, asked(request))
  await service.run(merchantId, scope.resourceId)
  return { id, uuid: scope.resourceId, view: await service.retrieve(merchantId, id) }
}

export const bytesOf = async (chunks: AsyncIterable<string | Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

export const download = async (service: ExportService, merchantId: string, id: string): Promise<Buffer> =>
  bytesOf((await service.download(merchantId, id, () => undefined)).chunks)

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
