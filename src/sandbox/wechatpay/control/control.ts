import { z } from 'zod'
import { type Control, createControlHandle } from '#sandbox/kit/control.ts'
import { header } from '#sandbox/kit/message.ts'
import type { Scheduler } from '#sandbox/kit/scheduler.ts'
import { ApiError, errorBody, statusOf } from '../http/api-error.ts'
import { readParams } from '../http/params.ts'
import type { MerchantOptions } from '../options.ts'
import type { Sandbox } from '../sandbox.ts'
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

const merchantBody = z.strictObject({
  mchid: z.string().regex(/^\d{8,32}$/),
  appids: z.array(z.string().min(1)).min(1),
  apiV3Key: z.string().length(32).optional(),
  certificate: z.strictObject({ serialNo: z.string(), publicKey: z.string() }).optional(),
  mode: z.enum(['public_key', 'certificate', 'both']).optional(),
  feeRate: z.int().min(0).optional(),
  openingBalance: z.int().optional(),
})

/** What a test or a demo may do to the simulated world, with the control key. */
export const handleControl = createControlHandle<Sandbox>({
  reset: resetSandbox,
  authorize({ settings }, request) {
    if (header(request, 'authorization') === `Bearer ${settings.controlKey}`) return
    throw new ApiError('SIGN_ERROR', 'The controls take the control key as a bearer token.')
  },
  invalid: (message) => new ApiError('PARAM_ERROR', message),
  missing: (message) => new ApiError('RESOURCE_NOT_EXISTS', message),
  answer: (error) => (error instanceof ApiError ? { status: statusOf(error), body: errorBody(error) } : null),
  controls: [
    { method: 'GET', pattern: /^book$/, run: readBook },
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
  ],
})

/** A happening is about the first merchant, unless the body names another. */
function happening(pattern: RegExp, run: Happening): Control<Sandbox> {
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
