import { createControlHandle } from '#sandbox/kit/control.ts'
import { settleIntent } from '../flows/settlement.ts'
import { ApiError, errorBody, invalidRequest, resourceMissing } from '../http/api-error.ts'
import { checkAuthorization } from '../http/auth.ts'
import type { Sandbox } from '../sandbox.ts'
import { withWork } from '../store/work.ts'
import { readBook } from './book.ts'
import { changeDispute, openDisputeOf } from './disputes.ts'
import { replaceCard } from './methods.ts'
import { moneyControls } from './money-controls.ts'
import { resetSandbox } from './reset.ts'

const NOBODY = { requestId: null, idempotencyKey: null }

/** What a test or a demo may do to the simulated world, with the secret key. */
export const handleControl = createControlHandle<Sandbox>({
  reset: resetSandbox,
  authorize: ({ settings }, request) => checkAuthorization(request, settings.secretKey),
  invalid: (message) => invalidRequest(message),
  missing: (message) => new ApiError(404, { type: 'invalid_request_error', message }),
  answer: (error) => (error instanceof ApiError ? { status: error.status, body: errorBody(error, '') } : null),
  controls: [
    { method: 'GET', pattern: /^book$/, run: (sandbox) => readBook(sandbox.pool) },
    {
      method: 'POST',
      pattern: /^async\/(\w+)\/(succeed|fail)$/,
      run: async (sandbox, _scheduler, _body, [id = '', verdict]) =>
        withWork(sandbox, NOBODY, async (work) => (await settleIntent(work, id, verdict === 'succeed')).doc),
    },
    {
      method: 'POST',
      pattern: /^events\/(\w+)\/resend$/,
      run: (sandbox, _scheduler, _body, [id = '']) => resend(sandbox, id),
    },
    ...moneyControls,
    {
      method: 'POST',
      pattern: /^disputes$/,
      run: (sandbox, _scheduler, body) => openDisputeOf(sandbox, body),
    },
    {
      method: 'POST',
      pattern: /^disputes\/(\w+)\/(win|lose|reopen)$/,
      run: (sandbox, _scheduler, _body, [id = '', what = '']) => changeDispute(sandbox, id, what),
    },
    {
      method: 'POST',
      pattern: /^payment_methods\/(\w+)\/replace$/,
      run: (sandbox, _scheduler, body, [id = '']) => replaceCard(sandbox, id, body),
    },
  ],
})

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
