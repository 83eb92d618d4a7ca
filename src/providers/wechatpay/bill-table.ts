import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { UnmappedError } from './amounts.ts'

export type Row = ReadonlyMap<string, string>

/**
 * WeChat Pay's bills: UTF-8 with a byte order mark, CRLF, every value after a backtick, amounts in decimals of the whole
 * unit; a heading and rows, then perhaps a heading and one row that sums them up. Source:
 * pay.weixin.qq.com/doc/v3/merchant/4013071227. Throws `UnmappedError` for what does not look so.
 */
export const readTable = (text: string, firstColumn: string): { rows: Row[]; summary?: Row } => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  while (lines.at(-1) === '') lines.pop()
  const [heading = '', ...rest] = lines
  const columns = namesOf(heading)
  if (columns[0] !== firstColumn) throw new UnmappedError('a bill that begins with', columns[0])
  const sums = rest.at(-2)
  if (sums === undefined || sums.startsWith('`')) return { rows: rest.map((line) => readRow(columns, line)) }
  return {
    rows: rest.slice(0, -2).map((line) => readRow(columns, line)),
    summary: readRow(namesOf(sums), rest.at(-1) ?? ''),
  }
}

const namesOf = (heading: string): string[] => heading.split(',').map((name) => name.replace(/^`/, ''))

/** Split at the backticks and not at commas: a name of goods may have commas of its own. */
const readRow = (columns: readonly string[], line: string): Row => {
  const values = line.startsWith('`') ? line.slice(1).split(',`') : []
  if (values.length !== columns.length)
    throw new UnmappedError(`a line of ${values.length} values under ${columns.length} columns:`, line)
  return new Map(columns.map((name, index) => [name, (values[index] ?? '').trim()]))
}

export const cell = (row: Row, column: string): string => {
  const value = row.get(column)
  if (value === undefined) throw new UnmappedError('a bill without the column', column)
  return value
}

/** Of a whole unit: amounts are read in hundred-thousandths, for fees are printed with five decimals. */
export const unit = 100_000n

export const decimal = (row: Row, column: string): bigint => {
  const value = cell(row, column)
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,5}))?$/.exec(value)
  if (!match) throw new UnmappedError(column, value)
  const [, sign, whole = '', part = ''] = match
  const amount = BigInt(whole) * unit + BigInt(part.padEnd(5, '0'))
  return sign === '-' ? -amount : amount
}

/** An amount in minor units of its currency. */
export const minor = (row: Row, column: string, currency: Currency): bigint => {
  const amount = decimal(row, column)
  const perMinor = unit / 10n ** BigInt(currencyExponent(currency))
  if (amount % perMinor !== 0n)
    throw new UnmappedError(`a fraction of the smallest unit as ${column}`, cell(row, column))
  return amount / perMinor
}
