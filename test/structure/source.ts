import { posix } from 'node:path'

export type Import = {
  specifier: string
  line: number
  isTypeOnly: boolean
  /** A file named by `new URL(…, import.meta.url)`: served, read or run instead of imported. */
  isUrl: boolean
  target: string | undefined
}

export type Source = {
  path: string
  text: string
  /** The text with comments and the inside of strings blanked out, line by line as long as before. */
  code: string
  comments: string
  imports: Import[]
}

export function readSource(path: string, text: string): Source {
  const { code, comments, uncommented } = separate(text)
  return { path, text, code, comments, imports: findImports(path, uncommented, code) }
}

const statements = [
  /\b(?:import|export)\s+(type\s+)?([\w$*{}\s,]+?)\s+from\s*(?=['"])/g,
  /\bimport\s*(?=['"])/g,
  /\bimport\s*\(\s*(?=['"])/g,
  /\bnew URL\(\s*(?=['"]\.[^)]*import\.meta\.url)/g,
]

function findImports(path: string, text: string, code: string): Import[] {
  return statements.flatMap((statement) =>
    [...text.matchAll(statement)].flatMap((match) => {
      const start = match.index
      const quote = start + match[0].length
      // Told by the blanked text: what stands in a string is no import.
      if (code.slice(start, start + 6) !== text.slice(start, start + 6) || code[quote] !== text[quote]) return []
      const specifier = text.slice(quote + 1, text.indexOf(text[quote] ?? '', quote + 1))
      const isTypeOnly = match[1] !== undefined || namesOnlyTypes(match[2])
      const isUrl = match[0].startsWith('new')
      return [{ specifier, line: lineOf(text, start), isTypeOnly, isUrl, target: resolve(path, specifier) }]
    }),
  )
}

function namesOnlyTypes(clause: string | undefined): boolean {
  const named = clause
    ?.match(/^\{([^}]*)\}$/)?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '')
  return named?.every((name) => /^\s*type\s/.test(name)) ?? false
}

function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

type Kind = 'code' | 'comment' | 'string'

/** A lexer of just enough: comments, strings, templates with code inside them, and regular expressions. */
function separate(text: string) {
  const kinds = new Array<Kind>(text.length).fill('code')
  const mark = (from: number, to: number, kind: Kind) => kinds.fill(kind, from, to)
  const templates: number[] = []
  let braces = 0
  let at = 0
  while (at < text.length) {
    const end = tokenEnd(text, at)
    const char = text[at]
    if (text.startsWith('//', at) || text.startsWith('/*', at)) mark(at, end, 'comment')
    else if (end > at + 1) mark(at + 1, end - 1, 'string')
    else if (char === '{') braces += 1
    else if (char === '}' && templates.at(-1) === braces) {
      templates.pop()
      at = templatePart(text, at, mark, () => templates.push(braces))
      continue
    } else if (char === '}') braces -= 1
    else if (char === '`') {
      at = templatePart(text, at, mark, () => templates.push(braces))
      continue
    }
    at = end
  }
  const only = (...kept: Kind[]) =>
    text.replaceAll(/[^\n]/g, (char, index: number) => (kept.includes(kinds[index] ?? 'code') ? char : ' '))
  return { code: only('code'), comments: only('comment'), uncommented: only('code', 'string') }
}

/** From a backtick, or the brace that ends a `${…}`, to the next of either; returns where code goes on. */
function templatePart(
  text: string,
  at: number,
  mark: (from: number, to: number, kind: Kind) => void,
  open: () => void,
) {
  let end = at + 1
  while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1
  mark(at + 1, end, 'string')
  if (text[end] === '`') return end + 1
  open()
  return end + 2
}

function tokenEnd(text: string, at: number): number {
  const rest = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0].length ?? 1
  }
  if (text.startsWith('//', at)) return at + rest(/\/\/[^\n]*/y)
  if (text.startsWith('/*', at)) return at + rest(/\/\*[\s\S]*?\*\//y)
  if (text[at] === "'") return at + rest(/'(?:\\[\s\S]|[^'\\\n])*'/y)
  if (text[at] === '"') return at + rest(/"(?:\\[\s\S]|[^"\\\n])*"/y)
  if (text[at] === '/' && startsRegex(text, at)) return at + rest(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y)
  return at + 1
}

/** After a value a slash divides; anywhere else it begins a regular expression. */
function startsRegex(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd()
  return /(^|[(,=:[!&|?{};+\-*%~^<>]|\b(return|typeof|case|of|in|await|yield|void))$/.test(before)
}
