import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hledger } from '#exports/formats/hledger.ts'
import { hostileJournal, hostileTexts } from './hostile-journal.ts'
import { contextOf, journalOf } from './journal-model.ts'
import { balancesByHledger, balancesOfModel, writeLines } from './plain-text-readers.ts'
import { lacking, runTool } from './tools.ts'

const tools = {
  hledger: (text: string) => runTool('hledger', ['-f', '{file}', 'check', '--strict'], text),
  ledger: (text: string) => runTool('ledger', ['--strict', '--pedantic', '-f', '{file}', 'bal'], text),
}
const lines = hostileJournal()
const text = writeLines(hledger, lines)

test('a small journal, byte for byte', () => {
  const small = journalOf([
    {
      description: 'Order 1001 | capture',
      valueOn: '2026-11-05',
      threadId: '01939b00-0000-7000-8000-00000000abcd',
      legs: [
        ['1110', 'eur', 12_000n],
        ['4010', 'eur', -12_000n],
      ],
    },
    {
      kind: 'fee',
      description: 'Fee',
      refs: { object: 'txn_2' },
      effectiveOn: '2026-11-03',
      legs: [
        ['5010', 'jpy', 432n, 268n],
        ['1110', 'jpy', -432n, -268n],
      ],
    },
  ])
  assert.equal(
    writeLines(hledger, small),
    `commodity EUR
  format 1,000.00 EUR
commodity JPY

account Assets:PSP:Pending
  ; type: A, code: 1110
account Income:Sales
  ; type: R, code: 4010
account Expenses:Fees:Processing
  ; type: X, code: 5010

2026-11-02=2026-11-05 * (J1) Order 1001 / capture
  ; kind:capture, thread:thr_01jedg0000e008000000001ayd, ext:ch_1
  Assets:PSP:Pending                120.00 EUR
  Income:Sales                     -120.00 EUR

2026-11-03 * (J2) Fee
  ; kind:fee, ext:txn_2
  Expenses:Fees:Processing             432 JPY
  Assets:PSP:Pending                  -432 JPY

2026-11-03 * Balances after J2
  Assets:PSP:Pending                  0.00 EUR = 120.00 EUR
  Income:Sales                        0.00 EUR = -120.00 EUR
  Expenses:Fees:Processing               0 JPY = 432 JPY
  Assets:PSP:Pending                     0 JPY = -432 JPY
`,
  )
})

for (const [name, check] of Object.entries(tools)) {
  describe(`read by ${name}`, { skip: lacking(name) }, () => {
    test('every text, four currencies and days out of order are accepted', () => {
      const { isGood, said } = check(text)
      assert.ok(isGood, said)
    })

    const mutations: Record<string, (from: string) => string> = {
      'an amount off by one unit': (from) => from.replace(' 12000 JPY', ' 12001 JPY'),
      'two amounts off by one fil, so that only the asserted balance tells': (from) =>
        from.replaceAll(/1\.234 KWD$/gm, (match, at: number) =>
          at < from.indexOf('Balances after') ? '1.235 KWD' : match,
        ),
      'a balance off by one cent': (from) => from.replace('= 353.35 EUR', '= 353.36 EUR'),
      'an account that is not declared': (from) => from.replace('account Income:Sales\n', 'account Income:Sale\n'),
      'a currency that is not declared': (from) => from.replace('commodity KWD\n  format 1,000.000 KWD\n', ''),
    }
    for (const [what, mutate] of Object.entries(mutations)) {
      test(`${what} is refused`, () => {
        const mutated = mutate(text)
        assert.notEqual(mutated, text)
        assert.equal(check(mutated).isGood, false)
      })
    }
  })
}

test('hledger adds up to our balances', { skip: lacking('hledger') }, () => {
  assert.deepEqual(balancesByHledger(text), balancesOfModel(contextOf(lines).closing))
})

test('hledger reads the descriptions as they are, but for what divides', { skip: lacking('hledger') }, () => {
  const { stdout } = runTool('hledger', ['-f', '{file}', 'print', '-O', 'json'], text)
  const read: { tdescription: string; tcode: string }[] = JSON.parse(stdout)
  const byCode = new Map(read.map(({ tcode, tdescription }) => [tcode, tdescription]))
  const expected = (written: string) =>
    written.replaceAll(';', ',').replaceAll('|', '/').replaceAll(/\s+/g, ' ').trim() || 'capture'
  hostileTexts.forEach((written, index) => {
    assert.equal(byCode.get(`J${index + 1}`), expected(written))
  })
})

describe('what is written', () => {
  test('without memo accounts neither their lines nor their names', () => {
    const context = contextOf(lines, { options: { withoutMemo: true } })
    const short = writeLines(hledger, lines, context)
    assert.doesNotMatch(short, /Memo|auth/)
    assert.equal(short.match(/^\d.* \(J\d+\)/gm)?.length, 26)
  })

  test('an increment, a month or a thread asserts no balances', () => {
    for (const part of [{ fromSeq: 1n }, { from: '2026-11-01' }, { to: '2026-11-30' }, { isNarrowed: true }]) {
      assert.doesNotMatch(writeLines(hledger, lines, contextOf(lines, part)), /Balances after/)
    }
  })

  test('a part begins with a header though another writer wrote the part before', () => {
    const context = contextOf(lines)
    const parts = [lines.slice(0, 3), lines.slice(3)].map((part) => {
      const writer = hledger.open(context)
      return part.map((line) => writer.line(line)).join('')
    })
    const writer = hledger.open(context)
    assert.equal(writer.head() + parts.join('') + hledger.open(context).tail(), text)
  })

  test("a merchant's own names are paths", { skip: lacking('hledger', 'ledger') }, () => {
    const own: Record<string, string> = { 1110: 'Assets:Stripe:pending (EUR)', 4010: '销售', 2310: 'VAT; output' }
    const mapped = contextOf(lines, { mapped: ({ code, name }) => ({ code, name: own[code] ?? name }) })
    const named = writeLines(hledger, lines, mapped)
    assert.match(named, /^account Assets:Stripe:Pending-EUR$/m)
    assert.match(named, /^account Income:X销售$/m)
    assert.match(named, /^account Liabilities:VAT-output$/m)
    for (const check of Object.values(tools)) assert.ok(check(named).isGood, check(named).said)
  })

  test('an empty ledger is an empty journal', () => {
    assert.equal(writeLines(hledger, []), '')
  })
})
