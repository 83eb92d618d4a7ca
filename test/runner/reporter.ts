import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

/** What the runner wants to know, one line of JSON each, as it happens. */
export type Note =
  | { kind: 'running' | 'done'; name: string }
  | { kind: 'passed'; name: string }
  | { kind: 'skipped'; name: string; reason: string }
  | { kind: 'failed'; name: string; detail: string }
  | { kind: 'end' }

/** Node looks for a reporter in the default export. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const parents: string[] = []
  for await (const event of source) {
    if (event.type === 'test:start') parents[event.data.nesting] = event.data.name
    const note = toNote(event, parents)
    if (note) yield `${JSON.stringify(note)}\n`
  }
}

function toNote(event: TestEvent, parents: string[]): Note | undefined {
  switch (event.type) {
    case 'test:dequeue':
      return { kind: 'running', name: event.data.name }
    case 'test:complete':
      return { kind: 'done', name: event.data.name }
    case 'test:summary':
      return { kind: 'end' }
    case 'test:pass':
    case 'test:fail':
      return toResult(event, [...parents.slice(0, event.data.nesting), event.data.name].join(' › '))
    default:
      return undefined
  }
}

function toResult({ type, data }: Result, name: string): Note | undefined {
  if (data.skip !== undefined) return { kind: 'skipped', name, reason: reason(data.skip, 'skipped') }
  if (data.todo !== undefined) return { kind: 'skipped', name, reason: reason(data.todo, 'to do') }
  const isSuite = data.details.type === 'suite'
  if (type === 'test:pass') return isSuite ? undefined : { kind: 'passed', name }
  const error = data.details.error as (Error & { failureType?: string }) | undefined
  // A suite fails because its tests do; on its own it fails only in a hook.
  if (isSuite && error?.failureType === 'subtestsFailed') return undefined
  return { kind: 'failed', name, detail: describe(error) }
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
