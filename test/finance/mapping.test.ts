import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeRules, mappedAccount, mappingTargets, type OwnChart } from '#finance/mapping.ts'
import { chartOfAccounts } from '#ledger/chart.ts'

const sales = { code: '4010', name: 'Sales' }

describe('what an account is called for a tool', () => {
  const forAll = { '': { 4010: { code: '700', name: 'Ours' } } }
  const forXero = { xero: { 4010: { code: '200', name: 'Xero sales' } } }
  const cases: [string, Parameters<typeof mappedAccount>, { code: string; name: string }][] = [
    ['the chart’s, where nobody says more', ['xero', {}, sales], sales],
    ['what is usual there', ['fec', {}, sales], { code: '706000', name: 'Prestations de services' }],
    ['the merchant’s own for all before what is usual', ['fec', forAll, sales], { code: '700', name: 'Ours' }],
    [
      'the merchant’s own for the tool before that',
      ['xero', { ...forAll, ...forXero }, sales],
      { code: '200', name: 'Xero sales' },
    ],
    ['not another tool’s', ['sage', forXero, sales], sales],
    [
      'not another account’s',
      ['xero', forXero, { code: '4020', name: 'Shipping' }],
      { code: '4020', name: 'Shipping' },
    ],
  ]
  for (const [name, input, expected] of cases) test(name, () => assert.deepEqual(mappedAccount(...input), expected))

  test('keeps to code and name, whatever else the account has', () => {
    const account = { ...sales, type: 'revenue', currency: 'eur' }
    assert.deepEqual(mappedAccount('', {}, account), sales)
  })
})

describe('the accounts that are usual for a tool', () => {
  const own: OwnChart = {}
  for (const target of mappingTargets) {
    test(`of '${target}' name every account, each once, as the tool takes it`, () => {
      const mapped = chartOfAccounts.map((account) => mappedAccount(target, own, account))
      assert.equal(new Set(mapped.map(({ code }) => code)).size, chartOfAccounts.length)
      for (const { code, name } of mapped) {
        assert.match(code, codeRules[target]?.pattern ?? /^\d{4}$/)
        assert.ok(name.length > 0 && name.length <= 60, name)
      }
    })
  }

  test('of the FEC fit the character set of the law, ISO 8859-15', () => {
    for (const account of chartOfAccounts) {
      const { name } = mappedAccount('fec', own, account)
      assert.match(name, /^[\x20-\x7e\xa0-\xff]+$/)
    }
  })
})
