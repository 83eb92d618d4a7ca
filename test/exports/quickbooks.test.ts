import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quickbooks } from '#exports/formats/quickbooks.ts'
import { cents, readTable, writeDocument } from './documents.ts'
import { hostileJournal } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'

const lines = hostileJournal()

/** What Intuit asks of the file: quickbooks.intuit.com, Import journal entries. */
const faultsOf = (text: string): string[] => {
  const [head, ...rows] = readTable(text, ',')
  const faults: string[] = []
  if (head?.join() !== 'Journal No.,Journal Date,Account Name,Description,Debits,Credits') faults.push('header')
  const sums = new Map<string, bigint>()
  const heads = new Map<string, string>()
  for (const [number = '', date = '', name = '', , debit = '', credit = '', ...more] of rows) {
    if (more.length > 0 || number === '' || number.length > 21) faults.push(`number ${number}`)
    if (!/^(0[1-9]|1[0-2])\/(0[1-9]|[12]\d|3[01])\/\d{4}$/.test(date)) faults.push(`date ${date}`)
    if ((heads.get(number) ?? date) !== date) faults.push(`${number} has two dates`)
    heads.set(number, date)
    if (name === '') faults.push(`${number} has no account`)
    if ((debit === '') === (credit === '')) faults.push(`${number} debit or credit`)
    if (!/^\d+\.\d{2}$/.test(debit + credit)) faults.push(`${number} amount ${debit}${credit}`)
    sums.set(number, (sums.get(number) ?? 0n) + cents(debit || '0') - cents(credit || '0'))
  }
  for (const [number, sum] of sums) if (sum !== 0n) faults.push(`${number} is off by ${sum}`)
  return faults
}

test('an entry, byte for byte', async () => {
  const small = journalOf([
    {
      description: 'Order 1001, "captured"',
      legs: [
        ['1110', 'usd', 12_000n, 11_160n],
        ['4010', 'usd', -12_000n, -11_160n],
      ],
    },
  ])
  assert.equal(
    await writeDocument(quickbooks, small),
    'Journal No.,Journal Date,Account Name,Description,Debits,Credits\r\n' +
      'J1,11/02/2026,PSP – pending,"Order 1001, ""captured""",111.60,\r\n' +
      'J1,11/02/2026,Sales,"Order 1001, ""captured""",,111.60\r\n',
  )
})

test('every text and currency is written as asked, without memo accounts; a wrong cent would be found', async () => {
  const text = await writeDocument(quickbooks, lines)
  assert.deepEqual(faultsOf(text), [])
  assert.doesNotMatch(text, /Authorised/)
  assert.match(text, /naïve 花束/)
  assert.deepEqual(faultsOf(text.replace(',10.01,', ',10.02,')), ['J2 is off by 1'])
})

test('with a day at a time both sides of each account add up to what the lines do', async () => {
  const day = await writeDocument(quickbooks, lines, contextOf(lines, { options: { granularity: 'day' } }))
  assert.deepEqual(faultsOf(day), [])
  const sides = (text: string) => {
    const sums: Record<string, bigint> = {}
    for (const [, date, name, , debit = '', credit = ''] of readTable(text, ',').slice(1)) {
      const key = `${date} ${name} ${debit === '' ? 'credit' : 'debit'}`
      sums[key] = (sums[key] ?? 0n) + cents(debit || credit)
    }
    return sums
  }
  assert.deepEqual(sides(day), sides(await writeDocument(quickbooks, lines)))
  const numbers = readTable(day, ',')
    .slice(1)
    .map(([number]) => number)
  assert.equal(new Set(numbers).size, new Set(lines.map(({ transaction }) => transaction.effectiveOn)).size)
})

test('in a spreadsheet no description is run as a formula', async () => {
  const text = await writeDocument(quickbooks, lines, contextOf(lines, { options: { profile: 'spreadsheet' } }))
  for (const cells of readTable(text, ',')) for (const cell of cells) assert.doesNotMatch(cell, /^[=+@-]/)
})
