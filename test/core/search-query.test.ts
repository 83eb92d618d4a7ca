import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseSearch } from '#payments/search-query.ts'

const read = (query: string) => {
  const found = parseSearch(query)
  return found.ok ? { metadata: { ...found.metadata }, fields: { ...found.fields } } : found.message
}

describe('a search', () => {
  const good: [string, object, object][] = [
    ["metadata['order']:'1001'", { order: '1001' }, {}],
    ['metadata["order"]:"1001"', { order: '1001' }, {}],
    ["status:'succeeded' AND currency:'eur'", {}, { status: 'succeeded', currency: 'eur' }],
    ['amount:4200', {}, { amount: '4200' }],
    ["  status : 'canceled'   and amount:'7' ", {}, { status: 'canceled', amount: '7' }],
    ["metadata['a']:'it\\'s \\\\ here'", { a: "it's \\ here" }, {}],
    ["metadata['a b-c']:'' AND thread:'thr_1'", { 'a b-c': '' }, { thread: 'thr_1' }],
    ["metadata['AND']:'x AND y'", { AND: 'x AND y' }, {}],
  ]
  for (const [query, metadata, fields] of good) test(query, () => assert.deepEqual(read(query), { metadata, fields }))

  const bad = [
    '',
    '   ',
    "status='succeeded'",
    "status:'succeeded' OR status:'canceled'",
    "-status:'succeeded'",
    "status:'succeeded' currency:'eur'",
    "status:'succeeded' AND",
    "email:'a@b.c'",
    'amount>100',
    "amount:'many'",
    "metadata['a']:'unclosed",
    "metadata['a':'x'",
    "metadata['it's']:'x'",
    "status:'x'; drop table payment_intents",
  ]
  for (const query of bad) test(`refused: ${query}`, () => assert.equal(typeof read(query), 'string'))

  test('keeps any value that is quoted', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const quoted = value.replaceAll(/[\\']/g, '\\$&').replaceAll(/\r|\n|\u2028|\u2029/g, ' ')
        const back = value.replaceAll(/\r|\n|\u2028|\u2029/g, ' ')
        assert.deepEqual(read(`metadata['k']:'${quoted}'`), { metadata: { k: back }, fields: {} })
      }),
    )
  })

  test('of any text ends soon', () => {
    const pieces = fc.constantFrom("'", '"', '\\', 'metadata[', ']', ':', 'AND ', ' ', 'a', '1', 'status')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 400 }), (all) => {
        const began = performance.now()
        parseSearch(all.join(''))
        assert.ok(performance.now() - began < 1000)
      }),
    )
  })
})
