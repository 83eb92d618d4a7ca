import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { beancount } from '#exports/formats/beancount.ts'
import { hostileJournal, hostileTexts } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'
import { balancesByBeancount, balancesOfModel, writeLines } from './plain-text-readers.ts'
import { lacking, runTool } from './tools.ts'

const check = (text: string) => runTool('bean-check', ['{file}'], text)
const lines = hostileJournal()
const text = writeLines(beancount, lines)

test('a small journal, byte for byte', () => {
  const small = journalOf([
    {
      description: 'Order "1001"',
      valueOn: '2026-11-05',
      threadId: '01939b00-0000-7000-8000-00000000abcd',
      legs: [
        ['1110', 'eur', 12_000n],
        ['2020', 'eur', -12_000n, -12_000n, 'usr_7'],
      ],
    },
  ])
  assert.equal(
    writeLines(beancount, small),
    `option "title" "Noodle \\"Bar\\" \\\\ 面馆"
option "operating_currency" "EUR"

2026-11-02 commodity EUR
  precision: 2

2026-11-02 open Assets:PSP:Pending
  code: "1110"
2026-11-02 open Liabilities:Wallets:Id-usr-7
  code: "2020"
  holder: "usr_7"

2026-11-02 * "Order \\"1001\\"" #capture ^ch_1
  seq: 1
  value_date: 2026-11-05
  thread: "thr_01jedg0000e008000000001ayd"
  Assets:PSP:Pending  120.00 EUR
  Liabilities:Wallets:Id-usr-7  -120.00 EUR

2026-11-03 balance Assets:PSP:Pending  120.00 ~ 0 EUR
2026-11-03 balance Liabilities:Wallets:Id-usr-7  -120.00 ~ 0 EUR
`,
  )
})

describe('read by bean-check', { skip: lacking('bean-check') }, () => {
  test('every text, four currencies and days out of order are accepted', () => {
    const { isGood, said } = check(text)
    assert.ok(isGood, said)
  })

  const mutations: Record<string, (from: string) => string> = {
    'an amount off by one unit': (from) => from.replace(' 12000 JPY', ' 12001 JPY'),
    'two amounts off by one fil, so that only the asserted balance tells': (from) =>
      from.replaceAll('1.234 KWD', '1.235 KWD'),
    'a balance off by one cent': (from) => from.replace('353.35 ~', '353.36 ~'),
    'an account that is not open': (from) => from.replace(/^.* open Income:Sales\n.*\n/m, ''),
  }
  for (const [what, mutate] of Object.entries(mutations)) {
    test(`${what} is refused`, () => {
      const mutated = mutate(text)
      assert.notEqual(mutated, text)
      assert.equal(check(mutated).isGood, false)
    })
  }

  test("a merchant's own names are accepted", () => {
    const own: Record<string, string> = { 1110: 'Assets:Stripe:pending (EUR)', 4010: '销售', 2310: 'vat' }
    const context = contextOf(lines, { mapped: ({ code, name }) => ({ code, name: own[code] ?? name }) })
    const { isGood, said } = check(writeLines(beancount, lines, context))
    assert.ok(isGood, said)
  })

  test('an empty ledger is accepted', () => {
    assert.ok(check(writeLines(beancount, [])).isGood)
  })
})

describe('read by bean-query', { skip: lacking('bean-query') }, () => {
  test('it adds up to our balances', () => {
    assert.deepEqual(balancesByBeancount(text), balancesOfModel(contextOf(lines).closing))
  })

  test('the descriptions come out as they went in', () => {
    const query = `SELECT str(entry_meta('seq')) AS seq, narration WHERE account ~ 'OutputVAT' AND entry_meta('seq') <= 17`
    const { stdout, said } = runTool('bean-query', ['-f', 'csv', '{file}', query], text)
    const read = [...stdout.matchAll(/^\D*(\d+)[^,\d]*,(.*)$/gm)].map(([, seq, cell = '']) => [
      Number(seq),
      unquoted(cell),
    ])
    const expected = hostileTexts.map((written, index) => [index + 1, written.trimEnd()])
    assert.deepEqual(Object.fromEntries(read), Object.fromEntries(expected), said)
  })
})

/** A cell of CSV without the blanks that fill its column. */
const unquoted = (cell: string): string =>
  (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell).trimEnd()

test('without memo accounts neither their lines nor their names; an increment asserts no balances', () => {
  const context = contextOf(lines, { fromSeq: 1n, options: { withoutMemo: true } })
  const short = writeLines(beancount, lines, context)
  assert.doesNotMatch(short, /Memo|auth| balance /)
  assert.equal(short.match(/^ {2}seq: /gm)?.length, 26)
})
