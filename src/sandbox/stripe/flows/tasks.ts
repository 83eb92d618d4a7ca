import type { TaskRunner } from '#sandbox/kit/tasks.ts'
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

export function createTasks(sandbox: Sandbox): TaskRunner {
  return {
    run: (task) =>
      withWork(sandbox, { requestId: null, idempotencyKey: null }, async (work) => {
        // Deleting first takes the lock on the task: a second process waits here and then deletes nothing.
        const isOurs = await work.claimTask(task.id)
        if (isOurs) await TASKS[task.name as TaskName](work, task.subject)
      }),
    isRefusal: (error) => error instanceof ApiError,
  }
}
