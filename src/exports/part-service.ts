import { createHash } from 'node:crypto'
import type { ExportFormat } from './format.ts'
import type { JournalLine } from './journal.ts'
import { type Accounts, type JournalSource, readLines } from './journal-service.ts'
import { renderPart } from './render-service.ts'
import { countParts, type ExportSpec, partOf, type SeqRange, toContext } from './spec.ts'
import { createTally, type Tally } from './tally.ts'

/** Everything that making a file takes, read once. */
export interface Job {
  readonly source: JournalSource
  readonly format: ExportFormat
  readonly spec: ExportSpec
  readonly range: SeqRange
  readonly accounts: Accounts
  readonly bounds: Parameters<typeof toContext>[2]
}

export const contextOf = ({ spec, range, bounds }: Job) => toContext(spec, range, bounds)

/** How many parts the file is made of: only what is written line by line can be made in pieces. */
export const partsIn = (format: ExportFormat, range: SeqRange, partSeqs: number): number =>
  format.shape === 'lines' ? countParts(range, partSeqs) : 1

/** The seals of a part. */
export const rangeOfPart = ({ format, spec, range }: Job, number: number): SeqRange =>
  format.shape === 'lines' ? partOf(range, spec.partSeqs, number) : range

export interface Making {
  readonly chunks: AsyncIterable<Uint8Array>
  /** What has passed so far: final when the chunks are read. */
  readonly tally: Tally
}

/** The bytes of one part. `onStep` is called between the transactions it is read in, and may throw to stop it. */
export const makePart = (job: Job, number: number, onStep: () => Promise<void> = async () => undefined): Making => {
  const tally = createTally()
  const place = { isFirst: number === 1, isLast: number === partsIn(job.format, job.range, job.spec.partSeqs) }
  const lines = tallied(readSteps(job, rangeOfPart(job, number), onStep), tally)
  return { tally, chunks: renderPart(job.format, contextOf(job), job.spec.compression, lines, place) }
}

/** All of the file in one go. `onLines` is called with each batch of lines, and may throw to stop it. */
export const makeFile = (job: Job, tally: Tally, onLines: () => void): AsyncIterable<Uint8Array> => {
  const lines = tallied(
    readSteps(job, job.range, async () => undefined),
    tally,
    onLines,
  )
  return renderPart(job.format, contextOf(job), job.spec.compression, lines, { isFirst: true, isLast: true })
}

/**
 * Seals per COPY. Each is a transaction of its own: a long one would keep the database from cleaning up behind it. And
 * each has to be joined and sorted before its first line comes, which the database does while the one before is written.
 */
const stepSeqs = 25_000

async function* readSteps({ source, spec, format, accounts }: Job, range: SeqRange, onStep: () => Promise<void>) {
  if (range.fromSeq === range.asOfSeq) return
  const steps = countParts(range, stepSeqs)
  const form = format.encoding === 'bytes' ? 'bytes' : 'decoded'
  const begin = (step: number): Begun => {
    const lines = readLines(source, spec, partOf(range, stepSeqs, step), accounts, form)
    const first = lines.next()
    first.catch(() => undefined) // thrown where it is awaited
    return { lines, first }
  }
  let next: Begun | undefined = begin(1)
  try {
    for (let step = 1; next; step++) {
      const { lines, first } = next
      next = step < steps ? begin(step + 1) : undefined
      try {
        for (let read = await first; !read.done; read = await lines.next()) yield read.value
      } finally {
        await lines.return(undefined)
      }
      await onStep()
    }
  } finally {
    await next?.first.catch(() => undefined)
    await next?.lines.return(undefined)
  }
}

/** A COPY that is under way. */
interface Begun {
  readonly lines: AsyncGenerator<JournalLine[], void>
  readonly first: Promise<IteratorResult<JournalLine[], void>>
}

async function* tallied(lines: AsyncIterable<JournalLine[]>, tally: Tally, onLines?: () => void) {
  for await (const batch of lines) {
    tally.add(batch)
    onLines?.()
    yield batch
  }
}

export interface Digest {
  readonly bytes: bigint
  readonly sha256: Buffer
}

/** Passes bytes on and answers what they were, once they are through. */
export const digesting = (chunks: AsyncIterable<Uint8Array>) => {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    chunks: (async function* () {
      for await (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    })(),
    digest: (): Digest => ({ bytes: BigInt(bytes), sha256: hash.digest() }),
  }
}
