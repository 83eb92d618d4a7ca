import { AppError } from '#kernel/errors.ts'
import { sha256 } from '#platform/crypto.ts'
import type { StreamAnswer } from '#platform/route.ts'
import { reprDigest } from './download-service.ts'
import { fileNameOf } from './export-view.ts'
import { readAccounts } from './journal-service.ts'
import { contextOf, type Job, makeFile } from './part-service.ts'
import { type Plan, readBoundsFor } from './plan-service.ts'
import { createTally } from './tally.ts'

const bytesMax = 32 * 1024 * 1024

/**
 * A small export at once. It is made whole before the first byte is sent, so that the digest stands in the headers and
 * an error is an error; what is larger is a job's.
 */
export const answerStream = async (
  source: Job['source'],
  { format, spec, range }: Plan,
  linesMax: number,
): Promise<StreamAnswer> => {
  const job: Job = {
    source,
    format,
    spec,
    range,
    bounds: await readBoundsFor(format, source, spec, range),
    accounts: await readAccounts(source, spec.merchant.id),
  }
  const bytes = await collect(job, linesMax)
  const digest = sha256(bytes)
  return {
    contentType: format.contentType,
    headers: {
      'Content-Disposition': `attachment; filename="${fileNameOf(format, contextOf(job), spec)}"`,
      'Content-Length': String(bytes.length),
      'Parley-As-Of-Seq': String(range.asOfSeq),
      'Repr-Digest': reprDigest(digest),
      ETag: `"${digest.toString('hex')}"`,
    },
    chunks: one(bytes),
  }
}

const collect = async (job: Job, linesMax: number): Promise<Buffer> => {
  const tally = createTally()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of makeFile(job, tally, () => refuseIfLarge(tally.rows(), length, linesMax))) {
    chunks.push(chunk)
    length += chunk.length
    refuseIfLarge(tally.rows(), length, linesMax)
  }
  return Buffer.concat(chunks)
}

const refuseIfLarge = (lines: bigint, bytes: number, linesMax: number): void => {
  if (lines <= linesMax && bytes <= bytesMax) return
  throw new AppError('export_too_large', {
    message: `More than ${linesMax} lines or ${bytesMax / 1024 / 1024} MiB are not streamed. Create an export (POST /v1/exports), or ask for a smaller range.`,
  })
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
