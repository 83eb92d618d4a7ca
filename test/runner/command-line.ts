import { existsSync, globSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

export type CommandLine = { paths: string[]; namePattern: string | undefined; isWhole: boolean }

export const usage = `npm test                              everything: types, lint, all tests
npm test -- test/http test/core/x.test.ts    only these folders or files, without types and lint
npm test -- test/http --name='refund'        only tests whose name matches`

export function parseCommandLine(args: string[]): CommandLine {
  const name = args.find((arg) => arg.startsWith('--name='))
  const paths = args.filter((arg) => arg !== name)
  const unknown = paths.find((arg) => arg.startsWith('-'))
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}\n${usage}`)
  return { paths, namePattern: name?.slice('--name='.length), isWhole: args.length === 0 }
}

/** What is quick and says most comes first, what needs a browser or kills processes last. */
const first = ['structure', 'kernel', 'core', 'platform']
const last = ['faults', 'pages', 'browser', 'e2e']

export function selectTestFiles(root: string, paths: string[]): string[] {
  const chosen = paths.length === 0 ? ['test'] : paths
  const files = chosen.flatMap((path) => expand(root, path))
  return [...new Set(files)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
}

function expand(root: string, path: string): string[] {
  const full = join(root, relative(root, join(root, path)))
  const found = existsSync(full) && statSync(full).isFile() ? [path] : globSync(`${path}/**/*.test.ts`, { cwd: root })
  if (found.length === 0) throw new Error(`no test file at ${path}\n${usage}`)
  return found.map((file) => relative(root, join(root, file)))
}

function rank(file: string): number {
  const folder = file.split(/[\\/]/)[1] ?? ''
  if (first.includes(folder)) return first.indexOf(folder) - first.length
  return last.indexOf(folder) + 1
}
