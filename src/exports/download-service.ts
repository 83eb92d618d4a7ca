import { AppError } from '#kernel/errors.ts'
import type { Call, StreamAnswer } from '#platform/route.ts'
import { parseRange, slicesOf } from './byte-range.ts'
import type { ExportRow, PartRow } from './repo.ts'
import type { Manifest } from './schemas.ts'
import type { ExportFiles } from './storage-service.ts'

/** The file of an export that has succeeded, or the range of it that was asked for; resumable by ETag and If-Range. */
export const answerDownload = (
  files: ExportFiles,
  row: ExportRow,
  parts: readonly PartRow[],
  header: Call<unknown, unknown, unknown>['header'],
): StreamAnswer => {
  const { file } = requireManifest(row)
  const tag = `"${file.sha256}"`
  const condition = header('if-range')
  const range = parseRange(condition === undefined || condition === tag ? header('range') : undefined, file.bytes)
  const headers = { ...describe(file), ETag: tag, 'Accept-Ranges': 'bytes' }
  if (header('if-none-match')?.split(/,\s*/).includes(tag))
    return { status: 304, contentType: file.content_type, headers, chunks: none() }
  if (range === 'unsatisfiable') {
    const unsatisfied = { 'Content-Range': `bytes */${file.bytes}` }
    return { status: 416, contentType: file.content_type, headers: unsatisfied, chunks: none() }
  }
  const wanted = range === 'all' ? { from: 0, to: file.bytes } : range
  const isPartial = range !== 'all'
  return {
    status: isPartial ? 206 : 200,
    contentType: file.content_type,
    headers: {
      ...headers,
      'Content-Length': String(wanted.to - wanted.from),
      ...(isPartial && { 'Content-Range': `bytes ${wanted.from}-${wanted.to - 1}/${file.bytes}` }),
    },
    chunks: readSlices(
      files,
      row,
      slicesOf(
        parts.map(({ bytes }) => Number(bytes)),
        wanted,
      ),
    ), // exact: lengths of files
  }
}

/** The digest is that of the whole file, also on a part of it (RFC 9530). */
const describe = ({ name, sha256 }: Manifest['file']): Record<string, string> => ({
  'Content-Disposition': `attachment; filename="${name}"`,
  'Repr-Digest': reprDigest(Buffer.from(sha256, 'hex')),
})

export const reprDigest = (sha256: Buffer): string => `sha-256=:${sha256.toString('base64')}:`

export const requireManifest = (row: ExportRow): Manifest => {
  if (row.status === 'expired') throw new AppError('export_expired')
  if (row.status !== 'succeeded' || row.manifest === null) {
    throw new AppError('export_not_ready', {
      message: `The export is ${row.status}. Wait for status succeeded, or for the event export.ready.`,
    })
  }
  // Written by this slice alone, by `makeManifest`, which has this type.
  return row.manifest as unknown as Manifest
}

async function* readSlices(
  files: ExportFiles,
  { merchant_id: merchantId, id: exportId }: ExportRow,
  slices: ReturnType<typeof slicesOf>,
): AsyncGenerator<Uint8Array> {
  for (const { number, from, to } of slices) yield* files.get({ merchantId, exportId }, number, from, to)
}

async function* none(): AsyncGenerator<Uint8Array> {}
