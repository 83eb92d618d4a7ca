import type { AccountBalance, JournalAccount, JournalLine } from './journal.ts'

/** What a format may ask of its export, all of it fixed when the export is created: the same context and lines give the same bytes. */
export interface ExportContext {
  readonly merchant: { readonly id: string; readonly name: string }
  readonly baseCurrency: string
  /** Seals in (fromSeq, asOfSeq]. */
  readonly fromSeq: bigint
  readonly asOfSeq: bigint
  /** Hash of the seal `asOfSeq`, hexadecimal; empty for an empty ledger. */
  readonly headHash: string
  /** Only what took effect in [from, to], days of UTC; null is open. */
  readonly from: string | null
  readonly to: string | null
  /** Whether only some kinds, threads, accounts or currencies are in it: then what the lines add up to is no balance. */
  readonly isNarrowed?: boolean
  /** First and last day on which one of the lines took effect; null where there are no lines. */
  readonly days: { readonly first: string; readonly last: string } | null
  readonly options: ExportOptions
  /** The merchant's own code and name of an account for the tool of this format, else the chart's. */
  readonly mapped: (account: JournalAccount) => { readonly code: string; readonly name: string }
  /** Balances before the first line and after the last, by (code, currency, holder). Only where `needsBalances`. */
  readonly opening: readonly AccountBalance[]
  readonly closing: readonly AccountBalance[]
}

export interface ExportOptions {
  readonly profile: 'machine' | 'spreadsheet'
  readonly decimalSeparator: '.' | ','
  /** Without 9010/9011. */
  readonly withoutMemo: boolean
  readonly granularity: 'line' | 'day'
  readonly encoding: 'default' | 'utf-8'
  /** Of the merchant, for formats that name it: siren (FEC), consultant and client number (DATEV) … */
  readonly parameters: Readonly<Record<string, string>>
}

interface FormatBase {
  readonly name: string
  /** One line for people who choose. */
  readonly title: string
  readonly contentType: string
  readonly extension: string
  /** Whose account codes are written: the key of the merchant's mapping. */
  readonly target: string
  readonly needsBalances: boolean
  /** Whether its tool refuses a file in which transactions miss lines; then the export cannot be narrowed to accounts. */
  readonly needsWholeTransactions: boolean
  /** Whether `granularity: 'day'` means something to it; else only lines can be asked for. */
  readonly sumsDays?: true
  /** Where a law or a tool prescribes the file's name; else journal-<first seq>-<last seq>.<extension>. */
  fileName?(context: ExportContext): string
  /**
   * Of the text that is yielded, unless `options.encoding` asks for UTF-8; what it lacks becomes '?'. Default: UTF-8.
   * `bytes`: it is encoded already, a letter for each byte (see `formats/byte-text.ts`).
   */
  readonly encoding?: 'latin9' | 'windows-1252' | 'bytes'
  /** Why this export cannot be written, for people, said before anything is; undefined when it can. */
  refuse?(context: ExportContext): string | undefined
}

/** Written line by line, in parts that are made apart and put together: `head`, lines of part 1, 2, …, `tail`. */
export interface LineFormat extends FormatBase {
  readonly shape: 'lines'
  open(context: ExportContext): LineWriter
}

export interface LineWriter {
  head(): string
  /** Lines come by (seq, line); a part begins with the first line of a transaction. */
  line(line: JournalLine): string
  tail(): string
}

/** Written in one go. Must not hold all lines in memory where it can help it. */
export interface DocumentFormat extends FormatBase {
  readonly shape: 'document'
  write(context: ExportContext, lines: AsyncIterable<readonly JournalLine[]>): AsyncIterable<string | Uint8Array>
}

/** Several files in one zip archive, because its tool takes only so many lines at once. */
export interface ArchiveFormat extends FormatBase {
  readonly shape: 'archive'
  write(context: ExportContext, lines: AsyncIterable<readonly JournalLine[]>): AsyncIterable<ArchivedFile>
}

export interface ArchivedFile {
  readonly file: string
  readonly text: string
}

export type ExportFormat = LineFormat | DocumentFormat | ArchiveFormat
