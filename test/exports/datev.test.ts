import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { datev } from '#exports/formats/datev.ts'
import type { JournalAccount } from '#exports/journal.ts'
import { mappedAccount } from '#finance/mapping.ts'
import { balancesOfRows, faultsOf } from './datev-validator.ts'
import { readTable, writeDocument } from './documents.ts'
import { hostileJournal } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'

const parameters = { consultant: '29098', client: '55003', fiscal_year_start: '2026-01-01', account_length: '4' }
const lines = hostileJournal()
const mapped = (account: JournalAccount) => mappedAccount('datev', {}, account)
const contextWith = (given: Record<string, string> = {}, more: Parameters<typeof contextOf>[1] = {}) =>
  contextOf(lines, { mapped, ...more, options: { parameters: { ...parameters, ...given } } })

test('two entries, byte for byte', async () => {
  const small = journalOf([
    {
      description: 'Order "1001"; captured',
      legs: [
        ['1110', 'eur', 12_000n],
        ['4010', 'eur', -10_000n],
        ['2310', 'eur', -2000n],
      ],
    },
    {
      description: 'Fee',
      eventKey: 'txn_1:fee',
      effectiveOn: '2026-11-30',
      reversesId: '01939b00-0000-7000-8000-000000001002',
      legs: [
        ['5010', 'jpy', 432n, 268n],
        ['1110', 'jpy', -432n, -268n],
      ],
    },
  ])
  const text = await writeDocument(datev, small, contextOf(small, { mapped, options: { parameters } }))
  const [head, , ...rows] = text.split('\r\n')
  assert.equal(
    head,
    '"EXTF";700;21;"Buchungsstapel";13;20261130235959000;;"RE";"";"";29098;55003;20260101;4;20261102;20261130;"Parley J1-J2";"";1;0;0;"EUR";;"";;;"03";;;"";""',
  )
  const row = (first: string, info: string, end: string) => `${first};;;;;;;${info};${';'.repeat(89)}0;;;;${end};;;;;;;`
  assert.deepEqual(rows, [
    row('100,00;"H";"EUR";;;;8200;1361;;0211;"ch_1";;;"Order ""1001""; captured"', '"Journal";"J1";;', ''),
    row('20,00;"H";"EUR";;;;1770;1361;;0211;"ch_1";;;"Order ""1001""; captured"', '"Journal";"J1";;', ''),
    row('2,68;"H";"EUR";;;;1361;4970;;3011;"txn_1";;;"Fee"', '"Journal";"J2";"Betrag";"-432 JPY"', '"1"'),
    '',
  ])
  assert.deepEqual(faultsOf(text), [])
})

test('every text and currency fits the fields, and the accounts hold what ours hold', async () => {
  const text = await writeDocument(datev, lines, contextWith())
  assert.deepEqual(faultsOf(text), [])
  const expected = new Map<string, bigint>()
  for (const { account, base } of contextWith().closing) {
    const { code: number } = mapped(account)
    if (account.type !== 'memo') expected.set(number, (expected.get(number) ?? 0n) + base)
  }
  assert.deepEqual(balancesOfRows(text), Object.fromEntries([...expected].filter(([, sum]) => sum !== 0n).sort()))
})

test('many against many go through the clearing account, and longer accounts end in zeros', async () => {
  const many = journalOf([
    {
      legs: [
        ['2010', 'eur', 9000n],
        ['1120', 'eur', 9825n],
        ['2011', 'eur', -9000n],
        ['1110', 'eur', -9825n],
      ],
    },
  ])
  const given = contextOf(many, { mapped, options: { parameters: { ...parameters, account_length: '6' } } })
  const text = await writeDocument(datev, many, given)
  const rows = readTable(text, ';').slice(2)
  assert.deepEqual(
    rows.map((cells) => [cells[0], cells[1], cells[6], cells[7]]),
    [
      ['90,00', 'S', '172300', '159000'],
      ['98,25', 'S', '136200', '159000'],
      ['90,00', 'H', '172400', '159000'],
      ['98,25', 'H', '136100', '159000'],
    ],
  )
  const own = contextOf(many, { mapped, options: { parameters: { ...parameters, clearing_account: '1599' } } })
  assert.match(await writeDocument(datev, many, own), /;1723;1599;/)
})

test('a row that is off by a cent, too long or misplaced is found', async () => {
  const text = await writeDocument(datev, lines, contextWith())
  assert.notDeepEqual(balancesOfRows(text.replace('8,00;"H"', '8,01;"H"')), balancesOfRows(text))
  for (const [from, to] of [
    ['8,00;"H"', '8.00;"H"'],
    ['8,00;"H"', '0,00;"H"'],
    ['"EUR";;;;8200', '"EUR";;;8200'],
    [';2811;', ';1128;'],
    ['"Event 24"', `"${'x'.repeat(61)}"`],
  ] as const) {
    const mutated = text.replace(from, to)
    assert.notEqual(mutated, text)
    assert.notDeepEqual(faultsOf(mutated), [], to)
  }
})

describe('refused with a reason', () => {
  const reasonOf = (...given: Parameters<typeof contextWith>) => datev.refuse?.(contextWith(...given)) ?? ''

  test('numbers that are missing or wrong, and a batch that leaves the fiscal year', () => {
    assert.equal(reasonOf(), '')
    assert.match(reasonOf({ consultant: '' }), /consultant/)
    assert.match(reasonOf({ client: '0' }), /client/)
    assert.match(reasonOf({ account_length: '9' }), /account_length/)
    assert.match(reasonOf({ fiscal_year_start: '2026-11-01' }), /fiscal year: from 2026-10-31/)
    assert.match(reasonOf({}, { to: '2027-01-01' }), /fiscal year/)
    assert.match(reasonOf({}, { baseCurrency: 'jpy' }), /jpy/)
    assert.match(reasonOf({ clearing_account: 'x' }), /clearing account/)
  })

  test('a currency that nobody valued', () => {
    const unvalued = journalOf([
      {
        legs: [
          ['1110', 'usd', 100n, 0n],
          ['4010', 'usd', -100n, 0n],
        ],
      },
    ])
    const given = contextOf(unvalued, { mapped, options: { parameters } })
    assert.match(datev.refuse?.(given) ?? '', /USD: export the currency EUR alone/)
  })

  test('accounts of another chart that are not mapped, and numbers too long', () => {
    assert.match(reasonOf({ chart: '04' }), /1110 .* SKR 04/)
    assert.equal(
      reasonOf({ chart: '04' }, { mapped: ({ code }) => ({ code: `1${code.slice(1)}`, name: 'Konto' }) }),
      '',
    )
    assert.match(reasonOf({}, { mapped: () => ({ code: '123456', name: 'Konto' }) }), /at most 4 digits, not "123456"/)
  })
})

test('the file is called as DATEV finds it and written in its encoding', () => {
  assert.equal(datev.fileName?.(contextWith()), 'EXTF_Buchungsstapel_20261031_20261128.csv')
  assert.equal(datev.encoding, 'windows-1252')
})
