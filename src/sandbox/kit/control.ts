import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Faults } from './faults.ts'
import { readBody, send } from './message.ts'
import type { Scheduler } from './scheduler.ts'
import type { World } from './world.ts'

export type Body = Record<string, unknown>

/** `/_sandbox/<path>`: what a test or a demo may do to the simulated world. JSON in, JSON out. */
export type Control<S> = {
  method: 'GET' | 'POST' | 'DELETE'
  /** Of what follows `/_sandbox/`. */
  pattern: RegExp
  run(sandbox: S, scheduler: Scheduler, body: Body, ids: string[]): Promise<object>
}

/** The controls of one provider, and how it says no. */
export type Controls<S> = {
  controls: readonly Control<S>[]
  /** Makes the world new. */
  reset(sandbox: S): Promise<void>
  /** Throws unless the request proves that it may. */
  authorize(sandbox: S, request: IncomingMessage): void
  /** What to throw at something wrong, or at something that is not there. */
  invalid(sentence: string): Error
  missing(sentence: string): Error
  /** A refusal as the provider writes it; null: a failure of ours. */
  answer(error: unknown): { status: number; body: object } | null
}

export function createControlHandle<S extends World & { faults: Faults<string> }>(provider: Controls<S>) {
  const controls = [...worldControls(provider), ...provider.controls]
  const run = async (sandbox: S, scheduler: Scheduler, request: IncomingMessage): Promise<object> => {
    const text = await readBody(request)
    provider.authorize(sandbox, request)
    const { method, url = '' } = request
    const path = url.split('?', 1).join('').replace('/_sandbox/', '')
    for (const control of controls) {
      const match = control.method === method ? control.pattern.exec(path) : null
      if (!match) continue
      return control.run(sandbox, scheduler, readJson(text, provider.invalid), match.slice(1).map(decodeURIComponent))
    }
    throw provider.missing(`Unknown control: ${method} ${path}`)
  }
  return async (sandbox: S, scheduler: Scheduler, request: IncomingMessage, response: ServerResponse) => {
    const { status, body } = await run(sandbox, scheduler, request).then(
      (done) => ({ status: 200, body: done }),
      (error: unknown) => {
        const answer = provider.answer(error)
        if (!answer) throw error
        return answer
      },
    )
    send(response, status, { 'content-type': 'application/json' }, JSON.stringify(body, null, 2))
  }
}

/** What can be done to every simulated world. */
function worldControls<S extends World & { faults: Faults<string> }>({ invalid, reset }: Controls<S>): Control<S>[] {
  return [
    { method: 'GET', pattern: /^faults$/, run: async ({ faults }) => ({ faults: faults.planned() }) },
    {
      method: 'POST',
      pattern: /^faults$/,
      run: async ({ faults }, _scheduler, { fault, count = 1, match }) => {
        const { method = null, path = null } = (match ?? {}) as { method?: string | null; path?: string | null }
        if (typeof fault !== 'string' || !faults.isKnown(fault)) throw invalid(`Unknown fault: ${String(fault)}`)
        if (!isWhole(count) || count < 1) throw invalid('`count` must be a whole number, 1 or more.')
        await faults.plan({ fault, remaining: count, method, path })
        return { faults: faults.planned() }
      },
    },
    {
      method: 'DELETE',
      pattern: /^faults$/,
      run: async ({ faults }) => {
        await faults.clear()
        return { faults: [] }
      },
    },
    {
      method: 'POST',
      pattern: /^advance$/,
      run: async ({ clock }, scheduler, { ms }) => {
        if (!isWhole(ms) || ms < 0) throw invalid('`ms` must be a whole number, 0 or more.')
        await clock.advance(ms)
        await scheduler.drain()
        return { now_ms: clock.nowMs() }
      },
    },
    {
      method: 'POST',
      pattern: /^reset$/,
      run: async (sandbox) => {
        await reset(sandbox)
        return { reset: true }
      },
    },
  ]
}

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)

function readJson(text: string, invalid: (sentence: string) => Error): Body {
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Body
  } catch {
    // Falls through to the one complaint.
  }
  throw invalid('The body must be a JSON object.')
}
