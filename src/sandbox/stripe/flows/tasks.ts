import { ApiError } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import { type TaskName, type Work, withWork } from '../store/work.ts'
import { expireHold } from './capture.ts'
import { bookLate } from './charge-booking.ts'
import { expireSession } from './checkout.ts'
import { decideDispute, endInquiry, expireDispute, openDispute } from './dispute.ts'
import { payPayout } from './payout.ts'
import { failRefund, settleRefund } from './refund.ts'
import { settleIntent } from './settlement.ts'

/** What happens at Stripe by itself, later. Each may find its subject moved on, and then does nothing. */
const TASKS: Record<TaskName, (work: Work, subject: string) => Promise<unknown>> = {
  'intent.settle': (work, id) => settleIntent(work, id, true),
  'intent.decline': (work, id) => settleIntent(work, id, false),
  'intent.expire': async (work, id) => {
    const intent = await work.lock('payment_intent', id)
    await expireHold(work, intent)
  },
  'charge.book': bookLate,
  'refund.settle': settleRefund,
  'refund.fail': failRefund,
  'dispute.open': openDispute,
  'dispute.decide': decideDispute,
  'dispute.expire': expireDispute,
  'dispute.refunded': endInquiry,
  'payout.pay': payPayout,
  'session.expire': async (work, id) => {
    const session = await work.lock('checkout.session', id)
    if (session.doc.status === 'open') await expireSession(work, session)
  },
}

const RETRY_MS = 5000

export async function runTask(sandbox: Sandbox, task: { id: string; name: TaskName; subject: string }): Promise<void> {
  try {
    await withWork(sandbox, { requestId: null, idempotencyKey: null }, async (work) => {
      // Deleting first takes the lock on the task: a second process waits here and then deletes nothing.
      const isOurs = await work.claimTask(task.id)
      if (isOurs) await TASKS[task.name](work, task.subject)
    })
  } catch (error) {
    sandbox.log({ msg: 'task failed', task, error: error instanceof Error ? error.stack : String(error) })
    // A refusal would be repeated for ever; anything else may pass, and must not hold up the tasks behind it.
    const isRefused = error instanceof ApiError
    await sandbox.pool.query(
      isRefused
        ? 'delete from sandbox_stripe.task where id = $1'
        : `update sandbox_stripe.task set due_ms = due_ms + ${RETRY_MS} where id = $1`,
      [task.id],
    )
  }
}
