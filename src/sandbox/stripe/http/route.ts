import type { Work } from '../store/work.ts'
import { list, type Parsed, type Shape, text } from './params.ts'

export type Method = 'GET' | 'POST' | 'DELETE'
export type PathIds = { id: string; sub: string }

/** One endpoint: what it takes, and what it does inside one unit of work. Answers the object, not yet expanded. */
export type Route = {
  method: Method
  pattern: RegExp
  shape: Shape
  /** Takes multipart/form-data. */
  isUpload?: boolean
  run(work: Work, params: Parsed<Shape>, path: PathIds): Promise<object>
}

export function route<S extends Shape>(
  method: Method,
  path: string,
  shape: S,
  run: (work: Work, params: Parsed<S>, path: PathIds) => Promise<object>,
): Route {
  return {
    method,
    pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
    shape: { ...shape, expand: list(text()) },
    run: run as Route['run'],
  }
}

export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; path: PathIds } | null {
  for (const candidate of routes) {
    if (candidate.method !== method) continue
    const match = candidate.pattern.exec(path)
    if (match) return { route: candidate, path: { id: match.groups?.id ?? '', sub: match.groups?.sub ?? '' } }
  }
  return null
}
