import type { ArchivedFile, ArchiveFormat, DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { chunksOf, contextOf } from './journal-model.ts'

/** A text document in one piece, its lines handed over in chunks that cut through transactions. */
export const writeDocument = async (
  format: DocumentFormat,
  lines: readonly JournalLine[],
  context: ExportContext = contextOf(lines),
): Promise<string> => {
  let text = ''
  for await (const piece of format.write(context, chunksOf(lines))) text += piece
  return text
}

export const writeArchive = async (
  format: ArchiveFormat,
  lines: readonly JournalLine[],
  context: ExportContext = contextOf(lines),
): Promise<ArchivedFile[]> => {
  const files: ArchivedFile[] = []
  for await (const file of format.write(context, chunksOf(lines))) files.push(file)
  return files
}

/** Rows of a table whose cells may be quoted, as RFC 4180 has it with any separator. */
export const readTable = (text: string, separator: string): string[][] => {
  const cell = new RegExp(`(?:^|${separator})("(?:[^"]|"")*"|[^${separator}"]*)`, 'g')
  return text
    .split('\r\n')
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(cell)].map(([, raw = '']) =>
        raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw,
      ),
    )
}

/** "1234,56" or "1234.56" as minor units of two digits. */
export const cents = (text: string): bigint => BigInt(text.replace(/[.,]/, ''))
