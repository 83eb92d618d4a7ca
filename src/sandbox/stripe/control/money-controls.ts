import { type Adjustment, bookAdjustment } from '../flows/balance.ts'
import { failPayout, sendPayout } from '../flows/payout.ts'
import { invalidRequest } from '../http/api-error.ts'
import { checkCurrency } from '../rules/currencies.ts'
import type { Sandbox } from '../sandbox.ts'
import { withWork } from '../store/work.ts'
import { payOutAll } from './pay-out-all.ts'

type Body = Record<string, unknown>

const NOBODY = { requestId: null, idempotencyKey: null }
const ADJUSTMENTS = ['reserve', 'fee', 'other'] as const satisfies readonly Adjustment['kind'][]

/** What happens to the balance at Stripe without anybody asking for it. */
export const moneyControls = [
  {
    method: 'POST' as const,
    pattern: /^payouts$/,
    run: (sandbox: Sandbox, _scheduler: unknown, { currency }: Body) => payOutAll(sandbox, String(currency)),
  },
  {
    method: 'POST' as const,
    pattern: /^payouts\/(\w+)\/(send|fail)$/,
    run: (sandbox: Sandbox, _scheduler: unknown, _body: Body, [id = '', verb]: string[]) =>
      withWork(sandbox, NOBODY, async (work) => (await (verb === 'send' ? sendPayout : failPayout)(work, id)).doc),
  },
  {
    method: 'POST' as const,
    pattern: /^adjustments$/,
    run: (sandbox: Sandbox, _scheduler: unknown, body: Body) => adjust(sandbox, body),
  },
]

/** `amount` is what the balance changes by, as long as it is whole and not zero. */
async function adjust(sandbox: Sandbox, { kind, amount, currency }: Body): Promise<object> {
  const found = ADJUSTMENTS.find((one) => one === kind)
  if (found === undefined) throw invalidRequest(`\`kind\` must be one of ${ADJUSTMENTS.join(', ')}.`)
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount === 0)
    throw invalidRequest('`amount` must be a whole number, not 0.')
  const code = checkCurrency(String(currency))
  return withWork(sandbox, NOBODY, async (work) => bookAdjustment(work, { kind: found, amount, currency: code }))
}
