import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ZipFile } from 'yazl'
import { type JournalColumn, journalColumns } from '#exports/columns.ts'
import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { exponentOf } from './decimal.ts'
import { createTally, manifestSheet, summarySheet, type Tally, trialBalanceSheet } from './xlsx-overview.ts'
import { headRow, numberCell, sheetHead, sheetRow, sheetTail, textCell } from './xlsx-sheet.ts'
import { sheetPath, workbookParts } from './xlsx-workbook.ts'

/**
 * Office Open XML (ECMA-376) in the columns of the CSV, with a summary, a trial balance and a manifest. Numbers are
 * numbers in the format of their currency; ids, dates and what people wrote are text, which no program runs or mangles.
 * A sheet takes `sheetRows` rows, then the next one goes on. The same lines give the same bytes, in any time zone.
 */
export const createXlsx = (sheetRows = 1_048_576): DocumentFormat => ({
  shape: 'document',
  name: 'xlsx',
  title: 'Excel workbook: journal, summary, trial balance, manifest',
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  target: 'csv',
  needsBalances: true,
  needsWholeTransactions: false,
  async *write(context, lines) {
    const { default: yazl } = await import('yazl') // takes memory that the other formats do without
    const zip = new yazl.ZipFile()
    const output = zip.outputStream as Readable
    const reader = new AbortController()
    const filled = fill(zip, context, lines, sheetRows, reader.signal)
    filled.catch((error: Error) => output.destroy(error))
    try {
      yield* output as AsyncIterable<Buffer>
    } finally {
      // The reader may have left before the end.
      reader.abort()
      await filled.catch(() => undefined)
    }
  },
})

export const xlsx = createXlsx()

const fill = async (
  zip: ZipFile,
  context: ExportContext,
  lines: AsyncIterable<readonly JournalLine[]>,
  sheetRows: number,
  signal: AbortSignal,
): Promise<void> => {
  const tally = createTally()
  const names: string[] = []
  const feed = createFeed(lines)
  try {
    do {
      names.push(names.length === 0 ? 'Journal' : `Journal ${names.length + 1}`)
      const sheet = Readable.from(journalSheet(feed, context, tally, sheetRows), { objectMode: false })
      zip.addReadStream(sheet, sheetPath(names.length), entryOptions())
      await finished(sheet, { signal })
    } while (await feed.hasMore())
  } finally {
    await feed.close()
  }
  const overviews = [
    ['Summary', summarySheet(tally)],
    ['Trial balance', trialBalanceSheet(context)],
    ['Manifest', manifestSheet(context, tally)],
  ] as const
  for (const [name, xml] of overviews) {
    names.push(name)
    zip.addBuffer(Buffer.from(xml), sheetPath(names.length), entryOptions())
  }
  for (const [path, xml] of workbookParts(names)) zip.addBuffer(Buffer.from(xml), path, entryOptions())
  zip.end()
}

/** Zip archives hold local times: this one is the same bytes in every time zone. */
const entryOptions = () => ({
  mtime: new Date(1980, 1, 1),
  mode: 0o100644,
  forceDosTimestamp: true,
  compressionLevel: 3,
})

type Feed = ReturnType<typeof createFeed>

/** Batches that can be cut where a sheet is full. */
const createFeed = (lines: AsyncIterable<readonly JournalLine[]>) => {
  const batches = lines[Symbol.asyncIterator]()
  let rest: readonly JournalLine[] = []
  return {
    hasMore: async (): Promise<boolean> => {
      while (rest.length === 0) {
        const batch = await batches.next()
        if (batch.done) return false
        rest = batch.value
      }
      return true
    },
    take: (linesMax: number): readonly JournalLine[] => {
      const taken = rest.slice(0, linesMax)
      rest = rest.slice(taken.length)
      return taken
    },
    close: async (): Promise<void> => {
      await batches.return?.()
    },
  }
}

async function* journalSheet(feed: Feed, context: ExportContext, tally: Tally, rowsMax: number) {
  yield sheetHead(journalColumns.map(({ type }) => widths[type])) + headRow(journalColumns.map(({ name }) => name))
  const cellsOf = createRow(context)
  let row = 1
  while (row < rowsMax && (await feed.hasMore())) {
    let xml = ''
    for (const line of feed.take(rowsMax - row)) {
      tally.count(line)
      xml += sheetRow(++row, cellsOf(line))
    }
    yield xml
  }
  yield sheetTail
}

const widths: Readonly<Record<JournalColumn['type'], number>> = {
  text: 24,
  id: 18,
  date: 12,
  moment: 28,
  integer: 10,
  decimal: 16,
  json: 24,
}

/** Each line in the place of the one before: lines of one transaction are the same in most columns. */
const createRow = (context: ExportContext): ((line: JournalLine) => readonly string[]) => {
  const texts: (string | null)[] = []
  const cells: string[] = []
  let last = ''
  return (line) => {
    const { currency } = line.account
    for (let at = 0; at < journalColumns.length; at++) {
      const column = journalColumns[at]
      const text = column?.value(line, context) ?? null
      if (!column || (text === texts[at] && currency === last)) continue
      texts[at] = text
      cells[at] = cellOf(column, text, currency)
    }
    last = currency
    return cells
  }
}

const cellOf = ({ name, type }: JournalColumn, text: string | null, currency: string): string => {
  if (text === null) return ''
  if (type === 'decimal' && name !== 'fx_rate') return numberCell(text, exponentOf(currency))
  return type === 'decimal' || type === 'integer' ? numberCell(text) : textCell(text)
}
