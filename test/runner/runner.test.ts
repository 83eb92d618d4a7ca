import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseCommandLine, selectTestFiles } from './command-line.ts'
import { groupFiles } from './groups.ts'
import { createReport } from './report.ts'
import { type FileResult, runTestFiles } from './test-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('one test file', () => {
  test('its tests are counted, its skips keep their reasons', async () => {
    const result = await runFixture('mixed')
    assert.equal(result.passed, 3)
    assert.deepEqual(
      result.failures.map(({ name }) => name),
      ['a group › fails'],
    )
    assert.match(result.failures[0]?.detail ?? '', /2 !== 3/)
    assert.deepEqual(
      result.skips.map(({ name, reason }) => [name, reason]),
      [
        ['is skipped', 'no such thing here'],
        ['is to do', 'to do'],
        ['a skipped group', 'not today'],
      ],
    )
    assert.match(result.output, /something printed/)
  })

  const complaints = {
    hangs: /took longer than 1 s, in: waits for ever/,
    'left-open': /a pool, a server or a timer is left open/,
    'exits-early': /ended \(exit code 0\) before its tests did/,
    empty: /or holds none/,
    'does-not-exist': /ended \(exit code 1\) before its tests did/,
    'broken-hook': /no database/,
  }
  for (const [name, complaint] of Object.entries(complaints)) {
    test(`${name}: fails and says so`, async () => {
      const { failures } = await runFixture(name)
      assert.match(failures.map(({ detail }) => detail).join('\n'), complaint)
    })
  }

  test('an interrupted run ends it', async () => {
    const { failures } = await runFixture('hangs', AbortSignal.timeout(300))
    assert.equal(failures[0]?.detail, 'interrupted')
  })
})

describe('several files in one process', () => {
  const passing = ['mixed', 'sets-a-mark']

  test('each has its own results and its own output', async () => {
    const [mixed, other, ...more] = await runFixtures([...passing, 'does-not-exist'])
    assert.deepEqual(
      [mixed?.passed, mixed?.failures.map(({ name }) => name), mixed?.skips.length],
      [3, ['a group › fails'], 3],
    )
    assert.match(mixed?.output ?? '', /something printed/)
    assert.deepEqual([other?.passed, other?.failures, other?.output.trim()], [2, [], 'before\nafter'])
    assert.match(more[0]?.failures[0]?.detail ?? '', /Cannot find module/)
  })

  test('they do share it, one after another', async () => {
    const [, second] = await runFixtures(['sets-a-mark', 'finds-the-mark'])
    assert.deepEqual([second?.passed, second?.failures], [1, []])
  })

  const troubles = {
    'exits-early': /ended \(exit code 0\) before its tests did/,
    hangs: /took longer than 1 s, in: waits for ever/,
    empty: /holds no tests/,
    'broken-hook': /no database/,
    'broken-end': /left behind/,
    'does-not-exist': /Cannot find module/,
  }
  for (const [name, complaint] of Object.entries(troubles)) {
    test(`${name}: fails, and takes nobody along`, async () => {
      const [first, trouble, last, ...more] = await runFixtures(['sets-a-mark', name, 'mixed'])
      assert.deepEqual([first?.passed, first?.failures, more], [2, [], []])
      assert.match(trouble?.failures.map(({ detail }) => detail).join('\n') ?? '', complaint)
      assert.deepEqual([last?.passed, last?.failures.length], [3, 1])
    })
  }

  test('what one of them leaves open is told of at the last', async () => {
    const [open, last] = await runFixtures(['left-open', 'sets-a-mark'])
    assert.deepEqual(open?.failures, [])
    assert.match(last?.failures[0]?.detail ?? '', /left open, if not by one .*: \S+left-open\.fixture\.ts$/)
  })

  test('the order stays, and what takes long is among itself', () => {
    assert.deepEqual(groupFiles(['test/a/1.ts', 'test/browser/2.ts', 'test/b/3.ts', 'test/browser/4.ts']), [
      ['test/a/1.ts', 'test/b/3.ts'],
      ['test/browser/2.ts', 'test/browser/4.ts'],
    ])
    const many = Array.from({ length: 50 }, (_, index) => `test/a/${index}.ts`)
    assert.deepEqual(groupFiles(many).flat(), many)
    assert.ok(groupFiles(many).length > 2)
  })
})

describe('the report', () => {
  const result: FileResult = { file: 'a.test.ts', passed: 2, failures: [], skips: [], ms: 5, output: '' }
  const skips = [{ name: 'x', reason: 'no ../shared here' }]

  test('sums up in one plain closing line', () => {
    const { lines, code } = reported(false, (report) => {
      report.pass()
      report.file({ ...result, skips })
      report.file({ ...result, failures: [{ name: 'y', detail: 'broke' }] })
    })
    assert.equal(lines.at(-1), '5 passed, 1 failed, 1 skipped')
    assert.ok(lines.includes('  a.test.ts › x: no ../shared here'))
    assert.ok(lines.includes('  a.test.ts › y'))
    assert.equal(code, 1)
  })

  test('a skip is good enough, unless it is forbidden', () => {
    assert.equal(reported(false, (report) => report.file({ ...result, skips })).code, 0)
    assert.equal(reported(true, (report) => report.file({ ...result, skips })).code, 1)
    assert.equal(reported(true, (report) => report.lack('Chromium')).code, 1)
    assert.equal(reported(true, (report) => report.file(result)).code, 0)
  })
})

describe('the command line', () => {
  test('nothing means everything, a path only what is there', () => {
    assert.equal(parseCommandLine([]).isWhole, true)
    const line = parseCommandLine(['test/runner', '--name=sums'])
    assert.deepEqual(line, { paths: ['test/runner'], namePattern: 'sums', isWhole: false })
    assert.deepEqual(selectTestFiles(root, ['test/runner', 'test/runner/runner.test.ts']), [
      'test/runner/runner.test.ts',
    ])
  })

  test('what it does not understand is refused', () => {
    assert.throws(() => parseCommandLine(['--fast']), /unknown option --fast/)
    assert.throws(() => selectTestFiles(root, ['test/nowhere']), /no test file at test\/nowhere/)
  })
})

async function runFixture(name: string, signal?: AbortSignal): Promise<FileResult> {
  const [result] = await runFixtures([name], signal)
  assert.ok(result)
  return result
}

async function runFixtures(names: string[], signal = new AbortController().signal): Promise<FileResult[]> {
  const files = names.map((name) => fileURLToPath(new URL(`./fixtures/${name}.fixture.ts`, import.meta.url)))
  const results: FileResult[] = []
  const limitMs = names.includes('hangs') ? 1_000 : 20_000
  await runTestFiles(files, { limitMs, quietMs: 500, signal }, (result) => results.push(result))
  // One that ends the process may come before those whose notes it has lost.
  return results.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file))
}

function reported(mayNotSkip: boolean, act: (report: ReturnType<typeof createReport>) => void) {
  const lines: string[] = []
  const report = createReport((line) => lines.push(line), mayNotSkip)
  act(report)
  return { code: report.close(), lines }
}
