import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import Stripe from 'stripe'
import { coerce, type JsonSchema } from '#platform/coerce.ts'
import { checkRaw, decodeForm, decodeJson, type Raw, showPath } from '#platform/form.ts'

/** What the official SDK puts on the wire for these parameters. */
const encode = async (params: object): Promise<string> => {
  let body = ''
  const httpClient = Stripe.createFetchHttpClient(async (_url, init) => {
    body = String(init?.body ?? '')
    return new Response('{"id":"pi_1","object":"payment_intent"}', { headers: { 'content-type': 'application/json' } })
  })
  const stripe = new Stripe('sk_test_1', { httpClient, maxNetworkRetries: 0, telemetry: false })
  await stripe.paymentIntents.create(params as Stripe.PaymentIntentCreateParams)
  return body
}

const plain = (value: Raw): unknown => JSON.parse(JSON.stringify(value))

const schema: JsonSchema = {
  type: 'object',
  properties: {
    amount: { type: 'integer' },
    currency: { type: 'string' },
    confirm: { type: 'boolean' },
    metadata: { type: 'object', additionalProperties: { type: 'string' } },
    expand: { type: 'array', items: { type: 'string' } },
    items: { type: 'array', items: { $ref: '#/$defs/item' } },
    thread: { anyOf: [{ type: 'string' }, { type: 'object', properties: { locale: { type: 'string' } } }] },
  },
  $defs: { item: { type: 'object', properties: { name: { type: 'string' }, count: { type: 'integer' } } } },
}

describe('a body as the SDK encodes it', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.isWellFormed())
  const name = fc
    .stringMatching(/^[a-zA-Z][a-zA-Z0-9 _.:-]{0,12}$/)
    .filter((key) => !['constructor', 'prototype'].includes(key))
  const params = fc.record(
    {
      amount: fc.integer({ min: 1, max: 99_999_999 }),
      currency: fc.constantFrom('eur', 'jpy'),
      confirm: fc.boolean(),
      metadata: fc.dictionary(name, word, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      expand: fc.array(word, { minLength: 1, maxLength: 12 }),
      items: fc.array(fc.record({ name: word, count: fc.nat(1000) }), { minLength: 1, maxLength: 3 }),
      thread: fc.oneof(word, fc.record({ locale: word })),
    },
    { requiredKeys: ['amount', 'currency'], noNullPrototype: true },
  )
  const samples = fc.sample(params, { numRuns: 200, seed: 7 })
  const bodies: string[] = []
  before(async () => {
    for (const one of samples) bodies.push(await encode(one))
  })

  test('comes back as it was', () => {
    for (const [index, one] of samples.entries())
      assert.deepEqual(plain(coerce(schema, decodeForm(bodies[index] ?? ''))), plain(one), bodies[index])
  })

  test('that is only text stays text where the schema wants text', () => {
    const read = coerce(
      schema,
      decodeForm('currency=42&metadata[a]=true&metadata[0]=1&thread=7&amount=12x&confirm=yes'),
    )
    assert.deepEqual(plain(read), {
      currency: '42',
      metadata: { a: 'true', 0: '1' },
      thread: '7',
      amount: '12x',
      confirm: 'yes',
    })
  })

  test('takes lists with or without numbers, in the order of the numbers', () => {
    const read = (text: string) => plain(coerce(schema, decodeForm(text)))
    assert.deepEqual(read('expand[]=a&expand[]=b'), { expand: ['a', 'b'] })
    assert.deepEqual(read('expand[1]=b&expand[0]=a&expand[10]=c'), { expand: ['a', 'b', 'c'] })
  })

  test('that says two things at once is refused', () => {
    const bad = [
      'a=1&a=2',
      'a=1&a[b]=2',
      'a[b]=1&a=2',
      'a[b=1',
      'a]b=1',
      '=1',
      'a=%zz',
      'a=%ff',
      `${'a[b]'.padEnd(60, '[c]')}=1`,
    ]
    for (const text of bad) assert.throws(() => decodeForm(text), { code: 'invalid_body' }, text)
  })

  test('never reaches an object’s prototype', () => {
    for (const text of [
      '__proto__[x]=1',
      'a[__proto__][x]=1',
      'constructor[prototype][x]=1',
      'a[constructor]=1',
      '%5F_proto__=1',
    ])
      assert.throws(() => decodeForm(text), { code: 'parameter_unknown' }, text)
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
    assert.throws(() => checkRaw(decodeJson('{"a":{"__proto__":1}}')), { code: 'parameter_unknown' })
  })

  test('is text that a database can keep, and not bottomless', () => {
    assert.throws(() => checkRaw({ a: 'b\u0000' }), { code: 'invalid_characters' })
    assert.throws(() => checkRaw({ a: '\ud800' }), { code: 'invalid_characters' })
    assert.throws(() => checkRaw({ 'a\u0000': 'b' }), { code: 'invalid_characters' })
    assert.throws(() => checkRaw(decodeJson(`${'['.repeat(40)}${']'.repeat(40)}`)), { code: 'invalid_body' })
    assert.throws(() => decodeJson('{"a":'), { code: 'invalid_body' })
  })

  test('any bytes whatever are read or refused, never worse', () => {
    const pieces = fc.constantFrom(
      'a',
      'b',
      '[',
      ']',
      '=',
      '&',
      '%',
      '%5B',
      '%00',
      '+',
      '0',
      '1',
      '[]',
      '__proto__',
      'é',
    )
    const text = fc.array(pieces, { maxLength: 20 }).map((all) => all.join(''))
    fc.assert(
      fc.property(text, (given) => {
        try {
          coerce(schema, decodeForm(given))
        } catch (error) {
          assert.ok(error instanceof Error && 'code' in error && 'status' in error, given)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('names its parameters as Stripe does', () => {
    assert.equal(showPath(['metadata', 'order', 0]), 'metadata[order][0]')
    assert.equal(showPath([]), '')
  })
})
