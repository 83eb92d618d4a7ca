import { createHash } from 'node:crypto'
import { addMs, type Clock } from '#kernel/clock.ts'
import { errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import { fileNameOf, makeManifest, showExport } from './export-view.ts'
import { findFormat } from './formats.ts'
import { type JournalSource, readAccounts } from './journal-service.ts'
import { contextOf, type Digest, digesting, type Job, makePart, rangeOfPart } from './part-service.ts'
import { readBoundsFor } from './plan-service.ts'
import {
  claimExport,
  deleteParts,
  type ExportRow,
  findExport,
  insertPart,
  type PartRow,
  readParts,
  updateTurn,
} from './repo.ts'
import { type ExportFiles, isStorageFull } from './storage-service.ts'

export interface RunDeps extends JournalSource {
  readonly clock: Clock
  readonly logger: Logger
  readonly queue: JobQueue
  readonly files: ExportFiles
}

/** A worker that has not been heard of for so long is taken for dead; each part, or step of one, is a sign of life. */
const leaseMs = 60_000
/** After so long a worker gives others a turn; the job's own time is longer. */
const turnMs = 300_000
const keptMs = 7 * 24 * 3_600_000
const failuresMax = 12

/**
 * One turn of a worker at an export: makes the parts that are missing and, when none is, the manifest. Any number may
 * try at once and any may die: a part counts once it is stored whole and its row is written, and writing a row takes
 * the turn's number.
 */
export const runExport = async (deps: RunDeps, merchantId: string, id: string): Promise<void> => {
  const now = deps.clock.now()
  const turn = await inTransaction(deps.db, merchantId, (tx) =>
    claimExport(tx, merchantId, id, now, addMs(now, leaseMs)),
  )
  if (!turn) return
  try {
    const until = performance.now() + turnMs
    const job = await prepare(deps, turn)
    const isMade = await makeMissingParts(deps, turn, job, until)
    if (isMade) await finish(deps, turn, job)
    else await giveTurn(deps, turn)
  } catch (error) {
    if (error instanceof TurnLost) await leave(deps, turn)
    else await recordFailure(deps, turn, error)
  }
}

class TurnLost extends Error {}

const change = async (deps: RunDeps, turn: ExportRow, set: Parameters<typeof updateTurn>[2]): Promise<ExportRow> => {
  const row = await inTransaction(deps.db, turn.merchant_id, (tx) => updateTurn(tx, turn, set))
  if (!row) throw new TurnLost()
  return row
}

const renew = async (deps: RunDeps, turn: ExportRow): Promise<void> =>
  void (await change(deps, turn, { next_attempt_at: addMs(deps.clock.now(), leaseMs) }))

const prepare = async (deps: RunDeps, { spec, ...row }: ExportRow): Promise<Job> => {
  const format = findFormat(row.format)
  if (!format) throw new Error(`the format ${row.format} is gone`)
  const range = { fromSeq: row.from_seq, asOfSeq: row.as_of_seq }
  const bounds = await readBoundsFor(format, deps, spec, range)
  const accounts = await readAccounts(deps, row.merchant_id)
  return { source: deps, format, spec, range, accounts, bounds }
}

/** Answers false when its time was over before the last part. */
const makeMissingParts = async (deps: RunDeps, turn: ExportRow, job: Job, until: number): Promise<boolean> => {
  const parts = await inTransaction(deps.db, turn.merchant_id, (tx) => readParts(tx, turn.merchant_id, turn.id))
  const made = new Set(parts.map(({ number }) => number))
  for (let number = 1; number <= turn.parts_total; number++) {
    if (made.has(number)) continue
    if (performance.now() > until) return false
    await storePart(deps, turn, job, number)
  }
  return true
}

const storePart = async (deps: RunDeps, turn: ExportRow, job: Job, number: number): Promise<void> => {
  const { merchant_id: merchantId, id: exportId } = turn
  const { chunks, tally } = makePart(job, number, () => renew(deps, turn))
  const digested = digesting(chunks)
  await deps.files.put({ merchantId, exportId }, number, digested.chunks)
  const { fromSeq, asOfSeq } = rangeOfPart(job, number)
  const part = {
    number,
    first_seq: fromSeq + 1n,
    last_seq: asOfSeq,
    rows: tally.rows(),
    totals: tally.totals(),
    ...digested.digest(),
  }
  const now = deps.clock.now()
  const isOurs = await inTransaction(deps.db, merchantId, (tx) => insertPart(tx, turn, part, now, addMs(now, leaseMs)))
  if (!isOurs) throw new TurnLost()
}

const finish = async (deps: RunDeps, turn: ExportRow, job: Job): Promise<void> => {
  const { merchant_id: merchantId } = turn
  const parts = await inTransaction(deps.db, merchantId, (tx) => readParts(tx, merchantId, turn.id))
  const file = { name: fileNameOf(job.format, contextOf(job), job.spec), ...(await readBack(deps, turn, parts)) }
  const now = deps.clock.now()
  await inTransaction(deps.db, merchantId, async (tx) => {
    const row = await updateTurn(tx, turn, {
      status: 'succeeded',
      sha256: file.sha256,
      manifest: JSON.stringify(makeManifest(turn, job.format, file, parts)),
      finished_at: now,
      expires_at: addMs(now, keptMs),
    })
    if (!row) throw new TurnLost()
    await appendEvents(tx, [readyEvent(row, now)])
  })
  deps.queue.wake('outbox.drain', { id: turn.id })
}

const readyEvent = (row: ExportRow, now: Date) => ({
  merchantId: row.merchant_id,
  type: 'export.ready',
  objectId: row.id,
  threadId: null,
  paymentIntentId: null,
  object: showExport(row),
  livemode: row.livemode,
  createdAt: now,
})

/** The digest of the whole, of what is stored: a part that is not what was written is made again. */
const readBack = async (deps: RunDeps, turn: ExportRow, parts: readonly PartRow[]): Promise<Digest> => {
  const [only] = parts
  if (only && parts.length === 1) return only
  const whole = createHash('sha256')
  for (const part of parts) {
    const hash = createHash('sha256')
    for await (const chunk of readStored(deps.files, turn, part)) {
      hash.update(chunk)
      whole.update(chunk)
    }
    if (!hash.digest().equals(part.sha256)) {
      await inTransaction(deps.db, turn.merchant_id, (tx: Tx) =>
        deleteParts(tx, turn.merchant_id, turn.id, part.number),
      )
      throw new Error(`part ${part.number} is not what was stored; it is made again`)
    }
    await renew(deps, turn)
  }
  return { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0n), sha256: whole.digest() }
}

