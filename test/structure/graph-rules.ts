import type { Source } from './source.ts'

/** Imports of types alone are gone at run time and close no circle. */
export function checkCycles(sources: Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const problems: string[] = []
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0)
      problems.push(`${[...trail.slice(start), path].join(' → ')}: a circle. Move what both need into a third file`)
    if (start >= 0 || done.has(path)) return
    const next = byPath.get(path)?.imports.filter(({ isTypeOnly }) => !isTypeOnly) ?? []
    for (const { target } of next) if (target !== undefined) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return problems
}

/** Every file is reached from an entry, be it for a type. */
export function checkReachable(sources: Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const waiting = sources.map(({ path }) => path).filter((path) => /^src\/main[^/]*\.ts$/.test(path))
  if (waiting.length === 0) return ['there is no entry src/main*.ts, so nothing is ever run']
  const reached = new Set<string>()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const { target } of byPath.get(path)?.imports ?? []) if (target !== undefined) waiting.push(target)
  }
  return sources
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => `${path}: no src/main*.ts leads to it. Use it or delete it`)
}
