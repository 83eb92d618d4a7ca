import type { ExportOptions } from '#exports/format.ts'

/** A line of a CSV file, RFC 4180, ended by CRLF. In a spreadsheet profile no cell can be run as a formula but numbers stay numbers. */
export const csvRow = (cells: readonly string[], { profile }: Pick<ExportOptions, 'profile'>): string =>
  `${cells.map((cell) => quote(profile === 'spreadsheet' ? guard(cell) : cell)).join(',')}\r\n`

/** Spreadsheets run text that begins like this as a formula (OWASP: CSV injection). */
const guard = (cell: string): string => (/^[=+\-@\t\r]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell) ? `'${cell}` : cell)

const quote = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
