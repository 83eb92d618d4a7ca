import { ApiError } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import { type TaskName, type Work, withWork } from '../store/work.ts'
import { cancelIntent } from './capture.ts'
import { expireSession } from './checkout.ts'
import { decideDispute, openDispute } from './dispute.ts'
import { payPayout } from './payout.ts'
import { failRefund, settleRefund } from './refund.ts'
import { settleIntent } from './settlement.ts'

/** What happens at Stripe by itself, later. Each may find its subject moved on, and then does nothing. */
const TASKS: Record<TaskName, (work: Work, subject: string) => Promise<unknown>> = {
  'intent.settle': (work, id) => settleIntent(work, id, true),
  'intent.decline': (work, id) => settleIntent(work, id, false),
  'intent.expire': async (work, id) => {
    const intent = await work.lock('payment_intent', id)
    if (intent.doc.status === 'requires_capture') await cancelIntent(work, intent, 'automatic')
  },
  'refund.settle': settleRefund,
  'refund.fail': failRefund,
  'dispute.open': openDispute,
  'dispute.decide': decideDispute,
  'payout.pay': payPayout,
  'session.expire': async (work, id) => {
    const session = await work.lock('checkout.session', id)
    if (session.doc.status === 'open') await expireSession(work, session)
  },
}

export async function runTask(sandbox: Sandbox, task: { id: string; name: TaskName; subject: string }): Promise<void> {
  try {
    await withWork(sandbox, { requestId: null, idempotencyKey: null }, async (work) => {
      // Deleting first takes the lock on the task: a second process waits here and then deletes nothing.
      const isOurs = await work.claimTask(task.id)
      if (isOurs) await TASKS[task.name](work, task.subject)
    })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // A task that is refused would be refused for ever.
    sandbox.log({ msg: 'task refused', task, error: error.message })
    await sandbox.pool.query('delete from sandbox_stripe.task where id = $1', [task.id])
  }
}
