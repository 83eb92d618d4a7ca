import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import type { Route } from '#platform/route.ts'
import { readError, sendRaw } from '../support/raw-http.ts'
import { fillShop } from '../support/shop-stock.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let ids: string[]
before(async () => {
  world = await createWorld()
  ids = Object.values(await fillShop(world, world.shop))
  // What is fuzzed are the routes; the jobs that follow from them have their own tests.
  await world.stopWork()
})
after(() => world[Symbol.asyncDispose]())

const seed = 20_261_122
const requests = 1500
const atOnce = 8

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  minimum?: number
  maximum?: number
  maxLength?: number
}

const nasty = fc.constantFrom<unknown>(
  '',
  ' ',
  '0',
  '-1',
  'null',
  'true',
  '\u0000',
  '\ud800',
  "'; drop table payment_intents; --",
  '$1',
  '%s',
  '\\',
  '{{7*7}}',
  '../../etc/passwd',
  '＜script＞',
  '<script>alert(1)</script>',
  '🏳️‍🌈',
  '\u202e',
  'é'.normalize('NFD'),
  'a'.repeat(300),
  'x'.repeat(6000),
  0,
  -0,
  -1,
  1.5,
  1e21,
  1e308,
  2 ** 31,
  2 ** 53,
  Number.MIN_SAFE_INTEGER,
  true,
  false,
  null,
  [],
  {},
  [[]],
  [null],
  { a: { b: {} } },
  { __proto__: null, gt: 'x' },
  '2026-11-22',
  'par_01h455vb4pex5vsknk084sn02q',
)

/** Mostly what the schema asks for; now and then what it does not. */
const valueFor = (schema: Schema, depth = 0): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(null).chain(() => wellMade(schema, depth)) },
    { weight: 1, arbitrary: nasty },
  )

const wellMade = (schema: Schema, depth: number): fc.Arbitrary<unknown> => {
  const options = schema.anyOf ?? schema.oneOf
  if (options) return fc.oneof(...options.map((option) => valueFor(option, depth)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'integer':
    case 'number':
      return wholeNumber(schema)
    case 'boolean':
      return fc.boolean()
    case 'array':
      return depth > 3 ? fc.constant([]) : fc.array(valueFor(schema.items ?? {}, depth + 1), { maxLength: 3 })
    case 'object':
      return objectOf(schema, depth)
    default:
      return text(schema)
  }
}

const wholeNumber = ({ minimum = 0, maximum = 1e9 }: Schema) =>
  fc.oneof(
    fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1),
    fc.integer({ min: Math.max(minimum, -1e9), max: Math.min(maximum, 2e9) }),
  )

const text = ({ maxLength = 100 }: Schema) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(null).chain(() => fc.constantFrom(...ids)) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'eur',
        'jpy',
        'kwd',
        'pm_card_visa',
        'line',
        'https://shop.example/x',
        'lea@example.com',
        '*',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: Math.min(maxLength + 1, 60) }) },
  )

const objectOf = (schema: Schema, depth: number): fc.Arbitrary<unknown> => {
  if (!schema.properties) {
    const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
    return fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 12 }), valueFor(extra, depth + 1), { maxKeys: 3 })
  }
  const members = Object.entries(schema.properties).map(([name, member]) => {
    const isRequired = schema.required?.includes(name)
    const value = depth > 4 ? nasty : valueFor(member, depth + 1)
    return [name, fc.option(value, { nil: undefined, freq: isRequired ? 20 : 1 })] as const
  })
  const unknown = fc.dictionary(fc.string({ maxLength: 8 }), nasty, { maxKeys: 1 })
  return fc.tuple(fc.record(Object.fromEntries(members)), fc.boolean(), unknown).map(([known, , more]) => ({
    ...known,
    ...(Object.keys(more).length > 0 && Math.abs(hash(JSON.stringify(known))) % 8 === 0 ? more : {}),
  }))
}

const hash = (value: string): number =>
  [...value].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) | 0, 7)

interface Shot {
  route: Route
  id: string
  query: unknown
  body: unknown
  isForm: boolean
  key: string | undefined
}

const shots = (routes: readonly Route[]): fc.Arbitrary<Shot> => fc.oneof(...routes.map(shotOf))

const shotOf = (route: Route): fc.Arbitrary<Shot> =>
  fc.record({
    route: fc.constant(route),
    id: fc.oneof(fc.constantFrom(...ids), fc.constantFrom('x', '%00', '..', 'pi_', '%F0%9F%92%B6', 'a'.repeat(64))),
    query: valueFor(schemaOf(route.query)),
    body: route.body ? valueFor(schemaOf(route.body)) : fc.constant(undefined),
    isForm: fc.boolean(),
    key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined, freq: 6 }),
  })

const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema

const toForm = (value: unknown, name = ''): string[] => {
  if (typeof value !== 'object' || value === null)
    return value === undefined ? [] : [`${encode(name)}=${encode(String(value))}`]
  return Object.entries(value).flatMap(([key, child]) => toForm(child, name === '' ? key : `${name}[${key}]`))
}
const encode = (value: string): string => encodeURIComponent(value.toWellFormed())

const fire = async ({ route, id, query, body, isForm, key }: Shot) => {
  const search = toForm(query).join('&').slice(0, 8000)
  const path = route.path.replace(/:\w+/, id) + (search === '' ? '' : `?${search}`)
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  const role = route.roles[0] ?? 'service'
  const answer = await sendRaw(world.url, {
    method: route.method.toUpperCase(),
    path,
    headers: {
      authorization: `Bearer ${world.shop.keys[role]}`,
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: isForm ? toForm(body).join('&') : JSON.stringify(body) }),
  })
  return {
    answer,
    what: `${route.method} ${path.slice(0, 300)} ${isForm ? toForm(body).join('&') : JSON.stringify(body)}`.slice(
      0,
      1500,
    ),
  }
}

const always = [400, 401, 403, 404, 409, 413, 429]

test(`${requests} requests made from the schemas, some of them mangled: never a 5xx, always our envelope`, async () => {
  const safe = world.app.routes.filter(
    ({ operationId }) => !['rollApiKey', 'revokeApiKey', 'deleteWebhookEndpoint'].includes(operationId),
  )
  const seen = new Map<number, number>()
  const sample = fc.sample(shots(safe), { seed, numRuns: requests })
  for (let at = 0; at < sample.length; at += atOnce) {
    await Promise.all(
      sample.slice(at, at + atOnce).map(async (shot) => {
        const { answer, what } = await fire(shot)
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
        assert.ok(answer.status < 500, `${answer.status} to ${what}\n${answer.text}`)
        assert.ok(
          answer.status === 200 || answer.status === 402 || always.includes(answer.status),
          `${answer.status} to ${what}`,
        )
        if (answer.status !== 200) readError(answer)
        else if (shot.route.contentType === undefined) {
          const parsed = shot.route.response.safeParse(JSON.parse(answer.text))
          assert.ok(parsed.success, `${what}\n${parsed.success ? '' : z.prettifyError(parsed.error)}`)
        }
      }),
    )
  }
  assert.ok((seen.get(200) ?? 0) > requests / 10, `too few were good to mean anything: ${JSON.stringify([...seen])}`)
})

test('the books are right after it', async () => {
  await world.startWork()
  await world.settle()
  await world.trialBalanceIsZero()
})
