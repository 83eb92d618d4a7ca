import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { environment } from '../../src/config.ts'
import { envExample, errorsPage, withEnvironmentTable } from '../../src/main-openapi.ts'

const pages = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'examples/**/*.md']).sort()
const read = (path: string): string => readFileSync(path, 'utf8')
const manifest: Record<'scripts' | 'dependencies' | 'devDependencies' | 'optionalDependencies', object> = JSON.parse(
  read('package.json'),
)

describe('the pages', () => {
  test('link only to what exists', () => {
    for (const page of pages) {
      const text = read(page)
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?|mailto):/.test(target)) continue
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        assert.ok(existsSync(file), `${page} links to ${target}`)
        if (anchor !== undefined) assert.ok(anchorsOf(read(file)).includes(anchor), `${page} links to ${target}`)
      }
    }
  })

  test('name only files that exist', () => {
    for (const page of pages.filter((path) => path !== 'CHANGELOG.md')) {
      for (const [, path = ''] of read(page).matchAll(/`((?:src|test|docs|bench|examples|migrations)\/[\w./-]+)`/g)) {
        assert.ok(existsSync(path), `${page} names ${path}`)
      }
    }
  })

  test('name only npm scripts that exist', () => {
    for (const page of pages) {
      for (const [, name = ''] of read(page).matchAll(/npm run (?:-\S+ )*([\w:-]+)/g)) {
        assert.ok(name in manifest.scripts, `${page} names npm run ${name}`)
      }
    }
  })

  test('name only settings that exist', () => {
    const others = new Set(['DATABASE_PASSWORD', 'POSTGRES_PASSWORD'])
    for (const page of ['README.md', 'docs/operations.md', 'docs/scaling.md', 'docs/testing-with-the-sandbox.md']) {
      for (const [, name = ''] of read(page).matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)) {
        assert.ok(name in environment.shape || others.has(name), `${page} names ${name}`)
      }
    }
  })

  test('begin with the two commands', () => {
    const lines = read('README.md').split('\n')
    for (const command of ['npm ci && npm start', 'npm ci && npm test']) {
      assert.ok(
        lines.slice(0, 20).some((line) => line.startsWith(command)),
        `README.md says ${command}`,
      )
    }
  })

  test('say why each package is here, and nothing of others', () => {
    const text = read('docs/dependencies.md')
    const told = [...text.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = '']) => name)
    const { dependencies, optionalDependencies, devDependencies } = manifest
    assert.deepEqual(told, [dependencies, optionalDependencies, devDependencies].flatMap(Object.keys))
  })

  test('have a place in the index of the README', () => {
    const index = read('README.md')
    for (const page of globSync('docs/*.md')) {
      if (page === 'docs/performance.md') continue // named by scaling.md
      assert.ok(index.includes(`(${page})`), `README.md does not link to ${page}`)
    }
  })
})

describe('the generated parts are fresh: run "npm run openapi" after a change', () => {
  test('docs/errors.md', () => assert.equal(read('docs/errors.md'), errorsPage()))
  test('.env.example', () => assert.equal(read('.env.example'), envExample()))
  test('the settings in docs/operations.md', () => {
    const page = read('docs/operations.md')
    assert.equal(page, withEnvironmentTable(page))
    for (const name of Object.keys(environment.shape)) assert.ok(page.includes(`| \`${name}\` |`), name)
  })

  test('.env.example has what compose.yaml asks for', () => {
    const example = read('.env.example')
    for (const [, name = ''] of read('compose.yaml').matchAll(/\$\{([A-Z_]+):\?/g)) {
      assert.match(example, new RegExp(`^# ${name}=`, 'm'))
    }
  })
})

/** As GitHub makes them: lower case, spaces to hyphens, punctuation away. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
