import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkCycles, checkReachable } from './graph-rules.ts'
import { checkImportStyle, checkPurity } from './import-rules.ts'
import { checkImportOrder } from './layers.ts'
import { checkLockfile, checkMachinePaths, checkTopLevel } from './repository-rules.ts'
import { readSource, type Source } from './source.ts'
import { checkBans, checkFileLength, checkFileNames, checkFunctionLength } from './text-rules.ts'

type Rule = (sources: Source[]) => string[]

describe('the scanner', () => {
  const imports = (text: string) => readSource('src/a/b.ts', text).imports.map(({ specifier }) => specifier)

  test('finds every way to import', () => {
    const text = `import a, { b } from './a.ts'\nimport {\n  c,\n  type D,\n} from "./c.ts"\nexport { e } from './e.ts'
      import './f.ts'\nconst g = await import('./g.ts')\nimport type { H } from './h.ts'\nexport * from './i.ts'
      const page = new URL('./j.ts', import.meta.url)`
    const expected = ['./a.ts', './c.ts', './e.ts', './f.ts', './g.ts', './h.ts', './i.ts', './j.ts']
    assert.deepEqual(imports(text).sort(), expected)
  })

  test('tells what is imported for its type alone', () => {
    const { imports } = readSource(
      'src/a/b.ts',
      `import type A from 'a'\nimport { type B } from 'b'\nimport { type C, d } from 'c'`,
    )
    assert.deepEqual(
      imports.map(({ isTypeOnly }) => isTypeOnly),
      [true, true, false],
    )
  })

  test('is not led astray by comments, strings, templates and regular expressions', () => {
    const text = [
      `// what we import\nimport type { X } from './x.ts'`,
      `/* import a from './no.ts' */ const s = "import b from './no.ts'"`,
      `const t = \`import c from './no.ts' \${import('./y.ts')} \${\`}\`} // not a comment\``,
      `const r = /['"]/ // import d from './no.ts'`,
      `const half = a / b; import('./z.ts')`,
    ].join('\n')
    assert.deepEqual(imports(text).sort(), ['./x.ts', './y.ts', './z.ts'])
  })
})

describe('the import order', () => {
  const bad: [string, string][] = [
    ['src/kernel/money.ts', '#platform/database.ts'],
    ['src/platform/http.ts', '#ledger/repo.ts'],
    ['src/platform/http.ts', '#config.ts'],
    ['src/ledger/repo.ts', '#payments/repo.ts'],
    ['src/refunds/service.ts', '#providers/stripe/client.ts'],
    ['src/providers/stripe/client.ts', '#payments/intent.ts'],
    ['src/providers/stripe/client.ts', '#providers/wechatpay/client.ts'],
    ['src/providers/provider.ts', '#providers/stripe/client.ts'],
    ['src/sandbox/stripe/server.ts', '#kernel/money.ts'],
    ['src/sandbox/stripe/server.ts', '#sandbox/wechatpay/server.ts'],
    ['src/sandbox/kit/server.ts', '#sandbox/stripe/server.ts'],
    ['src/sandbox/kit/server.ts', '#kernel/money.ts'],
    ['src/app.ts', '#sandbox/kit/server.ts'],
    ['src/pages/checkout.ts', '#sandbox/stripe/server.ts'],
    ['src/webhooks/service.ts', '#app.ts'],
    ['src/app.ts', '#main-api.ts'],
    ['src/gadgets/a.ts', '#kernel/money.ts'],
    ['src/ledger/repo.ts', '#gadgets/a.ts'],
  ]
  for (const [path, target] of bad)
    refuses(checkImportOrder, `${path} importing ${target}`, [path, `import { a } from '${target}'`])

  const good: [string, string][] = [
    ['src/ledger/repo.ts', '#platform/database.ts'],
    ['src/ledger/repo.ts', './chart.ts'],
    ['src/refunds/service.ts', '#payments/intent.ts'],
    ['src/refunds/service.ts', '#providers/provider.ts'],
    ['src/providers/stripe/client.ts', '#providers/provider.ts'],
    ['src/providers/stripe/client.ts', '#platform/logger.ts'],
    ['src/sandbox/stripe/server.ts', '#sandbox/stripe/store/ids.ts'],
    ['src/sandbox/stripe/server.ts', '#sandbox/kit/server.ts'],
    ['src/app.ts', '#providers/stripe/index.ts'],
    ['src/app.ts', '#sandbox/stripe/index.ts'],
    ['src/main-api.ts', './app.ts'],
    ['src/ledger/repo.ts', 'kysely'],
  ]
  for (const [path, target] of good)
    accepts(checkImportOrder, `${path} importing ${target}`, [path, `import { a } from '${target}'`])
  accepts(checkImportOrder, 'a type of the configuration', [
    'src/pages/a.ts',
    `import type { Environment } from '#config.ts'`,
  ])
})

