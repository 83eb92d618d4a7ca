import { cents, readTable } from './documents.ts'

/** Of developer.datev.de: the expressions of the fields we fill, as they stand in the file, quotes and all. */
const expressions: Record<number, RegExp> = {
  1: /^(?!0{1,10},00)\d{1,10},\d{2}$/,
  2: /^"(S|H)"$/,
  3: /^"[A-Z]{3}"$/,
  7: /^(?!0{1,9}$)\d{1,9}$/,
  8: /^(?!0{1,9}$)\d{1,9}$/,
  10: /^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])$/,
  11: /^"[\w$%\-/]{0,36}"$/,
  14: /^".{0,60}"$/,
  21: /^".{0,20}"$/,
  22: /^".{0,210}"$/,
  23: /^(".{0,20}")?$/,
  24: /^(".{0,210}")?$/,
  114: /^[01]$/,
  118: /^("[01]")?$/,
}

export const faultsOf = (text: string): string[] => {
  const [head = '', columns = '', ...rest] = text.split('\r\n')
  const faults: string[] = []
  if (head.split(';').length !== 31) faults.push('the header has not 31 fields')
  if (columns.split(';').length !== 125) faults.push('there are not 125 columns')
  if (rest.pop() !== '') faults.push('the last line is not ended')
  for (const [index, line] of rest.entries()) {
    const cells = line.match(/("([^"]|"")*"|[^;"]*)(;|$)/g)?.map((cell) => cell.replace(/;$/, '')) ?? []
    if (cells.at(-1) === '' && cells.length === 126) cells.pop()
    if (cells.length !== 125) faults.push(`row ${index}: ${cells.length} columns`)
    for (const [at, cell] of cells.entries()) {
      const expression = expressions[at + 1] ?? /^$/
      if (!expression.test(cell.replaceAll('""', '"'))) faults.push(`row ${index}, field ${at + 1}: ${cell}`)
    }
    if (cells[6] === cells[7]) faults.push(`row ${index}: an account against itself`)
  }
  return faults
}

/** What each account holds when the pairs are booked as DATEV books them. */
export const balancesOfRows = (text: string): Record<string, bigint> => {
  const sums = new Map<string, bigint>()
  const add = (account: string, amount: bigint) => sums.set(account, (sums.get(account) ?? 0n) + amount)
  for (const [amount = '', side, , , , , account = '', other = ''] of readTable(text, ';').slice(2)) {
    const signed = side === 'S' ? cents(amount) : -cents(amount)
    add(account, signed)
    add(other, -signed)
  }
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n).sort())
}
