import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fec } from '#exports/formats/fec.ts'
import type { JournalAccount } from '#exports/journal.ts'
import { mappedAccount } from '#finance/mapping.ts'
import { writeDocument } from './documents.ts'
import { faultsOf } from './fec-validator.ts'
import { hostileJournal } from './hostile-journal.ts'
import { balancesOf, contextOf, journalOf } from './journal-model.ts'

const parameters = { siren: '732829320', year_end: '2026-12-31' }
const lines = hostileJournal()
const mapped = (account: JournalAccount) => mappedAccount('fec', {}, account)
const context = contextOf(lines, { mapped, from: '2026-01-01', to: '2026-12-31', options: { parameters } })

test('two entries, byte for byte', async () => {
  const small = journalOf([
    {
      description: 'Order 1001\tcapture',
      legs: [
        ['1110', 'eur', 12_000n],
        ['4010', 'eur', -10_000n],
        ['2310', 'eur', -2000n],
      ],
    },
    {
      kind: 'auth',
      legs: [
        ['9010', 'jpy', 12_000n, 7440n],
        ['9011', 'jpy', -12_000n, -7440n],
      ],
    },
    {
      description: '红包：恭喜发财 🧧',
      effectiveOn: '2026-11-03',
      legs: [
        ['1110', 'jpy', 12_000n, 7440n],
        ['2020', 'jpy', -12_000n, -7440n, 'usr_7'],
      ],
    },
  ])
  const text = await writeDocument(fec, small, contextOf(small, { mapped, to: '2026-12-31', options: { parameters } }))
  const [, ...rows] = text.split('\r\n')
  assert.deepEqual(rows, [
    'VE\tVentes\t1\t20261102\t467110\tPSP, fonds en attente\t\t\tch_1\t20261102\tOrder 1001 capture\t120,00\t0,00\t\t\t20261102\t\t',
    'VE\tVentes\t1\t20261102\t706000\tPrestations de services\t\t\tch_1\t20261102\tOrder 1001 capture\t0,00\t100,00\t\t\t20261102\t\t',
    'VE\tVentes\t1\t20261102\t445710\tTVA collectée\t\t\tch_1\t20261102\tOrder 1001 capture\t0,00\t20,00\t\t\t20261102\t\t',
    'VE\tVentes\t2\t20261103\t467110\tPSP, fonds en attente\t\t\tch_3\t20261103\tcapture ch_3\t74,40\t0,00\t\t\t20261103\t12000\tJPY',
    'VE\tVentes\t2\t20261103\t467300\tPortefeuilles des utilisateurs\tusr_7\tusr_7\tch_3\t20261103\tcapture ch_3\t0,00\t74,40\t\t\t20261103\t-12000\tJPY',
    '',
  ])
  assert.deepEqual(faultsOf(text), [])
})

test('every text and currency passes the validator, and the opening balances come first', async () => {
  const opening = balancesOf(
    journalOf([
      {
        legs: [
          ['1110', 'eur', 12_000n],
          ['4010', 'eur', -10_000n],
          ['2310', 'eur', -2000n],
        ],
      },
      {
        legs: [
          ['5010', 'jpy', 100n, 62n],
          ['1120', 'jpy', -100n, -62n],
        ],
      },
    ]),
  )
  const text = await writeDocument(fec, lines, { ...context, opening })
  assert.deepEqual(faultsOf(text), [])
  const openingRows = text.split('\r\n').filter((row) => row.startsWith('AN\t'))
  assert.deepEqual(
    openingRows
      .map((row) => row.split('\t'))
      .map((cells) => [cells[2], cells[3], cells[4], cells[11], cells[12], cells[16]]),
    [
      ['1', '20260101', '467110', '120,00', '0,00', ''],
      ['1', '20260101', '445710', '0,00', '20,00', ''],
      ['1', '20260101', '467120', '0,00', '0,62', '-100'],
      ['1', '20260101', '110000', '0,00', '99,38', ''],
    ],
  )
  assert.equal(text.split('\r\n')[1]?.slice(0, 3), 'AN\t')
})

test('a clock that was set back does not put an entry before an earlier one', async () => {
  const legs = [
    ['1110', 'eur', 100n],
    ['4010', 'eur', -100n],
  ] as const
  const late = journalOf([
    { legs, postedAt: '2026-11-03T00:00:00.100000Z' },
    { legs, postedAt: '2026-11-02T23:59:59.900000Z' },
  ])
  assert.deepEqual(faultsOf(await writeDocument(fec, late, contextOf(late, { mapped, options: { parameters } }))), [])
})

