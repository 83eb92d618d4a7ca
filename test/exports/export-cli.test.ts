import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { showId } from '#kernel/ids.ts'
import { asked, bytesOf, createExportKit, digestOf } from './export-kit.ts'

const kit = await createExportKit()
const merchant = await kit.newMerchant()
await kit.book(merchant, 30)
const folder = await mkdtemp(join(tmpdir(), 'parley-export-cli-'))
after(() => rm(folder, { recursive: true }))

const program = (name: string): string => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url))

const run = (args: readonly string[], name = 'main-export', nodeArgs: readonly string[] = []) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArgs, program(name), ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: kit.url,
      PARLEY_SECRET: 'test-secret-test-secret-test-secret',
      ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    },
    maxBuffer: 1 << 26,
  })
  return { status, stdout, stderr: stderr.toString() }
}

test('seals and writes what the API would stream, and says its digest', async () => {
  const { status, stdout, stderr } = run(['--format', 'csv'])
  assert.equal(status, 0, stderr)
  const streamed = await bytesOf((await kit.service().stream(merchant, asked())).chunks)
  assert.ok(stdout.equals(streamed))
  assert.match(stderr, /60 lines in .* up to seal 30\n/)
  assert.ok(stderr.includes(`${showId('merchant', merchant)}\n${digestOf(streamed)}  -\n`))
})

test('writes a file that ledger:verify recomputes the chain from, and finds a changed amount in', async () => {
  const { status, stderr } = run(['--format', 'jsonl', '--out', 'journal.jsonl'])
  assert.equal(status, 0, stderr)
  assert.deepEqual(await readdir(folder), ['journal.jsonl'])
  const verify = run(['--export', 'journal.jsonl'], 'main-ledger')
  assert.deepEqual([verify.status, verify.stderr], [0, ''])
  assert.match(verify.stdout.toString(), /ok: seals 1 to 30/)
  const text = await readFile(join(folder, 'journal.jsonl'), 'utf8')
  const changed = text.replace('"amount_minor":7,', '"amount_minor":8,')
  assert.notEqual(changed, text)
  spawnSync('tee', ['journal.jsonl'], { cwd: folder, input: changed })
  assert.equal(run(['--export', 'journal.jsonl'], 'main-ledger').status, 1)
})

test('says what is wrong with its arguments, and leaves no file behind', async () => {
  const before = await readdir(folder)
  for (const [args, complaint] of [
    [['--format', 'word', '--out', 'x'], /--format: must be one of csv, jsonl/],
    [['--format', 'csv', '--as-of-seq', '31', '--out', 'x'], /--as-of-seq: The ledger is sealed up to 30/],
    [['--format', 'csv', '--account', '9999', '--out', 'x'], /--account: No such ledger account: '9999'/],
    [['--format', 'csv', '--merchant', 'noodles'], /--merchant must be a merchant's id/],
    [['--colour', 'red'], /Unknown option '--colour'/],
  ] as const) {
    const { status, stderr, stdout } = run(args)
    assert.equal(status, 1)
    assert.match(stderr, complaint)
    assert.equal(stdout.length, 0)
  }
  assert.deepEqual(await readdir(folder), before)
  assert.match(run([]).stdout.toString(), /^Usage:/)
})

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: { export: string }
}

/** Tells, when the process ends, what of Node it has loaded and the most memory it has had resident. */
const atExit = `--import=data:text/javascript,${encodeURIComponent(`import { readFileSync } from 'node:fs'
const peak = () => /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024
process.on('exit', () => {
  const modules = process.moduleLoadList.filter((one) => one.startsWith('NativeModule')).map((one) => one.split(' ')[1])
  console.error('at exit ' + JSON.stringify({ modules, peakMiB: process.platform === 'linux' ? peak() : 0 }))
})`)}`

test('as npm run export starts it, it begins far below 128 MiB', async () => {
  await kit.sealer.catchUp(merchant, 5000)
  const nodeArgs = scripts.export.replaceAll('"', '').match(/--\S+/g) ?? []
  const { status, stderr } = run(['--format', 'csv'], 'main-export', [...nodeArgs, atExit])
  assert.equal(status, 0, stderr)
  const { modules, peakMiB } = JSON.parse(/^at exit (.*)$/m.exec(stderr)?.[1] ?? '') as {
    modules: string[]
    peakMiB: number
  }
  assert.ok(modules.includes('net'))
  assert.deepEqual(
    modules.filter((name) => /^http2?$|undici/.test(name)),
    [],
  )
  assert.ok(peakMiB < 115, `${peakMiB} MiB`)
})
