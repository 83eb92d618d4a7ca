import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type RawRequest, readError, sendRaw } from '../support/raw-http.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const intents = '/v1/payment_intents'
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

const send = ({ headers, ...request }: RawRequest) =>
  sendRaw(world.url, { ...request, headers: { authorization: `Bearer ${world.shop.keys.service}`, ...headers } })
const post = (type: string, body: string | Uint8Array, path = intents, headers: Record<string, string> = {}) =>
  send({ method: 'POST', path, body, headers: { 'content-type': type, ...headers } })

/** What is refused: a name, the body, the code and the parameter that the answer names. */
type Case = readonly [name: string, body: string, code: string, param: string | undefined]

const table = (type: string, cases: readonly Case[]) => {
  for (const [name, body, code, param] of cases) {
    test(name, async () => {
      const answer = await post(type, body)
      const error = readError(answer)
      assert.deepEqual([error.code, error.param], [code, param], error.message)
    })
  }
}

describe('JSON bodies', () => {
  const good = '"currency":"eur"'
  table(json, [
    ['an amount as text', `{"amount":"abc",${good}}`, 'parameter_invalid_integer', 'amount'],
    ['an amount that is a fraction', `{"amount":10.5,${good}}`, 'parameter_invalid_integer', 'amount'],
    ['an amount of 0', `{"amount":0,${good}}`, 'amount_too_small', 'amount'],
    ['an amount of -0', `{"amount":-0,${good}}`, 'amount_too_small', 'amount'],
    ['a negative amount', `{"amount":-1,${good}}`, 'amount_too_small', 'amount'],
    ['an amount above the limit', `{"amount":100000000,${good}}`, 'amount_too_large', 'amount'],
    ['an amount of 2^53', `{"amount":9007199254740992,${good}}`, 'amount_too_large', 'amount'],
    ['an amount of 1e308', `{"amount":1e308,${good}}`, 'amount_too_large', 'amount'],
    ['an amount of 1e999', `{"amount":1e999,${good}}`, 'parameter_invalid_integer', 'amount'],
    ['an amount that is null', `{"amount":null,${good}}`, 'parameter_invalid_integer', 'amount'],
    ['an amount that is an object', `{"amount":{"a":1},${good}}`, 'parameter_invalid_integer', 'amount'],
    ['an amount that is a list', `{"amount":[1],${good}}`, 'parameter_invalid_integer', 'amount'],
    ['no amount', `{${good}}`, 'parameter_missing', 'amount'],
    ['no currency', '{"amount":1}', 'parameter_missing', 'currency'],
    ['an unknown currency', '{"amount":1,"currency":"xxx"}', 'parameter_invalid_string', 'currency'],
    ['a currency that is a number', '{"amount":1,"currency":1}', 'parameter_invalid_string', 'currency'],
    ['an unknown parameter', `{"amount":100,${good},"amuont":2}`, 'parameter_unknown', 'amuont'],
    [
      'an unknown parameter inside',
      `{"amount":100,${good},"shipping":{"name":"a","address":{"town":"b"}}}`,
      'parameter_unknown',
      'shipping[address][town]',
    ],
    [
      'an unknown parameter in a list',
      `{"amount":100,${good},"amount_details":{"line_items":[{"product_name":"a","quantity":1,"unit_cost":1,"x":1}]}}`,
      'parameter_unknown',
      'amount_details[line_items][0][x]',
    ],
    [
      'an unknown parameter in a thread',
      `{"amount":100,${good},"thread":{"channel":"line","external_id":"1","nmae":"a"}}`,
      'parameter_unknown',
      'thread[nmae]',
    ],
    ['a boolean as text', `{"amount":100,${good},"confirm":"yes"}`, 'parameter_invalid_string', 'confirm'],
    [
      'an unknown choice',
      `{"amount":100,${good},"capture_method":"later"}`,
      'parameter_invalid_string',
      'capture_method',
    ],
    ['a foreign id', `{"amount":100,${good},"customer":"cus_stripe"}`, 'resource_missing', 'customer'],
    [
      'an id of another kind',
      `{"amount":100,${good},"thread":"pi_01h455vb4pex5vsknk084sn02q"}`,
      'resource_missing',
      'thread',
    ],
    [
      'a return_url of another scheme',
      `{"amount":100,${good},"return_url":"javascript:alert(1)"}`,
      'parameter_invalid_string',
      'return_url',
    ],
    [
      'a payment method with a slash',
      `{"amount":100,${good},"payment_method":"../x"}`,
      'parameter_invalid_string',
      'payment_method',
    ],
    [
      'both expiries',
      `{"amount":100,${good},"expires_in":60,"expires_at":2000000000}`,
      'parameters_exclusive',
      'expires_in',
    ],
    [
      'an expiry in the past',
      `{"amount":100,${good},"expires_at":1}`,
      'payment_intent_invalid_parameter',
      'expires_at',
    ],
    [
      'an expiry at the end of time',
      `{"amount":100,${good},"expires_at":9007199254740991}`,
      'parameter_invalid_integer',
      'expires_at',
    ],
    [
      'a participant without a thread',
      `{"amount":100,${good},"participant":"par_01h455vb4pex5vsknk084sn02q"}`,
      'parameter_missing',
      'thread',
    ],
    ['broken JSON', '{"amount":1', 'invalid_body', undefined],
    ['a list as body', '[1]', 'invalid_body', undefined],
    ['text as body', '"a"', 'invalid_body', undefined],
    ['null as body', 'null', 'invalid_body', undefined],
    [
      'metadata with __proto__',
      `{"amount":100,${good},"metadata":{"__proto__":"x"}}`,
      'parameter_unknown',
      'metadata[__proto__]',
    ],
    [
      'metadata with constructor',
      `{"amount":100,${good},"metadata":{"constructor":"x"}}`,
      'parameter_unknown',
      'metadata[constructor]',
    ],
    ['__proto__ at the top', `{"amount":100,${good},"__proto__":{"confirm":true}}`, 'parameter_unknown', '__proto__'],
    ['NUL in a value', `{"amount":100,${good},"description":"a\\u0000b"}`, 'invalid_characters', 'description'],
    [
      'a lone surrogate in a value',
      `{"amount":100,${good},"description":"\\ud800"}`,
      'invalid_characters',
      'description',
    ],
    ['NUL in a key', `{"amount":100,${good},"metadata":{"a\\u0000":"b"}}`, 'invalid_characters', 'metadata'],
    [
      'a lone surrogate in a key',
      `{"amount":100,${good},"metadata":{"\\udfff":"b"}}`,
      'invalid_characters',
      'metadata',
    ],
    ['a number as metadata', `{"amount":100,${good},"metadata":{"a":1}}`, 'parameter_invalid_string', 'metadata[a]'],
    [
      'an object as metadata',
      `{"amount":100,${good},"metadata":{"a":{"b":"c"}}}`,
      'parameter_invalid_string',
      'metadata[a]',
    ],
    [
      '51 keys of metadata',
      `{"amount":100,${good},"metadata":${JSON.stringify(manyKeys(51))}}`,
      'parameter_invalid_string',
      'metadata',
    ],
    [
      'a key of 41 letters',
      `{"amount":100,${good},"metadata":{"${'k'.repeat(41)}":"a"}}`,
      'parameter_invalid_string',
      `metadata[${'k'.repeat(41)}]`,
    ],
    [
      'a value of 501 letters',
      `{"amount":100,${good},"metadata":{"a":"${'v'.repeat(501)}"}}`,
      'parameter_invalid_string',
      'metadata[a]',
    ],
    [
      'a key with brackets',
      `{"amount":100,${good},"metadata":{"a[b]":"c"}}`,
      'parameter_invalid_string',
      'metadata[a[b]]',
    ],
    [
      'bottomless nesting',
      `{"amount":100,${good},"metadata":${'{"a":'.repeat(20)}1${'}'.repeat(20)}}`,
      'invalid_body',
      `metadata${'[a]'.repeat(12)}`,
    ],
    [
      '1000 levels of lists',
      `{"amount":100,${good},"description":${'['.repeat(1000)}${']'.repeat(1000)}}`,
      'invalid_body',
      `description${'[0]'.repeat(12)}`,
    ],
  ])
})

