import { type JournalColumn, journalColumns, metadataOf } from '#exports/columns.ts'
import type { ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { fromByteText } from './byte-text.ts'

const lastColumn = 'metadata'

export const delimiterOf = ({ options }: ExportContext): string => (options.decimalSeparator === ',' ? ';' : ',')

/**
 * Writes the cells from one column to another, a delimiter behind each and the end of the line behind the last one.
 * Texts of the line are bytes (`byte-text.ts`). Made by join, the cells are one flat piece.
 */
export const cellsBetween = (context: ExportContext, from: string, to: string): ((line: JournalLine) => string) => {
  const [first, last] = [from, to].map((wanted) => journalColumns.findIndex(({ name }) => name === wanted))
  const columns = journalColumns.slice(first, (last ?? 0) + 1).map((column) => cellOf(column, context))
  const delimiter = delimiterOf(context)
  const cells = Array<string>(columns.length + (to === lastColumn ? 0 : 1)).fill('')
  return (line) => {
    for (let i = 0; i < columns.length; i++) cells[i] = columns[i]?.(line) ?? ''
    return cells.join(delimiter)
  }
}

const cellOf = ({ type, value }: JournalColumn, context: ExportContext): ((line: JournalLine) => string) => {
  const { profile, decimalSeparator } = context.options
  // It always has quotation marks, so it stands between them, and it is the last one.
  if (type === 'json') return ({ transaction, account }) => `"${metadataOf(transaction, account, '""')}"\r\n`
  if (type === 'decimal') return (line) => value(line, context)?.replace('.', decimalSeparator) ?? ''
  if (type !== 'text') return (line) => value(line, context) ?? ''
  const quote = quoting(delimiterOf(context))
  const show = profile === 'spreadsheet' ? (text: string) => quote(guard(text)) : quote
  // Kinds, providers and categories mostly are what they were.
  let known: string | null = null
  let shown = ''
  return (line) => {
    const text = value(line, context)
    if (text === null) return ''
    if (text !== known) {
      shown = show(text)
      known = text
    }
    return shown
  }
}

const quoting = (delimiter: string): ((text: string) => string) => {
  const special = delimiter === ',' ? /[",\r\n]/ : /[";\r\n]/
  return (text) => {
    // Most cells are names and numbers: one look instead of three.
    if (plain.test(text) || !(special.test(text) || hasSpaceAround(text))) return text
    return `"${text.replaceAll('"', '""')}"`
  }
}

const plain = /^[\w:./-]*$/

/** Beyond ASCII, spaces are known by their letters, not by their bytes. */
const hasSpaceAround = (text: string): boolean =>
  /^\s|\s$/.test(/^[\u0080-\u00ff]|[\u0080-\u00ff]$/.test(text) ? fromByteText(text) : text)

/** Spreadsheets run text that begins like this as a formula, in a plain CSV too (OWASP: CSV injection). */
const guard = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
