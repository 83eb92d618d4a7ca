import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { judgeEntries, type ProposedEntry } from '#finance/adjustment.ts'
import { type Currency, currencies } from '#kernel/currencies.ts'
import { chartOfAccounts } from '#ledger/chart.ts'
import { postAdjusted } from '#ledger/correction-rules.ts'

const entry = (account: string, amount: bigint, currency = 'eur', holder?: string): ProposedEntry => ({
  account,
  currency: currency as Currency,
  amount,
  ...(holder === undefined ? {} : { holder }),
})

describe('entries of a person', () => {
  const refused: [string, ProposedEntry[], { code: string; param: string; message: RegExp }][] = [
    ['none', [], { code: 'parameter_invalid_string', param: 'entries', message: /at least two/ }],
    ['one', [entry('1010', 5n)], { code: 'parameter_invalid_string', param: 'entries', message: /at least two/ }],
    [
      'an account that the chart does not have',
      [entry('1010', 5n), entry('1011', -5n)],
      { code: 'parameter_invalid_string', param: 'entries[1][account]', message: /no account 1011/ },
    ],
    [
      'an amount of zero',
      [entry('1010', 0n), entry('2090', 0n)],
      { code: 'parameter_invalid_integer', param: 'entries[0][amount]', message: /zero/ },
    ],
    [
      'a rest, and in which currency',
      [entry('1010', 1234n), entry('2090', -1200n)],
      { code: 'ledger_unbalanced', param: 'entries', message: /differ by 34 eur \(/ },
    ],
    [
      'two currencies that only add up together',
      [entry('1010', 5n), entry('2090', -5n, 'usd')],
      { code: 'ledger_unbalanced', param: 'entries', message: /5 eur and -5 usd/ },
    ],
    [
      'memo accounts beside real ones, though all of it adds up',
      [entry('1010', 5n), entry('2090', -5n), entry('9010', 7n), entry('9011', -7n)],
      { code: 'ledger_unbalanced', param: 'entries[2][account]', message: /9010 and 9011/ },
    ],
    [
      'one memo account against a real one',
      [entry('9010', 5n), entry('2090', -5n)],
      { code: 'ledger_unbalanced', param: 'entries[0][account]', message: /9010 and 9011/ },
    ],
    [
      'a wallet of nobody',
      [entry('1010', 5n), entry('2020', -5n)],
      { code: 'parameter_missing', param: 'entries[1][holder]', message: /whose 2020/ },
    ],
  ]
  for (const [name, entries, expected] of refused)
    test(`are refused: ${name}`, () => {
      const verdict = judgeEntries(entries)
      assert.ok(!verdict.ok)
      assert.deepEqual([verdict.code, verdict.param], [expected.code, expected.param])
      assert.match(verdict.message, expected.message)
    })

  const taken: [string, ProposedEntry[]][] = [
    ['a receipt nobody announced', [entry('1010', 1234n), entry('2090', -1234n)]],
    [
      'a conversion, each currency by itself',
      [entry('3900', 10_000n, 'usd'), entry('1110', -10_000n, 'usd'), entry('1110', 9200n), entry('3900', -9200n)],
    ],
    ['memo accounts between themselves', [entry('9010', 5n), entry('9011', -5n)]],
    ['a wallet of somebody', [entry('2020', 5n, 'cny', 'u1'), entry('2020', -5n, 'cny', 'u2')]],
  ]
  for (const [name, entries] of taken) test(`are taken: ${name}`, () => assert.ok(judgeEntries(entries).ok))

  const anyEntry = fc.record({
    account: fc.constantFrom(...chartOfAccounts.map(({ code }) => code)),
    currency: fc.constantFrom(...(currencies as Currency[]).slice(0, 3)),
    amount: fc.bigInt({ min: -3n, max: 3n }),
    holder: fc.constantFrom(undefined, 'u1'),
  })

  test('that are taken are what the ledger books, whatever they are', () => {
    let taken = 0
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 4 }), fc.boolean(), (some, closes) => {
        // Half of them are made to add up: few would by chance.
        const entries = closes ? [...some, ...some.map((one) => ({ ...one, amount: -one.amount }))] : some
        const verdict = judgeEntries(entries)
        if (!verdict.ok) return
        taken++
        assert.equal(verdict.legs.length, entries.length)
        const posting = postAdjusted({ adjustmentRef: 'lpr_1', effectiveAt: new Date(0), legs: verdict.legs })
        assert.deepEqual(posting?.legs, verdict.legs)
        const memo = verdict.legs.filter(({ code }) => code.startsWith('9')).reduce((sum, leg) => sum + leg.amount, 0n)
        assert.equal(memo, 0n)
      }),
      { seed: 7, numRuns: 500 },
    )
    assert.ok(taken > 50, `only ${taken} were taken`)
  })
})