describe('form bodies', () => {
  table(form, [
    ['an amount with spaces', 'amount=+42&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['an amount in hexadecimal', 'amount=0x10&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['an amount as 1e3', 'amount=1e3&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['an amount with a fraction', 'amount=10.00&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['an amount of many digits', `amount=${'9'.repeat(40)}&currency=eur`, 'parameter_invalid_integer', 'amount'],
    ['an empty amount', 'amount=&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['a parameter sent twice', 'amount=100&amount=2&currency=eur', 'invalid_body', 'amount'],
    ['a bracket that does not close', 'amount=100&currency=eur&metadata[a=1', 'invalid_body', 'metadata[a'],
    ['brackets in disorder', 'amount=100&currency=eur&a[]][b]=1', 'invalid_body', 'a[]][b]'],
    ['a bracket at the front', 'amount=100&currency=eur&[a]=1', 'invalid_body', '[a]'],
    [
      'a value that becomes a group',
      'amount=100&currency=eur&description=1&description[b]=2',
      'invalid_body',
      'description[b]',
    ],
    ['a group that becomes a value', 'amount=100&currency=eur&metadata[b]=2&metadata=1', 'invalid_body', 'metadata'],
    [
      'metadata[__proto__]',
      'amount=100&currency=eur&metadata[__proto__]=1',
      'parameter_unknown',
      'metadata[__proto__]',
    ],
    [
      '__proto__[confirm]',
      'amount=100&currency=eur&__proto__[confirm]=true',
      'parameter_unknown',
      '__proto__[confirm]',
    ],
    [
      'constructor[prototype][x]',
      'amount=100&currency=eur&constructor[prototype][x]=1',
      'parameter_unknown',
      'constructor[prototype][x]',
    ],
    ['a broken escape in a value', 'amount=100&currency=eur&description=%zz', 'invalid_body', undefined],
    ['a broken escape in a key', 'amount=100&currency=eur&%e0%a4=1', 'invalid_body', undefined],
    ['an escape of half a letter', 'amount=100&currency=eur&description=%ff', 'invalid_body', undefined],
    ['NUL in a value', 'amount=100&currency=eur&description=a%00b', 'invalid_characters', 'description'],
    ['NUL in a key', 'amount=100&currency=eur&metadata[a%00]=b', 'invalid_characters', 'metadata'],
    ['a list that is no list', 'amount=100&currency=eur&expand[a]=latest_charge', 'parameter_invalid_string', 'expand'],
    ['a name without an end', 'amount=100&currency=eur&=x', 'invalid_body', ''],
    ['nesting without end', `amount=100&currency=eur&metadata${'[a]'.repeat(500)}=1`, 'invalid_body', 'metadata'],
    ['nothing at all', '', 'parameter_missing', 'amount'],
  ])
})

function manyKeys(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
}

describe('bytes', () => {
  test('invalid UTF-8 in a body', async () => {
    for (const type of [json, form])
      assert.equal(readError(await post(type, Buffer.from([0x7b, 0xff, 0xfe]))).code, 'invalid_body')
  })

  test('1 MiB is taken, one byte more is not', async () => {
    const filled = (size: number) => `amount=100&currency=eur&description=${'a'.repeat(size - 36)}`
    assert.equal(readError(await post(form, filled(1_048_576))).code, 'parameter_invalid_string')
    assert.equal(readError(await post(form, filled(1_048_577))).code, 'body_too_large')
  })

  test('a gzip bomb is too large, and broken gzip is told', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1_048_576, 'a'))
    assert.equal(readError(await post(form, bomb, intents, { 'content-encoding': 'gzip' })).code, 'body_too_large')
    assert.equal(readError(await post(form, 'no gzip', intents, { 'content-encoding': 'gzip' })).code, 'invalid_body')
    assert.equal(readError(await post(form, 'a=1', intents, { 'content-encoding': 'zstd-x' })).code, 'invalid_body')
    const whole = gzipSync('amount=100&currency=eur')
    assert.equal((await post(form, whole, intents, { 'content-encoding': 'gzip' })).status, 200)
  })

  test('other content types are read as form data, as Stripe does, and never break', async () => {
    for (const type of [
      'text/plain',
      'multipart/form-data',
      'application/xml',
      'x',
      'application/json; charset=utf-16',
    ])
      assert.ok([200, 400].includes((await post(type, 'amount=100&currency=eur')).status), type)
  })
})

