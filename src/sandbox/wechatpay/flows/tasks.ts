import type { TaskRunner } from '#sandbox/kit/tasks.ts'
import { ApiError } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import { type TaskName, type Work, withWork } from '../store/work.ts'
import { expireOrder } from './order.ts'
import { settleRefund } from './refund.ts'
import { endCancel, expireTransfer } from './transfer.ts'

/** What happens at WeChat Pay by itself, later. Each may find its subject moved on, and then does nothing. */
const TASKS: Record<TaskName, (work: Work, subject: string) => Promise<void>> = {
  'order.expire': expireOrder,
  'refund.settle': settleRefund,
  'transfer.cancel': endCancel,
  'transfer.expire': expireTransfer,
}

export function createTasks(sandbox: Sandbox): TaskRunner {
  return {
    run: (task) =>
      withWork(sandbox, async (work) => {
        // Deleting first takes the lock on the task: a second process waits here and then deletes nothing.
        const isOurs = await work.claimTask(task.id)
        if (isOurs) await TASKS[task.name as TaskName](work, task.subject)
      }),
    isRefusal: (error) => error instanceof ApiError,
  }
}
