import type { IncomingMessage, ServerResponse } from 'node:http'
import { settleIntent } from '../flows/settlement.ts'
import { ApiError, errorBody, invalidRequest, resourceMissing } from '../http/api-error.ts'
import { checkAuthorization } from '../http/auth.ts'
import { isFault } from '../http/faults.ts'
import { readBody, send } from '../http/message.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Scheduler } from '../scheduler.ts'
import { withWork } from '../store/work.ts'
import { readBook } from './book.ts'
import { changeDispute, openDisputeOf } from './disputes.ts'
import { moneyControls } from './money-controls.ts'
import { resetSandbox } from './reset.ts'

type Body = Record<string, unknown>
type Control = {
  method: 'GET' | 'POST' | 'DELETE'
  pattern: RegExp
  run(sandbox: Sandbox, scheduler: Scheduler, body: Body, ids: string[]): Promise<object>
}

const NOBODY = { requestId: null, idempotencyKey: null }

/** What a test or a demo may do to the simulated world. JSON in, JSON out, with the secret key. */
const CONTROLS: Control[] = [
  { method: 'GET', pattern: /^\/_sandbox\/book$/, run: (sandbox) => readBook(sandbox.pool) },
  { method: 'GET', pattern: /^\/_sandbox\/faults$/, run: async (sandbox) => ({ faults: sandbox.faults.planned() }) },
  { method: 'POST', pattern: /^\/_sandbox\/faults$/, run: (sandbox, _scheduler, body) => planFault(sandbox, body) },
  {
    method: 'DELETE',
    pattern: /^\/_sandbox\/faults$/,
    run: async (sandbox) => {
      await sandbox.faults.clear()
      return { faults: [] }
    },
  },
  {
    method: 'POST',
    pattern: /^\/_sandbox\/advance$/,
    run: async (sandbox, scheduler, { ms }) => {
      if (typeof ms !== 'number' || !Number.isSafeInteger(ms) || ms < 0)
        throw invalidRequest('`ms` must be a whole number, 0 or more.')
      await sandbox.clock.advance(ms)
      await scheduler.drain()
      return { now_ms: sandbox.clock.nowMs() }
    },
  },
  {
    method: 'POST',
    pattern: /^\/_sandbox\/async\/(\w+)\/(succeed|fail)$/,
    run: async (sandbox, _scheduler, _body, [id = '', verdict]) =>
      withWork(sandbox, NOBODY, async (work) => (await settleIntent(work, id, verdict === 'succeed')).doc),
  },
  {
    method: 'POST',
    pattern: /^\/_sandbox\/events\/(\w+)\/resend$/,
    run: (sandbox, _scheduler, _body, [id = '']) => resend(sandbox, id),
  },
  ...moneyControls,
  {
    method: 'POST',
    pattern: /^\/_sandbox\/disputes$/,
    run: (sandbox, _scheduler, body) => openDisputeOf(sandbox, body),
  },
  {
    method: 'POST',
    pattern: /^\/_sandbox\/disputes\/(\w+)\/(win|lose|reopen)$/,
    run: (sandbox, _scheduler, _body, [id = '', what = '']) => changeDispute(sandbox, id, what),
  },
  {
    method: 'POST',
    pattern: /^\/_sandbox\/reset$/,
    run: async (sandbox) => {
      await resetSandbox(sandbox)
      return { reset: true }
    },
  },
]

export async function handleControl(
  sandbox: Sandbox,
  scheduler: Scheduler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1)
  const reply = (status: number, body: object) =>
    send(response, status, { 'content-type': 'application/json' }, JSON.stringify(body, null, 2))
  try {
    const text = await readBody(request)
    checkAuthorization(request, sandbox.settings.secretKey)
    for (const control of CONTROLS) {
      const match = control.method === request.method ? control.pattern.exec(path) : null
      if (match) return reply(200, await control.run(sandbox, scheduler, readJson(text), match.slice(1)))
    }
    throw new ApiError(404, { type: 'invalid_request_error', message: `Unknown control: ${request.method} ${path}` })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    reply(error.status, errorBody(error, ''))
  }
}

async function planFault(sandbox: Sandbox, body: Body): Promise<object> {
  const { fault, count = 1, match } = body
  const { method = null, path = null } = (match ?? {}) as { method?: string | null; path?: string | null }
  if (typeof fault !== 'string' || !isFault(fault)) throw invalidRequest(`Unknown fault: ${String(fault)}`)
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    throw invalidRequest('`count` must be a whole number, 1 or more.')
  await sandbox.faults.plan({ id: 0, fault, remaining: count, method, path })
  return { faults: sandbox.faults.planned() }
}

async function resend(sandbox: Sandbox, eventId: string): Promise<object> {
  const { rows } = await sandbox.pool.query<{ type: string; account: string }>(
    `select doc->>'type' as type, account from sandbox_stripe.object where id = $1 and kind = 'event'`,
    [eventId],
  )
  if (!rows[0]) throw resourceMissing('event', eventId, 'id')
  const endpoints = sandbox.endpoints.matching(rows[0].type, rows[0].account)
  await sandbox.pool.query(
    'insert into sandbox_stripe.delivery (event_id, endpoint_id, due_ms) select $1, id, $3 from unnest($2::text[]) as id',
    [eventId, endpoints.map(({ id }) => id), sandbox.clock.nowMs()],
  )
  sandbox.wake()
  return { resent: eventId, endpoints: endpoints.length }
}

function readJson(text: string): Body {
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Body
  } catch {
    // Falls through to the one complaint.
  }
  throw invalidRequest('The body must be a JSON object.')
}