describe('paths and queries', () => {
  for (const [path, code, param] of [
    ['/v1/payment_intents?limit=0', 'parameter_invalid_integer', 'limit'],
    ['/v1/payment_intents?limit=101', 'parameter_invalid_integer', 'limit'],
    ['/v1/payment_intents?limit=ten', 'parameter_invalid_integer', 'limit'],
    ['/v1/payment_intents?limit=10&limit=10', 'invalid_body', 'limit'],
    ['/v1/payment_intents?limti=1', 'parameter_unknown', 'limti'],
    ['/v1/payment_intents?created[gt]=x', 'parameter_invalid_integer', 'created[gt]'],
    ['/v1/payment_intents?created[gtt]=1', 'parameter_unknown', 'created[gtt]'],
    ['/v1/payment_intents?created=99999999999999', 'parameter_invalid_integer', 'created'],
    ['/v1/payment_intents?starting_after=x', 'resource_missing', 'starting_after'],
    ['/v1/payment_intents?ending_before=%00', 'invalid_characters', 'ending_before'],
    ['/v1/payment_intents?expand[]=nothing', 'parameter_invalid_string', 'expand[0]'],
    ['/v1/payment_intents?customer=cus_x', 'resource_missing', 'customer'],
    ['/v1/payment_intents?a[b=1', 'invalid_body', 'a[b'],
    ['/v1/payment_intents?%ff=1', 'invalid_body', undefined],
    ['/v1/payment_intents/%ff', 'invalid_body', undefined],
    ['/v1/payment_intents/%00', 'resource_missing', 'intent'],
    ['/v1/payment_intents/%2e%2e', 'resource_missing', 'intent'],
    [`/v1/payment_intents/${'a'.repeat(65)}`, 'parameter_invalid_string', 'id'],
    [`/v1/payment_intents/${'a'.repeat(7000)}`, 'parameter_invalid_string', 'id'],
    ['/v1/payment_intents/search?query=%00', 'invalid_characters', 'query'],
    ['/v1/payment_intents/search', 'parameter_missing', 'query'],
    ['/v1/charges/ch_1', 'resource_missing', 'id'],
    ['/v1/threads/1', 'resource_missing', 'id'],
    ['/v1/threads?channel=A', 'parameter_invalid_string', 'channel'],
    ['/v1/events?type=%27', 'parameter_invalid_string', 'type'],
    ['/v1/nothing', 'route_missing', undefined],
    ['/v1/%ff', 'route_missing', undefined],
    ['/V1/payment_intents', 'route_missing', undefined],
  ] as const)
    test(`GET ${path.slice(0, 60)}`, async () => {
      const error = readError(await send({ path }))
      assert.deepEqual([error.code, error.param], [code, param], error.message)
    })

  test('a search for a key that no payment can have finds none', async () => {
    await world.request().post(intents).send({ amount: 4200, currency: 'eur' })
    for (const key of ['__proto__', 'constructor']) {
      const answer = await send({ path: `${intents}/search?query=metadata['${key}']:'x'` })
      assert.deepEqual([answer.status, JSON.parse(answer.text).data], [200, []], key)
    }
  })

  test('a GET with a body is a GET', async () => {
    const answer = await send({
      path: intents,
      body: '{"limit":',
      headers: { 'content-type': json, 'content-length': '9' },
    })
    assert.equal(answer.status, 200)
  })

  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
    test(`${method} is not served here, and it says what is`, async () => {
      const answer = await send({ method, path: intents })
      const error = readError(answer)
      assert.deepEqual([error.code, answer.headers.allow], ['method_not_allowed', 'GET, HEAD, POST'])
    })

  test('HEAD answers like GET, without a body', async () => {
    const answer = await send({ method: 'HEAD', path: intents })
    assert.deepEqual([answer.status, answer.text], [200, ''])
    assert.equal((await send({ method: 'HEAD', path: `${intents}/pi_1` })).status, 404)
  })
})

describe('links', () => {
  for (const token of ['x', 'a'.repeat(64), '%00', '..%2f..%2fetc', 'a'.repeat(4000)])
    test(`a forged link opens nothing: ${token.slice(0, 20)}`, async () => {
      for (const page of ['pay', 'receipts']) {
        const answer = await sendRaw(world.url, { path: `/${page}/${token}` })
        assert.ok([400, 404].includes(answer.status), `${page} ${answer.status}`)
      }
    })

  test('a link with one letter changed opens nothing, and no other payment', async () => {
    const { body } = await world.request().post(intents).send({ amount: 4200, currency: 'eur' })
    const token = String(body.checkout_url).split('/').at(-1) ?? ''
    assert.ok(await world.app.services.payments.readPage(token))
    for (const at of [0, 21, 30, token.length - 1]) {
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      assert.equal(await world.app.services.payments.readPage(forged), undefined)
    }
  })
})
