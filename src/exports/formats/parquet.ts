import type { ByteWriter, ParquetWriter, SchemaElement } from 'hyparquet-writer'
import { type JournalColumn, journalColumns } from '#exports/columns.ts'
import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { showId } from '#kernel/ids.ts'

/** Lines per row group: what is held in memory, and what is encoded in one go, at a time. */
const groupLines = 20_000

/** Of the columns and their types; told in the file. */
const schemaVersion = '1'

/**
 * Journal lines as Parquet, in the columns of the CSV. Sums are made of `amount_minor` and `base_amount_minor`: 64-bit
 * integers, with the digits of the currency in `exponent`. Decimals are text and nothing is floating point. The file's
 * own metadata say what was exported: as_of_seq, from_seq, chain_head, schema_version, merchant, base_currency.
 */
export const parquet: DocumentFormat = {
  shape: 'document',
  name: 'parquet',
  title: 'Apache Parquet, one row per entry, for DuckDB, Spark, BigQuery and Power Query',
  contentType: 'application/vnd.apache.parquet',
  extension: 'parquet',
  target: 'csv',
  needsBalances: false,
  needsWholeTransactions: false,
  async *write(context, lines) {
    const library = await import('hyparquet-writer') // takes memory that the other formats do without
    const bytes = new library.ByteWriter()
    const writer = new library.ParquetWriter({
      writer: bytes,
      schema,
      kvMetadata: metadataOf(context),
      createdBy: 'parley',
    })
    let group: JournalLine[] = []
    for await (const batch of lines) {
      for (const line of batch) {
        // To the line, however large the batches are that come: the same export has the same bytes.
        if (group.push(line) < groupLines) continue
        yield writeGroup(writer, bytes, group, context)
        group = []
      }
    }
    if (group.length > 0) yield writeGroup(writer, bytes, group, context)
    writer.finish()
    yield taken(bytes)
  },
}

const writeGroup = (
  writer: ParquetWriter,
  bytes: ByteWriter,
  lines: readonly JournalLine[],
  context: ExportContext,
): Uint8Array => {
  const columnData = journalColumns.map(({ name, type, value }) => {
    const convert = kinds[type].convert
    const data = lines.map((line) => {
      const text = value(line, context)
      return text === null ? null : convert(text)
    })
    // Smallest and largest value of each group let readers skip groups; of text they cost more than they save.
    return { name, data, statistics: kinds[type] !== text }
  })
  writer.write({ columnData, rowGroupSize: lines.length })
  return taken(bytes)
}

/** What was written since the last time; the writer goes on at its offset with an empty buffer. */
const taken = (bytes: ByteWriter): Uint8Array => {
  const copy = bytes.getBytes().slice()
  bytes.index = 0
  return copy
}

interface Kind {
  readonly element: Omit<SchemaElement, 'name'>
  readonly convert: (text: string) => unknown
}

const text: Kind = { element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' }, convert: (value) => value }

const kinds: Readonly<Record<JournalColumn['type'], Kind>> = {
  text,
  id: text,
  json: text,
  decimal: text,
  integer: { element: { type: 'INT64' }, convert: (value) => BigInt(value) },
  date: { element: { type: 'INT32', converted_type: 'DATE' }, convert: (value) => new Date(`${value}T00:00:00Z`) },
  moment: {
    element: {
      type: 'INT64',
      converted_type: 'TIMESTAMP_MICROS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    },
    // 2026-11-30T12:00:00.000001Z: JavaScript's dates end at milliseconds.
    convert: (value) => BigInt(Date.parse(`${value.slice(0, 23)}Z`)) * 1000n + BigInt(value.slice(23, 26)),
  },
}

const schema: SchemaElement[] = [
  { name: 'journal', num_children: journalColumns.length },
  ...journalColumns.map(
    ({ name, type }): SchemaElement => ({
      name,
      repetition_type: 'OPTIONAL',
      ...kinds[type].element,
    }),
  ),
]

const metadataOf = ({ asOfSeq, fromSeq, headHash, merchant, baseCurrency }: ExportContext) =>
  Object.entries({
    as_of_seq: String(asOfSeq),
    from_seq: String(fromSeq),
    chain_head: headHash,
    schema_version: schemaVersion,
    merchant: showId('merchant', merchant.id),
    base_currency: baseCurrency,
  }).map(([key, value]) => ({ key, value }))
