import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sage } from '#exports/formats/sage.ts'
import { cents, readTable, writeDocument } from './documents.ts'
import { hostileJournal } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'

const lines = hostileJournal()

/** What Sage 50 asks of an audit trail file: makingithappen.co.uk/CI/std/audittrans.htm. */
const faultsOf = (text: string): string[] => {
  const [head, ...rows] = readTable(text, ',')
  const faults: string[] = []
  const columns =
    'Type,Account Reference,Nominal A/C Ref,Department Code,Date,Reference,Details,Net Amount,Tax Code,Tax Amount,Exchange Rate,Extra Reference,User Name,Project,Cost Code'
  if (head?.join() !== columns) faults.push('header')
  const sums = new Map<string, bigint>()
  for (const [
    type,
    account,
    nominal = '',
    department,
    date = '',
    reference = '',
    details = '',
    net = '',
    code,
    tax,
    ...rest
  ] of rows) {
    if (type !== 'JD' && type !== 'JC') faults.push(`type ${type}`)
    if (account !== '' || department !== '0' || code !== 'T9' || tax !== '0.00' || rest.join('') !== '')
      faults.push(`${reference}`)
    if (!/^\d{1,8}$/.test(nominal)) faults.push(`nominal ${nominal}`)
    if (!/^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{4}$/.test(date)) faults.push(`date ${date}`)
    if (reference === '' || reference.length > 30 || details.length > 60) faults.push(`reference ${reference}`)
    if (!/^\d+\.\d{2}$/.test(net) || cents(net) === 0n) faults.push(`amount ${net}`)
    sums.set(reference, (sums.get(reference) ?? 0n) + (type === 'JD' ? cents(net) : -cents(net)))
  }
  for (const [reference, sum] of sums) if (sum !== 0n) faults.push(`${reference} is off by ${sum}`)
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
  assert.deepEqual((await writeDocument(sage, small)).split('\r\n').slice(1), [
    'JD,,1110,0,02112026,J1,Order 1001,120.00,T9,0.00,,,,,',
    'JC,,4010,0,02112026,J1,Order 1001,120.00,T9,0.00,,,,,',
    '',
  ])
})

for (const granularity of ['line', 'day'] as const) {
  test(`every text and currency is written as asked, by the ${granularity}; a wrong cent would be found`, async () => {
    const text = await writeDocument(sage, lines, contextOf(lines, { options: { granularity } }))
    assert.deepEqual(faultsOf(text), [])
    assert.doesNotMatch(text, /,901\d,/)
    const [amount = ''] = text.match(/\d+\.\d\d(?=,T9)/) ?? []
    assert.equal(faultsOf(text.replace(`,${amount},T9`, `,9${amount},T9`)).length, 1)
  })
}
