import { posix } from 'node:path'
import { findAll } from './import-rules.ts'
import type { Source } from './source.ts'

const functionLinesMax = 70

export function checkFileLength(sources: Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const most = path.startsWith('test/') ? 500 : 300
    const lines = text.trimEnd().split('\n').length
    return lines <= most ? [] : [`${path}: ${lines} lines, at most ${most}: split it by subject`]
  })
}

const functionStart = /^\s*(export )?(async )?function\b|=>\s*\{\s*$|^\s+(static |async |get |set |\*)*[#\w]+\(.*\{\s*$/
const notFunction = /^\s*(\}\s*)?(if|else|for|while|switch|catch|do|try)\b/

/** By indentation, which the formatter guarantees: a function ends at the first brace that stands as far left as its start. */
export function checkFunctionLength(sources: Source[]): string[] {
  return sources.flatMap(({ path, code }) => {
    const lines = code.split('\n')
    return lines.flatMap((line, start) => {
      if (!functionStart.test(line) || notFunction.test(line)) return []
      const end = lines.findIndex(
        (other, index) => index > start && indentOf(other) === indentOf(line) && /^\s*\}/.test(other),
      )
      const length = end - start + 1
      if (length <= functionLinesMax) return []
      return [
        `${path}:${start + 1}: a function of ${length} lines, at most ${functionLinesMax}: give a part of it a name`,
      ]
    })
  })
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

type Ban = {
  what: string
  pattern: RegExp
  instead: string
  applies?: (path: string) => boolean
  excuse?: RegExp
  isInComment?: true
}

const isMoney = (path: string) => /^src\/(ledger|payments|refunds)\//.test(path) || path === 'src/kernel/money.ts'
const isSource = (path: string) => path.startsWith('src/')

const bans: Ban[] = [
  { what: 'an enum', pattern: /^\s*(export )?(declare )?(const )?enum\s+\w+/g, instead: 'write a union of literals' },
  { what: 'a default export', pattern: /^\s*export default\b/g, instead: 'export it by name', applies: isSource },
  { what: 'a re-export of everything', pattern: /^\s*export \*/g, instead: 'import from the file that defines it' },
  {
    what: 'the environment',
    pattern: /\bprocess\.env\b/g,
    instead: 'let config.ts parse it and take the value as an argument',
    applies: (path) => isSource(path) && !/^src\/(main[^/]*|config)\.ts$/.test(path),
  },
  {
    what: 'floating point near money',
    pattern: /\bNumber\(|\bparseFloat\(|\bparseInt\(|\bMath\./g,
    instead: 'stay with bigint (kernel/money.ts), or say on the line why it is exact: // exact: …',
    applies: isMoney,
    excuse: /\/\/ exact: \S/,
  },
  {
    what: 'a transaction',
    pattern: /\.transaction\(\)|\binTransaction\(|\bwithMerchant\(/g,
    instead: 'only service.ts, jobs.ts and platform/ open one; take the transaction as a parameter',
    applies: (path) => isSource(path) && !/^src\/(platform|sandbox)\/|(^|[/-])(service|jobs)\.ts$/.test(path),
  },
  {
    what: 'a mark without an issue',
    pattern: /\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d+)/g,
    instead: 'write @TODO(#12) with the number of its issue, or do it',
    isInComment: true,
  },
  {
    what: 'a suppression without a reason',
    pattern: /biome-ignore(?:-\w+)?\s+[\w/]+\s*(?!:\s*\w|[\w/])/g,
    instead: 'say after the colon why the rule does not fit here',
    isInComment: true,
  },
]

export function checkBans(sources: Source[]): string[] {
  return sources.flatMap(({ path, text, code, comments }) =>
    bans
      .filter(({ applies }) => applies?.(path) ?? true)
      .flatMap(({ what, pattern, instead, excuse, isInComment }) =>
        findAll(isInComment ? comments : code, pattern)
          .filter(({ line }) => !excuse?.test(text.split('\n')[line - 1] ?? ''))
          .map(({ line }) => `${path}:${line}: ${what}: ${instead}`),
      ),
  )
}

/** A file is named after what it exports, and exports something of its own. */
export function checkFileNames(sources: Source[]): string[] {
  return sources.flatMap(({ path, code }) => {
    const name = posix.basename(path)
    if (/(^|[.-])(utils?|helpers?)\.ts$/.test(name)) return [`${path}: name it after what it does`]
    if (!/^[a-z0-9]+([.-][a-z0-9]+)*\.ts$/.test(name)) return [`${path}: write file names in kebab-case`]
    const statements = code.split('\n').filter((line) => /^[A-Za-z]/.test(line))
    const isBarrel = statements.length > 0 && statements.every((line) => /^export (type )?[{*](?!\})/.test(line))
    return isBarrel ? [`${path}: only passes on what others define: import from those directly`] : []
  })
}
