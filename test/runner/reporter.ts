import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'
import type { News, Note } from './notes.ts'

/** Node looks for a reporter in the default export. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  // Of several files in one process each is a suite (one-after-another.ts).
  const depth = process.argv[1]?.endsWith('one-after-another.ts') ? 1 : 0
  const parents: string[] = []
  let file = ''
  for await (const event of source) {
    if (depth === 1 && event.type === 'test:dequeue' && event.data.nesting === 0) file = event.data.name
    if (event.type === 'test:start') parents[event.data.nesting] = event.data.name
    for (const news of toNews(event, parents, depth))
      yield `${JSON.stringify({ file, atMs: performance.now(), ...news } satisfies Note)}\n`
  }
}

function toNews(event: TestEvent, parents: string[], depth: number): News[] {
  switch (event.type) {
    case 'test:dequeue':
      return event.data.nesting < depth ? [] : [{ kind: 'running', name: event.data.name }]
    case 'test:complete':
      return event.data.nesting < depth ? [] : [{ kind: 'done', name: event.data.name }]
    case 'test:summary':
      return depth === 0 ? [{ kind: 'end' }] : []
    case 'test:pass':
    case 'test:fail': {
      if (event.data.nesting < depth) return [...toResult(event, '(the file itself)'), { kind: 'end' }]
      return toResult(event, [...parents.slice(depth, event.data.nesting), event.data.name].join(' › '))
    }
    default:
      return []
  }
}

function toResult({ type, data }: Result, name: string): News[] {
  if (data.skip !== undefined) return [{ kind: 'skipped', name, reason: reason(data.skip, 'skipped') }]
  if (data.todo !== undefined) return [{ kind: 'skipped', name, reason: reason(data.todo, 'to do') }]
  const isSuite = data.details.type === 'suite'
  if (type === 'test:pass') return isSuite ? [] : [{ kind: 'passed', name }]
  const error = data.details.error as (Error & { failureType?: string }) | undefined
  // A suite fails because its tests do; on its own it fails only in a hook.
  if (isSuite && error?.failureType === 'subtestsFailed') return []
  return [{ kind: 'failed', name, detail: describe(error) }]
}

function describe(error: Error | undefined): string {
  const cause = error?.cause ?? error
  const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 4, colors: false })
  return text.split('\n').filter(isOfInterest).join('\n')
}

function isOfInterest(line: string): boolean {
  return !/^\s+at .*(node:internal|node_modules)/.test(line)
}

function reason(given: string | boolean, otherwise: string): string {
  return typeof given === 'string' && given !== '' ? given : otherwise
}

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>
