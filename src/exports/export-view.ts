import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ExportContext, ExportFormat } from './format.ts'
import type { ExportRow, PartRow } from './repo.ts'
import type { Manifest } from './schemas.ts'
import type { ExportSpec, SeqRange } from './spec.ts'
import { addTotals, totalsByCurrency } from './tally.ts'

/** Of the bytes: another one may write the same range differently. */
const exporterVersion = '1'
/** Of the columns and of this manifest. */
const schemaVersion = '1'

const whole = toJsonAmount

export const showExport = (row: ExportRow) => {
  const path = `/v1/exports/${showId('export', row.id)}`
  const isThere = row.status === 'succeeded'
  const isOpen = row.status === 'queued' || row.status === 'running'
  const manifest = row.manifest as Manifest | null
  return {
    id: showId('export', row.id),
    object: 'export' as const,
    status: row.status,
    format: row.format,
    from_seq: whole(row.from_seq),
    as_of_seq: whole(row.as_of_seq),
    request: showSpec(row.spec),
    progress: {
      parts_done: row.parts_done,
      parts_total: row.parts_total,
      rows_done: whole(row.rows_done),
      rows_total: estimateRows(row),
    },
    file_name: manifest?.file.name ?? null,
    bytes: whole(row.bytes),
    sha256: row.sha256?.toString('hex') ?? null,
    url: isThere ? `${path}/download` : null,
    manifest: isThere ? `${path}/manifest` : null,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    next_attempt_at: isOpen && row.error_code !== null ? unixSeconds(row.next_attempt_at) : null,
    finished_at: row.finished_at && unixSeconds(row.finished_at),
    expires_at: row.expires_at && unixSeconds(row.expires_at),
    livemode: row.livemode,
    created: unixSeconds(row.created_at),
  }
}

/** Parts have about as many lines as each other; counting them first would take as long as a good part of the work. */
const estimateRows = (row: ExportRow): number | null => {
  if (row.sha256 !== null) return whole(row.rows_done)
  if (row.parts_done === 0) return null
  return whole((row.rows_done * BigInt(row.parts_total)) / BigInt(row.parts_done))
}

const showSpec = ({ filter, options, compression }: ExportSpec) => ({
  from: filter.fromDay,
  to: filter.toDay,
  accounts: filter.accountIds?.map((id) => showId('ledgerAccount', id)) ?? null,
  currency: filter.currency,
  kind: filter.kind,
  thread: filter.threadId && showId('thread', filter.threadId),
  compression,
  profile: options.profile,
  decimal_separator: options.decimalSeparator,
  granularity: options.granularity,
  without_memo: options.withoutMemo,
  encoding: options.encoding,
  parameters: options.parameters,
})

const suffixes = { none: '', gzip: '.gz', zstd: '.zst' } as const

/** Where no tool prescribes another: journal-1-5000.csv.gz. ASCII, without what a header or a file system would mind. */
export const fileNameOf = (format: ExportFormat, context: ExportContext, { compression }: ExportSpec): string => {
  const usual = `journal-${context.fromSeq + 1n}-${context.asOfSeq}.${format.extension}`
  const name = format.fileName?.(context) ?? usual
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '_') + suffixes[compression]
}

/** What a file is and how to check it. */
export const makeManifest = (
  row: ExportRow,
  format: ExportFormat,
  file: { name: string; bytes: bigint; sha256: Buffer },
  parts: readonly PartRow[],
): Manifest => {
  const range: SeqRange = { fromSeq: row.from_seq, asOfSeq: row.as_of_seq }
  const balances = addTotals(parts.flatMap(({ totals }) => totals))
  return {
    object: 'export_manifest',
    export: showId('export', row.id),
    schema_version: schemaVersion,
    exporter_version: exporterVersion,
    merchant: showId('merchant', row.merchant_id),
    format: row.format,
    from_seq: whole(range.fromSeq),
    as_of_seq: whole(range.asOfSeq),
    chain_head: { seq: whole(range.asOfSeq), hash: row.spec.headHash },
    spec: { ...showSpec(row.spec), filter: row.spec.filter, mapping: row.spec.mapping, part_seqs: row.spec.partSeqs },
    file: {
      name: file.name,
      content_type: format.contentType,
      bytes: whole(file.bytes),
      sha256: file.sha256.toString('hex'),
    },
    rows: whole(parts.reduce((sum, { rows }) => sum + rows, 0n)),
    parts: parts.map((part) => ({
      number: part.number,
      rows: whole(part.rows),
      bytes: whole(part.bytes),
      sha256: part.sha256.toString('hex'),
      first_seq: whole(part.first_seq),
      last_seq: whole(part.last_seq),
      totals: totalsByCurrency(part.totals),
    })),
    totals: totalsByCurrency(balances),
    trial_balance: balances.map(({ code, name, currency, debit, credit }) => ({
      account: code,
      name,
      currency,
      debit,
      credit,
      balance: String(BigInt(debit) - BigInt(credit)),
    })),
    created: unixSeconds(row.created_at),
  }
}

/** As `sha256sum -c` reads it. */
export const showSums = ({ file }: Manifest): string => `${file.sha256}  ${file.name}\n`
