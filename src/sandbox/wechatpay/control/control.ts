import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { ApiError, errorBody, statusOf } from '../http/api-error.ts'
import { isFault } from '../http/faults.ts'
import { header, readBody, send } from '../http/message.ts'
import { readParams } from '../http/params.ts'
import type { MerchantOptions } from '../options.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Scheduler } from '../scheduler.ts'
import { withWork } from '../store/work.ts'
import { readBook } from './book.ts'
import {
  complainHappening,
  complaintHappening,
  fundsHappening,
  type Happening,
  notifyHappening,
  payHappening,
  refundHappening,
  transferHappening,
} from './happenings.ts'
import { resetSandbox } from './reset.ts'

type Control = {
  method: 'GET' | 'POST' | 'DELETE'
  pattern: RegExp
  run(sandbox: Sandbox, scheduler: Scheduler, body: unknown, ids: string[]): Promise<object>
}

const faultBody = z.strictObject({
  fault: z.string().refine(isFault, 'unknown fault'),
  count: z.int().min(1).default(1),
  match: z.strictObject({ method: z.string().optional(), path: z.string().optional() }).default({}),
})
const merchantBody = z.strictObject({
  mchid: z.string().regex(/^\d{8,32}$/),
  appids: z.array(z.string().min(1)).min(1),
  apiV3Key: z.string().length(32).optional(),
  certificate: z.strictObject({ serialNo: z.string(), publicKey: z.string() }).optional(),
  mode: z.enum(['public_key', 'certificate', 'both']).optional(),
  feeRate: z.int().min(0).optional(),
  openingBalance: z.int().optional(),
})
const advanceBody = z.strictObject({ ms: z.int().min(0) })

/** What a test or a demo may do to the simulated world. JSON in, JSON out, with the control key. */
const CONTROLS: Control[] = [
  { method: 'GET', pattern: /^book$/, run: readBook },
  { method: 'GET', pattern: /^faults$/, run: async (sandbox) => ({ faults: sandbox.faults.planned() }) },
  {
    method: 'POST',
    pattern: /^faults$/,
    run: async (sandbox, _scheduler, body) => {
      const { fault, count, match } = readParams(faultBody, body, 'body')
      const { method = null, path = null } = match
      await sandbox.faults.plan({ id: 0, fault, remaining: count, method, path })
      return { faults: sandbox.faults.planned() }
    },
  },
  {
    method: 'DELETE',
    pattern: /^faults$/,
    run: async (sandbox) => {
      await sandbox.faults.clear()
      return { faults: [] }
    },
  },
  {
    method: 'POST',
    pattern: /^advance$/,
    run: async (sandbox, scheduler, body) => {
      await sandbox.clock.advance(readParams(advanceBody, body, 'body').ms)
      await scheduler.drain()
      return { now_ms: sandbox.clock.nowMs() }
    },
  },
  {
    method: 'POST',
    pattern: /^reset$/,
    run: async (sandbox) => {
      await resetSandbox(sandbox)
      return { reset: true }
    },
  },
  {
    method: 'POST',
    pattern: /^merchants$/,
    run: async (sandbox, _scheduler, body) => {
      const options = readParams(merchantBody, body, 'body') as MerchantOptions
      const { mchid } = await sandbox.merchants.keep(options)
      return { ...sandbox.merchants.credentials(mchid) }
    },
  },
  { method: 'POST', pattern: /^probes$/, run: probe },
  happening(/^orders\/([^/]+)\/pay$/, payHappening),
  happening(/^orders\/([^/]+)\/notify$/, notifyHappening),
  happening(/^refunds\/([^/]+)\/(succeed|close|abnormal)$/, refundHappening),
  happening(/^transfers\/([^/]+)\/(confirm|fail|cancel)$/, transferHappening),
  happening(/^complaints$/, complainHappening),
  happening(/^complaints\/(\d+)\/(\w+)$/, complaintHappening),
  happening(/^merchants\/(\d+)\/(deposit|withdraw)$/, fundsHappening),
]

export async function handleControl(
  sandbox: Sandbox,
  scheduler: Scheduler,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const reply = (status: number, body: object) =>
    send(response, status, { 'content-type': 'application/json' }, JSON.stringify(body, null, 2))
  try {
    const text = await readBody(request)
    if (header(request, 'authorization') !== `Bearer ${sandbox.settings.controlKey}`) {
      throw new ApiError('SIGN_ERROR', 'The controls take the control key as a bearer token.')
    }
    for (const control of CONTROLS) {
      const match = control.method === request.method ? control.pattern.exec(path) : null
      if (!match) continue
      return reply(200, await control.run(sandbox, scheduler, readJson(text), match.slice(1).map(decodeURIComponent)))
    }
    throw new ApiError('RESOURCE_NOT_EXISTS', `Unknown control: ${request.method} ${path}`)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    reply(statusOf(error), errorBody(error))
  }
}

/** A happening is about the first merchant, unless the body names another. */
function happening(pattern: RegExp, run: Happening): Control {
  return {
    method: 'POST',
    pattern,
    run: (sandbox, _scheduler, body, ids) => {
      const { mchid } = body as { mchid?: unknown }
      const merchant = typeof mchid === 'string' ? sandbox.merchants.find(mchid) : sandbox.merchants.all()[0]
      if (!merchant) throw new ApiError('MCH_NOT_EXISTS', `there is no merchant ${String(mchid)}`)
      return withWork(sandbox, (work) => run(work, merchant.mchid, body, ids))
    },
  }
}

/** Sends the latest notification (of one subject, if named) once more, with a signature that must be refused. */
async function probe(sandbox: Sandbox, scheduler: Scheduler, body: unknown): Promise<object> {
  const { subject } = readParams(z.strictObject({ subject: z.string().optional() }), body, 'body')
  const { rows } = await sandbox.pool.query<{ id: string }>(
    'select id from sandbox_wechatpay.notification where subject = coalesce($1, subject) order by seq desc limit 1',
    [subject ?? null],
  )
  if (!rows[0])
    throw new ApiError('RESOURCE_NOT_EXISTS', 'nothing was ever told of it, so there is nothing to probe with')
  await sandbox.pool.query(
    'insert into sandbox_wechatpay.delivery (notification_id, is_probe, due_ms) values ($1, true, $2)',
    [rows[0].id, sandbox.clock.nowMs()],
  )
  await scheduler.drain()
  const { probes } = (await readBook(sandbox)) as { probes: object }
  return probes
}

function readJson(text: string): unknown {
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value
  } catch {
    // Falls through to the one complaint.
  }
  throw new ApiError('PARAM_ERROR', 'The body must be a JSON object.')
}
