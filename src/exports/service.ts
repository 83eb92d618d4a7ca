import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { Sealer } from '#ledger/seal-service.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage } from '#platform/listing.ts'
import type { Logger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { Call, StreamAnswer } from '#platform/route.ts'
import { answerDownload, requireManifest } from './download-service.ts'
import { showExport, showSums } from './export-view.ts'
import { partsIn } from './part-service.ts'
import { partSeqsUsual, planExport } from './plan-service.ts'
import {
  cancelExport,
  type ExportRow,
  expireExport,
  findDueExports,
  findExpiredExports,
  findExport,
  insertExport,
  markFilesGone,
  readParts,
  selectExports,
} from './repo.ts'
import { type RunDeps, runExport } from './run-service.ts'
import type { ExportRequest, ExportView, Manifest } from './schemas.ts'
import { type ExportFiles, type ExportStorage, openStorage } from './storage-service.ts'
import { answerStream } from './stream-service.ts'

export type ExportService = ReturnType<typeof createExportService>

interface ExportDeps {
  db: Database
  clock: Clock
  logger: Logger
  queue: JobQueue
  sealer: Pick<Sealer, 'catchUp'>
  databaseUrl: string
  storage: ExportStorage
  /** Instead of `storage`, in tests. */
  files?: ExportFiles
  /** Seals per part. */
  partSeqs?: number
  /** Lines that are streamed at most: more is a job's. */
  streamLines?: number
}

type Scope = Pick<Call<unknown, unknown, unknown>, 'merchantId' | 'apiKeyId' | 'livemode' | 'resourceId'>

const streamLinesUsual = 50_000
/** Exports that one process makes at once, and streams that it answers at once. */
const runningMax = 2
const streamsMax = 4

export const createExportService = (deps: ExportDeps) => {
  const { db, clock, queue } = deps
  const files = deps.files ?? openStorage(deps.storage)
  const partSeqs = deps.partSeqs ?? partSeqsUsual
  const streamLines = deps.streamLines ?? streamLinesUsual
  let streams = 0

  return {
    ...createReadings(db, files),
    ...createWork({ ...deps, files }),

    create: async (scope: Scope, request: ExportRequest): Promise<ExportView> => {
      const { format, spec, range } = await planExport(deps, scope.merchantId, request, partSeqs)
      const row = await inTransaction(db, scope.merchantId, (tx) =>
        insertExport(
          tx,
          {
            merchant_id: scope.merchantId,
            id: scope.resourceId,
            format: spec.format,
            spec,
            from_seq: range.fromSeq,
            as_of_seq: range.asOfSeq,
            parts_total: partsIn(format, range, partSeqs),
            requested_by: scope.apiKeyId,
            livemode: scope.livemode,
          },
          clock.now(),
        ),
      )
      queue.wake('export.run', { id: row.id, merchant: row.merchant_id })
      return showExport(row)
    },

    cancel: async (merchantId: string, id: string): Promise<ExportView> => {
      const { id: uuid } = await requireExport(db, merchantId, id)
      const canceled = await inTransaction(db, merchantId, (tx) => cancelExport(tx, merchantId, uuid, clock.now()))
      if (canceled) return showExport(canceled)
      const { status } = await requireExport(db, merchantId, id)
      throw new AppError('export_unexpected_state', { message: `The export cannot be canceled; it is ${status}.` })
    },

    /** A small export at once; the client's leaving ends nothing but the answer, as all of it is in memory by then. */
    stream: async (merchantId: string, request: ExportRequest): Promise<StreamAnswer> => {
      if (streams >= streamsMax)
        throw new AppError('overloaded', { message: 'Too many exports run at once. Try again soon.', retryAfter: 2 })
      streams++
      try {
        return await answerStream(deps, await planExport(deps, merchantId, request), streamLines)
      } finally {
        streams--
      }
    },
  }
}

const createReadings = (db: Database, files: ExportFiles) => {
  const read = <T>(merchantId: string, id: string, work: (row: ExportRow) => Promise<T> | T): Promise<T> =>
    requireExport(db, merchantId, id).then(work)
  return {
    retrieve: (merchantId: string, id: string): Promise<ExportView> => read(merchantId, id, showExport),

    list: (merchantId: string, query: Omit<ListQuery, 'expand'>) =>
      inTransaction(db, merchantId, async (tx) => {
        const { rows, hasMore } = await readPage(selectExports(tx, merchantId), query, 'export')
        return listAnswer('/v1/exports', (rows as unknown as ExportRow[]).map(showExport), hasMore)
      }),

    download: (merchantId: string, id: string, header: Call<unknown, unknown, unknown>['header']) =>
      read(merchantId, id, async (row): Promise<StreamAnswer> => {
        const parts = await inTransaction(db, merchantId, (tx) => readParts(tx, merchantId, row.id))
        return answerDownload(files, row, parts, header)
      }),

    manifest: (merchantId: string, id: string): Promise<Manifest> => read(merchantId, id, requireManifest),

    sums: (merchantId: string, id: string): Promise<StreamAnswer> =>
      read(merchantId, id, (row) => ({
        contentType: 'text/plain; charset=utf-8',
        chunks: text(showSums(requireManifest(row))),
      })),
  }
}

const createWork = (deps: RunDeps) => {
  const { db, clock, queue, files } = deps
  let running = 0
  return {
    /** Job `export.run`. What does not get its turn here is woken by the next sweep. */
    run: async (merchantId: string, id: string): Promise<void> => {
      if (running >= runningMax) return
      running++
      try {
        await runExport(deps, merchantId, id)
      } finally {
        running--
      }
    },

    /** Wakes every export that is due. */
    sweep: async (): Promise<void> => {
      for (const { id, merchant_id: merchant } of await findDueExports(db.maintenance, clock.now(), 100))
        queue.wake('export.run', { id, merchant }, { repeated: true })
    },

    /** Job `upkeep.expire_exports`: deletes the files of exports that have had their time, or were given up. */
    expire: async (): Promise<void> => {
      for (const { merchant_id: merchantId, id, parts_total } of await findExpiredExports(
        db.maintenance,
        clock.now(),
        100,
      )) {
        await inTransaction(db, merchantId, (tx) => expireExport(tx, merchantId, id))
        await files.remove({ merchantId, exportId: id }, parts_total)
        await inTransaction(db, merchantId, (tx) => markFilesGone(tx, merchantId, id))
      }
    },
  }
}

const requireExport = async (db: Database, merchantId: string, id: string): Promise<ExportRow> => {
  const uuid = parseId('export', id)
  const row = uuid && (await inTransaction(db, merchantId, (tx) => findExport(tx, merchantId, uuid)))
  if (!row) throw notFound('export', id)
  return row
}

async function* text(content: string): AsyncGenerator<string> {
  yield content
}
