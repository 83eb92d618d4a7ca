import { posix } from 'node:path'
import { slices, zoneOf } from './layers.ts'
import type { Import, Source } from './source.ts'

/** `./` within a folder, `#` across folders. A simulator is a world of its own and may use `../` as long as it stays inside. */
export function checkImportStyle(sources: Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ specifier, line, target, isUrl }) => {
      if (target === undefined || isUrl) return []
      const complaint = complainOfStyle(path, specifier, target)
      return complaint === undefined ? [] : [`${path}:${line}: imports ${specifier}: ${complaint}`]
    }),
  )
}

function complainOfStyle(path: string, specifier: string, target: string): string | undefined {
  const isInside = posix.dirname(target) === posix.dirname(path)
  if (specifier.startsWith('#') && isInside) return `write ./${posix.basename(target)}`
  if (!specifier.startsWith('../')) return undefined
  if (zoneOf(path).kind === 'simulator' && zoneOf(target).name === zoneOf(path).name) return undefined
  return target.startsWith('src/') ? `write #${target.slice('src/'.length)}` : 'it leaves src/'
}

const impureNames = /(^|-)(routes|service|repo|jobs|schemas)\.ts$/
const impureCalls = /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bprocess\.\w+|\bcrypto\.random\w+|\bfetch\(/g

/** In a slice everything but the reserved names is pure; the kernel knows nobody. */
export function checkPurity(sources: Source[]): string[] {
  return sources.flatMap((source) => {
    if (source.path.startsWith('src/kernel/')) return checkKernel(source)
    return isPure(source) ? [...checkPureImports(source, sources), ...checkPureCalls(source)] : []
  })
}

function isPure(source: Source): boolean {
  return isInSlice(source.path) && !impureNames.test(posix.basename(source.path)) && !holdsOnlyTypes(source)
}

function isInSlice(path: string): boolean {
  return slices.some((slice) => path.startsWith(`src/${slice}/`))
}

/** Types are gone before anything runs, so a file of nothing else (the parameters of a service, say) may name whatever it likes. */
function holdsOnlyTypes({ code, imports }: Source): boolean {
  const statements = code.split('\n').filter((line) => /^[A-Za-z]/.test(line))
  return (
    imports.every(({ isTypeOnly }) => isTypeOnly) &&
    statements.every((line) => /^((export )?(type|interface)\b|import (type\b|\{))/.test(line))
  )
}

function checkPureImports({ path, imports }: Source, sources: Source[]): string[] {
  return imports
    .filter((found) => !mayPureImport(found, sources) && !mayFormatImport(path, found))
    .map(
      ({ line, specifier }) =>
        `${path}:${line}: imports ${specifier}, but it is pure: only kernel/ and pure files of slices, and types of a port, of tables.ts or of zod. ` +
        'What does I/O goes into (…-)routes, service, repo, jobs or schemas.ts',
    )
}

function mayPureImport({ specifier, target, isTypeOnly }: Import, sources: Source[]): boolean {
  if (target === undefined) return specifier === 'zod' && isTypeOnly
  if (target.startsWith('src/kernel/')) return true
  if (isTypeOnly && (isPort(target) || isRowShape(target))) return true
  if (!isInSlice(target)) return false
  const found = sources.find(({ path }) => path === target)
  return isTypeOnly || found === undefined || isPure(found) || holdsOnlyTypes(found)
}

/** A file format is computing too, with packages that do nothing else. */
function mayFormatImport(path: string, { specifier }: Import): boolean {
  return (
    path.startsWith('src/exports/formats/') &&
    /^(hyparquet-writer|iconv-lite|yazl|node:(buffer|zlib|stream(\/promises)?))$/.test(specifier)
  )
}

function isPort(path: string): boolean {
  return /^src\/(providers|channels)\/[^/]+$/.test(path)
}

function isRowShape(path: string): boolean {
  return path.startsWith('src/platform/tables')
}

function checkPureCalls({ path, code }: Source): string[] {
  return findAll(code, impureCalls).map(
    ({ line, found }) =>
      `${path}:${line}: ${found.trim()} in a pure file: take the time, the id or the setting as an argument`,
  )
}

function checkKernel({ path, imports }: Source): string[] {
  return imports
    .filter(({ target, specifier }) =>
      target === undefined ? specifier !== 'node:crypto' : !target.startsWith('src/kernel/'),
    )
    .map(
      ({ line, specifier }) => `${path}:${line}: imports ${specifier}, but the kernel imports nothing but node:crypto`,
    )
}

export function findAll(text: string, pattern: RegExp): { line: number; found: string }[] {
  return text
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(pattern)].map(([found]) => ({ line: index + 1, found })))
}
