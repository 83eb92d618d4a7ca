import { cents } from './documents.ts'

/** What the law asks of the file and the tax office's own tool does not check: everything that is wrong, in words. */
export const faultsOf = (text: string): string[] => {
  const [head = '', ...rest] = text.split('\r\n')
  const faults: string[] = []
  if (head !== columns.join('\t')) faults.push('header')
  if (rest.pop() !== '') faults.push('the last line is not ended')
  const rows = rest.map((line) => line.split('\t'))
  const sums = new Map<string, bigint>()
  let [number, validOn] = [0n, '']
  for (const [index, cells] of rows.entries()) {
    const cell = (name: string) => cells[columns.indexOf(name)] ?? ''
    const fault = (what: string) => faults.push(`line ${index + 2}: ${what}`)
    if (cells.length !== 18) fault(`${cells.length} columns`)
    for (const name of mandatory) if (cell(name) === '') fault(`${name} is empty`)
    for (const name of ['EcritureDate', 'PieceDate', 'ValidDate'])
      if (!isDay(cell(name))) fault(`${name} ${cell(name)}`)
    for (const name of ['Debit', 'Credit']) if (!/^\d+,\d{2}$/.test(cell(name))) fault(`${name} ${cell(name)}`)
    if (cell('Debit') !== '0,00' && cell('Credit') !== '0,00') fault('debit and credit')
    if (!/^\d{3}/.test(cell('CompteNum'))) fault(`CompteNum ${cell('CompteNum')}`)
    if ((cell('Montantdevise') === '') !== (cell('Idevise') === '')) fault('half a foreign amount')
    if (!/^(-?\d+(,\d+)?)?$/.test(cell('Montantdevise'))) fault(`Montantdevise ${cell('Montantdevise')}`)
    const next = BigInt(cell('EcritureNum'))
    if (next !== number && next !== number + 1n) fault(`EcritureNum ${next} after ${number}`)
    if (cell('ValidDate') < validOn) fault(`ValidDate ${cell('ValidDate')} after ${validOn}`)
    ;[number, validOn] = [next, cell('ValidDate')]
    const key = `${next} of ${cell('JournalCode')}`
    sums.set(key, (sums.get(key) ?? 0n) + cents(cell('Debit')) - cents(cell('Credit')))
  }
  for (const [key, sum] of sums) if (sum !== 0n) faults.push(`EcritureNum ${key} is unbalanced by ${sum}`)
  return faults
}

const columns =
  'JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib PieceRef PieceDate EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise'.split(
    ' ',
  )
const mandatory = ['JournalCode', 'JournalLib', 'EcritureNum', 'CompteNum', 'CompteLib', 'PieceRef', 'EcritureLib']

const isDay = (text: string): boolean => {
  const day = text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
  return /^\d{4}-/.test(day) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}
