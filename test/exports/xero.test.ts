import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xero } from '#exports/formats/xero.ts'
import { cents, readTable, writeArchive } from './documents.ts'
import { hostileJournal } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'

const lines = hostileJournal()

/** What Xero asks of a file: help.xero.com, Import manual journals. */
const faultsOf = (text: string): string[] => {
  const [head, ...rows] = readTable(text, ',')
  const faults: string[] = []
  const columns =
    '*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2'
  if (head?.join() !== columns) faults.push('header')
  if (rows.length > 300) faults.push(`${rows.length} lines`)
  const sums = new Map<string, bigint>()
  for (const [narration = '', date = '', , code = '', rate = '', amount = '', ...tracking] of rows) {
    if (narration === '' || code === '' || rate === '' || tracking.join('') !== '')
      faults.push(`${narration} lacks a cell`)
    if (!/^(0[1-9]|[12]\d|3[01])\/(0[1-9]|1[0-2])\/\d{4}$/.test(date)) faults.push(`date ${date}`)
    if (!/^-?\d+\.\d{2}$/.test(amount)) faults.push(`amount ${amount}`)
    const journal = `${narration} of ${date}`
    sums.set(journal, (sums.get(journal) ?? 0n) + cents(amount))
  }
  for (const [journal, sum] of sums) if (sum !== 0n) faults.push(`${journal} is off by ${sum}`)
  return faults
}

test('an entry, byte for byte', async () => {
  const small = journalOf([
    {
      description: 'Order 1001',
      legs: [
        ['1110', 'eur', 12_000n],
        ['4010', 'eur', -12_000n],
      ],
    },
  ])
  const [file, ...more] = await writeArchive(
    xero,
    small,
    contextOf(small, { options: { parameters: { tax_rate: 'No VAT' } } }),
  )
  assert.deepEqual(more, [])
  assert.equal(file?.file, 'xero-journals-0001.csv')
  assert.equal(
    file?.text.split('\r\n').slice(1).join('\n'),
    'J1 Order 1001,02/11/2026,Order 1001,1110,No VAT,120.00,,,,\nJ1 Order 1001,02/11/2026,Order 1001,4010,No VAT,-120.00,,,,\n',
  )
})

test('every text and currency is written as asked, without memo accounts; a wrong cent would be found', async () => {
  const [file] = await writeArchive(xero, lines)
  assert.deepEqual(faultsOf(file?.text ?? ''), [])
  assert.doesNotMatch(file?.text ?? '', /,901\d,/)
  assert.match(faultsOf(file?.text.replace(',10.01,', ',10.02,') ?? '').join(), /is off by 1/)
})

test('a file takes at most 300 lines and no journal is cut in two', async () => {
  const many = journalOf(
    Array.from({ length: 201 }, () => ({
      legs: [
        ['1110', 'eur', 300n],
        ['4010', 'eur', -200n],
        ['2310', 'eur', -60n],
        ['2060', 'eur', -40n],
      ] as const,
    })),
  )
  const files = await writeArchive(xero, many)
  assert.deepEqual(
    files.map(({ file, text }) => [file, readTable(text, ',').length - 1]),
    [
      ['xero-journals-0001.csv', 300],
      ['xero-journals-0002.csv', 300],
      ['xero-journals-0003.csv', 204],
    ],
  )
  for (const { text } of files) assert.deepEqual(faultsOf(text), [])
  const days = await writeArchive(xero, many, contextOf(many, { options: { granularity: 'day' } }))
  assert.deepEqual(
    readTable(days[0]?.text ?? '', ',').map((cells) => cells[5]),
    ['*Amount', '603.00', '-80.40', '-120.60', '-402.00'],
  )
})