describe('how imports are written', () => {
  refuses(
    checkImportStyle,
    '../ across folders',
    ['src/ledger/repo.ts', `import { a } from '../kernel/money.ts'`],
    /#kernel\/money.ts/,
  )
  refuses(
    checkImportStyle,
    '# within a folder',
    ['src/ledger/repo.ts', `import { a } from '#ledger/chart.ts'`],
    /\.\/chart\.ts/,
  )
  refuses(checkImportStyle, '../ out of a simulator', [
    'src/sandbox/stripe/a.ts',
    `import { a } from '../../kernel/money.ts'`,
  ])
  refuses(
    checkImportStyle,
    '../ to the kit',
    ['src/sandbox/stripe/a.ts', `import { a } from '../kit/world.ts'`],
    /#sandbox\/kit\/world\.ts/,
  )
  accepts(checkImportStyle, '../ inside a simulator', [
    'src/sandbox/stripe/http/a.ts',
    `import { a } from '../store/ids.ts'`,
  ])
  accepts(checkImportStyle, 'a folder of data', ['src/platform/a.ts', `new URL('../../migrations/', import.meta.url)`])
  accepts(checkImportStyle, './ and #', ['src/ledger/a.ts', `import './b.ts'\nimport '#kernel/money.ts'\nimport 'zod'`])
})

describe('purity', () => {
  const pure = 'src/payments/intent.ts'
  const impure = [
    `import { sql } from 'kysely'`,
    `import { z } from 'zod'`,
    `import { createHash } from 'node:crypto'`,
    `import { requireMerchant } from '#platform/database.ts'`,
    `import { find } from './repo.ts'`,
    `import { find } from './intent-repo.ts'`,
    'const at = Date.now()',
    'const at = new Date()',
    'const dice = Math.random()',
    'const key = process.env.KEY',
  ]
  const repos: [string, string][] = ['repo.ts', 'intent-repo.ts'].map((name) => [
    `src/payments/${name}`,
    'export const find = () => 1',
  ])
  for (const text of impure) refuses(checkPurity, text, [pure, text], /pure/, ...repos)
  for (const name of ['repo.ts', 'attempt-repo.ts', 'routes.ts', 'sweep-jobs.ts', 'schemas.ts', 'refund-service.ts']) {
    accepts(checkPurity, `anything in ${name}`, [`src/payments/${name}`, impure.join('\n')])
  }
  accepts(checkPurity, 'kernel, pure neighbours, types of ports, rows and zod', [
    pure,
    `import { add } from '#kernel/money.ts'\nimport { b } from './fees.ts'\nimport type { z } from 'zod'
     import type { P } from '#providers/provider.ts'\nimport type { Row } from '#platform/tables.ts'\nconst at = new Date(0)`,
  ])
  accepts(checkPurity, 'a file that holds only types', [
    'src/payments/deps.ts',
    `import type { Database } from '#platform/database.ts'\n\nexport type Deps = {\n  db: Database\n  now: () => Date\n}`,
  ])
  accepts(checkPurity, 'a file format that packs', [
    'src/exports/formats/xlsx.ts',
    `import { deflateRawSync } from 'node:zlib'\nimport { ZipFile } from 'yazl'`,
  ])
  refuses(checkPurity, 'a file format that opens files', ['src/exports/formats/a.ts', `import 'node:fs'`], /pure/)
  refuses(checkPurity, 'packing elsewhere', ['src/exports/journal.ts', `import { ZipFile } from 'yazl'`], /pure/)
  refuses(checkPurity, 'the kernel importing a package', ['src/kernel/money.ts', `import { z } from 'zod'`])
  accepts(checkPurity, 'the kernel importing node:crypto', [
    'src/kernel/ids.ts',
    `import { randomUUIDv7 } from 'node:crypto'`,
  ])
})

describe('the graph', () => {
  const a = (text: string): [string, string] => ['src/a.ts', text]
  const b = (text: string): [string, string] => ['src/b.ts', text]
  refuses(
    checkCycles,
    'a circle',
    a(`import './b.ts'`),
    /src\/a.ts → src\/b.ts → src\/a.ts/,
    b(`import { a } from './a.ts'`),
  )
  accepts(checkCycles, 'a circle of types', a(`import './b.ts'`), b(`import type { A } from './a.ts'`))
  refuses(checkReachable, 'an unused file', ['src/main.ts', `import './a.ts'`], /src\/b\.ts/, a(''), b(''))
  accepts(
    checkReachable,
    'a file reached on the way',
    ['src/main-api.ts', `import './a.ts'`],
    a(`import type { B } from './b.ts'`),
    b(''),
  )
})

