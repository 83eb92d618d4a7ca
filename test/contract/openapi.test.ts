import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { isKnownEventType } from '#events/event-types.ts'
import { errorCatalogue } from '#kernel/error-catalogue.ts'
import { createHttpApp, type HttpOptions } from '#platform/http.ts'
import { createOpenApiDocument } from '#platform/openapi.ts'
import { requestExamples } from '#platform/openapi-examples.ts'
import { apiVersion } from '#platform/openapi-texts.ts'
import { sentEvents } from '#platform/openapi-webhooks.ts'
import { describedRoutes, openApiYaml } from '../../src/main-openapi.ts'

interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: object[]
  parameters: object[]
  'x-roles': string[]
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object; example?: unknown }> }>
}

interface Document {
  info: { version: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, unknown>
  components: { schemas: { Error: { properties: { error: { properties: { code: { enum: string[] } } } } } } }
}

const committed = readFileSync('openapi.yaml', 'utf8')
const document: Document = parse(committed)
const routes = describedRoutes()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** Schemas point at `#/components/…` of the whole document, so each is compiled as a pointer into it. */
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'openapi')
const refuses = (pointer: string[], value: unknown): string => {
  const path = pointer.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent)
  const validate = ajv.getSchema(`openapi#/${path.join('/')}`)
  assert.ok(validate, `no schema at ${path.join('/')}`)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

describe('openapi.yaml', () => {
  test('is what the routes say: run "npm run openapi" after a change', () => {
    assert.equal(openApiYaml(), committed)
  })

  test('is the same whenever it is made', () => {
    const options = { publicUrl: 'https://pay.example.com' }
    assert.deepEqual(createOpenApiDocument(describedRoutes(), options), createOpenApiDocument(routes, options))
  })

  test('passes the linter without an error or a warning', async () => {
    const args = ['node_modules/@redocly/cli/bin/cli.js', 'lint', '--config', '.redocly.yaml']
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    await promisify(execFile)(process.execPath, args, { env }).catch((error: { stdout: string; stderr: string }) =>
      assert.fail(error.stdout + error.stderr),
    )
  })

  test('carries the version of the package', () => {
    assert.equal(apiVersion, JSON.parse(readFileSync('package.json', 'utf8')).version)
    assert.equal(document.info.version, apiVersion)
  })
})

describe('the operations', () => {
  test('described are exactly those that are served', () => {
    const served = createHttpApp({ routes, mount: () => undefined } as unknown as HttpOptions)
      .router.stack.flatMap(({ route }) => (route ? [route] : []))
      .flatMap((route) => Object.keys(methodsOf(route)).map((method) => `${method} ${route.path}`))
    const described = operations.map(({ path, method }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
    assert.deepEqual(described.toSorted(), served.toSorted())
  })

  test('say who may call them, what for, and with which headers', () => {
    const tags = document.tags.map(({ name }) => name)
    for (const { operation } of operations) {
      const { operationId, summary, description, security, parameters } = operation
      assert.ok(summary && description, operationId)
      assert.deepEqual(security, [{ bearer: [] }, { basic: [] }], operationId)
      assert.ok(operation['x-roles'].length > 0, operationId)
      assert.ok(
        operation.tags.every((tag) => tags.includes(tag)),
        operationId,
      )
      assert.ok(JSON.stringify(parameters).includes('StripeAccount'), operationId)
    }
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('have an answer that fits its own schema', () => {
    for (const { path, method, operation } of operations) {
      const content = operation.responses['200']?.content ?? {}
      const [[type, answer] = []] = Object.entries(content)
      assert.ok(type && answer?.example !== undefined, `${operation.operationId} has no example`)
      const pointer = ['paths', path, method, 'responses', '200', 'content', type, 'schema']
      assert.equal(refuses(pointer, answer.example), '', operation.operationId)
    }
  })

  test('take forms and JSON with one schema, and examples that they would accept', () => {
    for (const { path, method, operation } of operations) {
      const content = operation.requestBody?.content
      if (!content) continue
      const types = ['application/x-www-form-urlencoded', 'application/json']
      if (operation.operationId === 'createFile') {
        // A file travels in neither.
        assert.deepEqual(Object.keys(content), ['multipart/form-data'])
        continue
      }
      assert.deepEqual(Object.keys(content), types, operation.operationId)
      const [form, json] = types.map((type) => content[type])
      assert.deepEqual(form?.schema, json?.schema, operation.operationId)
      if (json?.example === undefined) continue
      const pointer = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema']
      assert.equal(refuses(pointer, json.example), '', operation.operationId)
    }
  })

  test('parse the bodies of their examples', () => {
    const bodies = new Map(routes.map(({ operationId, body }) => [operationId, body]))
    for (const [operationId, example] of Object.entries(requestExamples)) {
      const parsed = bodies.get(operationId)?.safeParse(example)
      assert.ok(parsed, `${operationId} takes no body`)
      assert.ok(parsed.success, `${operationId}: ${parsed.error?.message}`)
    }
  })

  test('name the errors that every operation can answer', () => {
    for (const { operation } of operations) {
      for (const status of ['400', '401', '403', '404', '429', '500', '503'])
        assert.ok(operation.responses[status], `${operation.operationId} lacks ${status}`)
    }
  })
})

describe('the errors and events', () => {
  test('are all codes of the catalogue', () => {
    const listed = document.components.schemas.Error.properties.error.properties.code.enum
    assert.deepEqual(listed.toSorted(), Object.keys(errorCatalogue).toSorted())
  })

  test('are the events that the code appends', () => {
    const files = globSync(
      'src/{accounts,connections,threads,customers,setups,payments,refunds,disputes,payouts,transfers,checkout,bills,messages,events,webhooks,finance,exports}/*.ts',
    )
    const sources = files.filter((path) => !/(event-types|-schemas|routes)\.ts$/.test(path))
    const found = sources.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g)].map(([, name = '']) => name),
    )
    const told = new Set(found.filter((name) => isKnownEventType(name)))
    assert.deepEqual(Object.keys(sentEvents).toSorted(), [...told].toSorted())
    assert.deepEqual(Object.keys(document.webhooks), Object.keys(sentEvents))
  })
})

/** Express keeps them on every route and does not type them. */
function methodsOf(route: object): Record<string, boolean> {
  return 'methods' in route ? (route.methods as Record<string, boolean>) : {}
}
