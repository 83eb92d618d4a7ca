import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSource, type Source } from './source.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What git knows; without git, what lies there less what .gitignore names. */
export function repositoryPaths(): string[] {
  const git = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  if (git.status === 0 && git.stdout !== '')
    return git.stdout.split('\0').filter((path) => path !== '' && isThere(path))
  const isOurs = (path: string) => !/^(node_modules|\.git|\.parley|test\/artifacts)(\/|$)/.test(path)
  return globSync('{*,.*,**/*}', { cwd: root, exclude: (path) => !isOurs(path) }).filter(
    (path) => isOurs(path) && isThere(path),
  )
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** As they lie there, committed or not: style is checked before the commit. */
export function readSources(...patterns: string[]): Source[] {
  const paths = patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'))
  return paths.sort().map((path) => readSource(path, readText(path)))
}

function isThere(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false
}