describe('lengths and names', () => {
  const lines = (count: number) => 'a()\n'.repeat(count)
  refuses(checkFileLength, 'a long file', ['src/a.ts', lines(301)])
  refuses(checkFileLength, 'a long test', ['test/a.test.ts', lines(501)])
  accepts(checkFileLength, 'a test of 500 lines', ['test/a.test.ts', lines(500)])
  const body = '    a({\n      b: `}\n`,\n    })\n'.repeat(18)
  for (const head of [
    'export async function f(\n  a: string,\n)',
    'const f = async (a: string) =>',
    '  run(a: string)',
  ]) {
    const tail = head.startsWith(' ') ? '  }' : '}'
    refuses(
      checkFunctionLength,
      `a long ${head.split('\n')[0]}`,
      ['src/a.ts', `${head} {\n${body}${tail}\n`],
      /function of 7\d lines/,
    )
  }
  accepts(checkFunctionLength, 'two short ones', ['src/a.ts', `const f = () => {\n${lines(60)}}\n`.repeat(2)])
  refuses(checkFileNames, 'utils.ts', ['src/kernel/utils.ts', 'export const a = 1'])
  refuses(checkFileNames, 'date-helpers.ts', ['test/date-helpers.ts', 'export const a = 1'])
  refuses(checkFileNames, 'camelCase.ts', ['src/a/camelCase.ts', 'export const a = 1'])
  refuses(checkFileNames, 'a barrel', ['src/a/index.ts', `export { a } from './a.ts'\nexport type { B } from './b.ts'`])
  accepts(checkFileNames, 'a factory', [
    'src/a/index.ts',
    `export type { B } from './b.ts'\nexport function createA() {}`,
  ])
})

describe('what is forbidden', () => {
  const money = 'src/ledger/posting.ts'
  const bad: [string, string, string][] = [
    ['an enum', 'src/a.ts', 'export const enum Color { red }'],
    ['a default export', 'src/a.ts', 'export default 1'],
    ['export *', 'src/a.ts', `export * from './b.ts'`],
    ['the environment', 'src/platform/a.ts', 'const port = process.env.PORT'],
    ['Number near money', money, 'const euros = Number(amount)'],
    ['Math near money', 'src/kernel/money.ts', 'Math.round(x)'],
    ['a transaction in a repo', 'src/ledger/repo.ts', 'await inTransaction(db, id, work)'],
    ['a transaction in a route', 'src/threads/routes.ts', 'await db.transaction().execute(work)'],
    ['a mark without an issue', 'src/a.ts', `// ${'TO'}DO: later`],
    ['a suppression without a reason', 'src/a.ts', '// biome-ignore lint/suspicious/noExplicitAny'],
    ['a suppression with an empty reason', 'src/a.ts', '// biome-ignore lint/suspicious/noExplicitAny: '],
  ]
  for (const [what, path, text] of bad) refuses(checkBans, what, [path, text])
  const good: [string, string, string][] = [
    ['the environment in an entry', 'src/main-api.ts', 'process.env'],
    ['the environment in a test', 'test/a.test.ts', 'process.env'],
    ['Number with a reason', money, 'Number(count) // exact: a count of rows, not money'],
    ['Number away from money', 'src/platform/queue.ts', 'Number(priority)'],
    ['a transaction in a service', 'src/refunds/refund-service.ts', 'inTransaction(db, id, work)'],
    ['a transaction in platform', 'src/platform/a.ts', 'db.transaction()'],
    ['a mark with an issue', 'src/a.ts', `// @${'TO'}DO(#12): later`],
    [
      'a suppression with a reason',
      'src/a.ts',
      '// biome-ignore lint/suspicious/noExplicitAny: the driver types it so',
    ],
    ['the words in a string', money, `const text = 'Number( Math. enum'`],
  ]
  for (const [what, path, text] of good) accepts(checkBans, what, [path, text])
})

describe('the repository', () => {
  test('a stray file at the top is named', () => {
    assert.deepEqual(checkTopLevel(['src/a.ts', '.ci/run', 'README.md']), [])
    assert.match(checkTopLevel(['notes.txt']).join(), /notes\.txt/)
  })
  test('a folder of one machine is named', () => {
    const machine = ['', 'work', 'main'].join('/')
    assert.equal(checkMachinePaths([{ path: 'docs/a.md', text: `see ${machine}/x` }]).length, 1)
    assert.deepEqual(
      checkMachinePaths([{ path: 'docs/a.md', text: `../${machine} src${machine} https://a.b${machine}` }]),
      [],
    )
  })
  test('a registry in the lockfile is noticed', () => {
    assert.equal(checkLockfile('{ "resolved": "https://registry.example/a.tgz" }').length, 1)
    assert.deepEqual(checkLockfile('{ "version": "1.0.0" }'), [])
  })
})

function refuses(rule: Rule, name: string, file: [string, string], message = /./, ...others: [string, string][]): void {
  test(`refuses ${name}`, () => {
    const problems = rule([file, ...others].map(([path, text]) => readSource(path, text)))
    assert.ok(problems.length > 0)
    assert.match(problems.join('\n'), message)
  })
}

function accepts(rule: Rule, name: string, ...files: [string, string][]): void {
  test(`accepts ${name}`, () => {
    assert.deepEqual(rule(files.map(([path, text]) => readSource(path, text))), [])
  })
}