describe('the validator finds', () => {
  const mutations: Record<string, [RegExp, (from: string) => string]> = {
    'a cent too much': [/unbalanced by 1$/, (from) => from.replace('\t10,01\t', '\t10,02\t')],
    'a decimal point': [/Debit 10\.01/, (from) => from.replace('\t10,01\t', '\t10.01\t')],
    'a gap in the numbers': [/EcritureNum 3 after 1/, (from) => from.replaceAll(/\t2\t20261127/g, '\t3\t20261127')],
    'an impossible day': [/EcritureDate 20261131/, (from) => from.replace('\t20261128\t', '\t20261131\t')],
    'a missing column': [/17 columns/, (from) => from.replace('\tch_1\t', '\t')],
    'another header': [/header/, (from) => from.replace('Debit', 'Débit')],
  }
  for (const [what, [complaint, mutate]] of Object.entries(mutations)) {
    test(what, async () => {
      const text = mutate(await writeDocument(fec, lines, context))
      assert.ok(
        faultsOf(text).some((fault) => complaint.test(fault)),
        faultsOf(text).join('\n'),
      )
    })
  }
})

describe('refused with a reason', () => {
  const reasonOf = (given: Parameters<typeof contextOf>[1]) =>
    fec.refuse?.(
      contextOf(lines, {
        mapped,
        from: '2026-01-01',
        to: '2026-12-31',
        ...given,
        options: { parameters, ...given?.options },
      }),
    )

  test('books in another currency, a wrong SIREN, another year, an increment', () => {
    assert.equal(reasonOf({}), undefined)
    assert.match(reasonOf({ baseCurrency: 'usd' }) ?? '', /euros/)
    assert.match(reasonOf({ options: { parameters: { ...parameters, siren: '12' } } }) ?? '', /SIREN/)
    assert.match(reasonOf({ options: { parameters: { ...parameters, year_end: '2026' } } }) ?? '', /year_end/)
    assert.match(reasonOf({ options: { parameters: { year_end: '2025-12-31' } } }) ?? '', /end on 2025-12-31/)
    assert.match(reasonOf({ to: '2026-11-30' }) ?? '', /2026-12-31/)
    assert.match(reasonOf({ fromSeq: 5n }) ?? '', /filters/)
    assert.match(reasonOf({ isNarrowed: true }) ?? '', /filters/)
  })

  test('an account number of the merchant that is not French', () => {
    const mapped = ({ code }: { code: string }) => ({ code: code === '4010' ? 'SALES' : '706100', name: 'Ventes' })
    assert.match(reasonOf({ mapped }) ?? '', /4010/)
  })
})

test('what the encoding cannot say is named by kind and object, unless UTF-8 is asked for', async () => {
  const chinese = journalOf([
    {
      description: '红包',
      legs: [
        ['1110', 'eur', 100n],
        ['4010', 'eur', -100n],
      ],
    },
  ])
  const given = contextOf(chinese, { mapped, options: { parameters, encoding: 'utf-8' } })
  assert.match(await writeDocument(fec, chinese, given), /\t红包\t/)
  const western = contextOf(chinese, { mapped, options: { parameters } })
  assert.match(await writeDocument(fec, chinese, western), /\tcapture ch_1\t/)
})

test('what rounds to nothing has no line, but an entry without any value is seen', async () => {
  const dust = journalOf([
    {
      legs: [
        ['1110', 'kwd', 1001n, 300n],
        ['4010', 'kwd', -1000n, -300n],
        ['2310', 'kwd', -1n, 0n],
      ],
    },
    {
      legs: [
        ['1110', 'usd', 10_000n, 0n],
        ['4010', 'usd', -10_000n, 0n],
      ],
    },
  ])
  const text = await writeDocument(fec, dust, contextOf(dust, { mapped, options: { parameters } }))
  assert.deepEqual(faultsOf(text), [])
  const amounts = text
    .split('\r\n')
    .slice(1, -1)
    .map((row) => row.split('\t').slice(11).filter(Boolean).join(' '))
  assert.deepEqual(amounts, [
    '3,00 0,00 20261102 1,001 KWD',
    '0,00 3,00 20261102 -1,000 KWD',
    '0,00 0,00 20261102 100,00 USD',
    '0,00 0,00 20261102 -100,00 USD',
  ])
})

test('the file is called as the law says and written in its encoding', () => {
  assert.equal(fec.fileName?.(context), '732829320FEC20261231.txt')
  assert.equal(fec.encoding, 'latin9')
})
