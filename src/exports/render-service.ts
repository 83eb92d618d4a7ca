import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import type { ZipFile } from 'yazl'
import type { ArchivedFile, ArchiveFormat, DocumentFormat, ExportContext, ExportFormat, LineFormat } from './format.ts'
import type { JournalLine } from './journal.ts'
import type { ExportSpec } from './spec.ts'

/** Where a part stands: the first one has the head of the file, the last one its tail. */
export interface Place {
  readonly isFirst: boolean
  readonly isLast: boolean
}

type Lines = AsyncIterable<readonly JournalLine[]>

/** The bytes of a part of a file, or of all of it; compressed, each part is a gzip member or zstd frame of its own. */
export const renderPart = (
  format: ExportFormat,
  context: ExportContext,
  compression: ExportSpec['compression'],
  lines: Lines,
  place: Place,
): AsyncIterable<Uint8Array> =>
  compress(compression, encoded(format, context, renderText(format, context, lines, place)))

/** What is appended to the file's name. */
export const compressionSuffixes = { none: '', gzip: '.gz', zstd: '.zst' } as const

const renderText = (
  format: ExportFormat,
  context: ExportContext,
  lines: Lines,
  place: Place,
): AsyncIterable<string | Uint8Array> => {
  if (format.shape === 'lines') return renderLines(format, context, lines, place)
  return format.shape === 'document' ? renderDocument(format, context, lines) : zip(format, context, lines)
}

/** Strings of this size are short-lived to V8; of a whole batch they took twice the memory and the time. */
const pieceLength = 16_384

async function* renderLines(format: LineFormat, context: ExportContext, lines: Lines, place: Place) {
  const writer = format.open(context)
  if (place.isFirst) yield writer.head()
  for await (const batch of lines) {
    let text = ''
    for (const line of batch) {
      text += writer.line(line)
      if (text.length < pieceLength) continue
      yield text
      text = ''
    }
    yield text
  }
  if (place.isLast) yield writer.tail()
}

const renderDocument = (format: DocumentFormat, context: ExportContext, lines: Lines) => format.write(context, lines)

/** One file after the other in one zip archive, with the same moment on each. */
async function* zip(format: ArchiveFormat, context: ExportContext, lines: Lines): AsyncGenerator<Uint8Array> {
  const { default: yazl } = await import('yazl')
  const archive = new yazl.ZipFile()
  const encode = await encoderOf(format, context)
  const filled = (async () => {
    for await (const { file, text } of format.write(context, lines)) add(archive, file, encode(text))
    archive.end()
  })()
  filled.catch((error) => archive.outputStream.emit('error', error))
  yield* archive.outputStream as AsyncIterable<Uint8Array>
  await filled
}

const add = (archive: ZipFile, name: ArchivedFile['file'], bytes: Buffer): void =>
  archive.addBuffer(bytes, name, { mtime: new Date('1980-01-01T00:00:00Z'), forceDosTimestamp: true })

async function* encoded(format: ExportFormat, context: ExportContext, chunks: AsyncIterable<string | Uint8Array>) {
  const encode = await encoderOf(format, context)
  for await (const chunk of chunks) {
    if (chunk.length > 0) yield typeof chunk === 'string' ? encode(chunk) : chunk
  }
}

const encodings = { latin9: 'iso-8859-15', 'windows-1252': 'windows-1252' } as const

/** Libraries are loaded by the formats that need them: together they take as much memory as a format has to spare. */
const encoderOf = async ({ encoding }: ExportFormat, { options }: ExportContext) => {
  if (encoding === 'bytes') return (text: string): Buffer => Buffer.from(text, 'latin1')
  if (encoding === undefined || options.encoding === 'utf-8') return (text: string): Buffer => Buffer.from(text)
  const { default: iconv } = await import('iconv-lite')
  return (text: string): Buffer => iconv.encode(text, encodings[encoding])
}

const compress = (kind: ExportSpec['compression'], bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> => {
  if (kind === 'none') return bytes
  return through(bytes, kind === 'gzip' ? createGzip({ level: 1 }) : createZstdCompress())
}

async function* through(bytes: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const done = pipeline(Readable.from(bytes, { objectMode: false }), transform)
  done.catch(() => undefined) // awaited below; until then the transform itself fails for its reader
  yield* transform as AsyncIterable<Uint8Array>
  await done
}