const readStored = (files: ExportFiles, turn: ExportRow, { number, bytes }: PartRow): AsyncIterable<Uint8Array> => {
  const key = { merchantId: turn.merchant_id, exportId: turn.id }
  return bytes === 0n ? nothing() : files.get(key, number, 0, Number(bytes)) // exact: a file's length
}
async function* nothing(): AsyncGenerator<Uint8Array> {}

const giveTurn = async (deps: RunDeps, turn: ExportRow): Promise<void> => {
  await change(deps, turn, { next_attempt_at: deps.clock.now() })
  deps.queue.wake('export.run', { id: turn.id, merchant: turn.merchant_id })
}

/** Another worker has it, or nobody: then what this one stored meanwhile must not stay behind. */
const leave = async (deps: RunDeps, { merchant_id: merchantId, id, parts_total: parts }: ExportRow): Promise<void> => {
  const row = await inTransaction(deps.db, merchantId, (tx) => findExport(tx, merchantId, id))
  if (row?.status === 'canceled') await deps.files.remove({ merchantId, exportId: id }, parts)
}

const recordFailure = async (deps: RunDeps, turn: ExportRow, error: unknown): Promise<void> => {
  const now = deps.clock.now()
  // Parts that were made since have set it back.
  const current = await inTransaction(deps.db, turn.merchant_id, (tx) => findExport(tx, turn.merchant_id, turn.id))
  const failures = (current?.failures ?? 0) + 1
  const known = isStorageFull(error)
    ? new AppError('export_storage_full')
    : error instanceof AppError
      ? error
      : undefined
  // What a format refuses (too many rows for its tool) it refuses the next time too.
  const isFinal = failures >= failuresMax || (known !== undefined && !errorCatalogue[known.code].retryable)
  const waitMs = Math.min(600_000, 5000 * 2 ** (failures - 1)) // exact: a wait, not money
  if (!known) deps.logger.warn({ err: error, export: turn.id }, 'export stopped')
  await change(deps, turn, {
    failures,
    error_code: known?.code ?? 'internal_error',
    error_message: known?.message ?? 'The export was interrupted; it resumes by itself.',
    ...(isFinal ? { status: 'failed', finished_at: now, expires_at: now } : { next_attempt_at: addMs(now, waitMs) }),
  }).catch((lost: unknown) => {
    if (!(lost instanceof TurnLost)) throw lost
  })
}
