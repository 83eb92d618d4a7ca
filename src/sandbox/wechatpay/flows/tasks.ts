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

const RETRY_MS = 5000

export async function runTask(sandbox: Sandbox, task: { id: string; name: TaskName; subject: string }): Promise<void> {
  try {
    await withWork(sandbox, async (work) => {
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
        ? 'delete from sandbox_wechatpay.task where id = $1'
        : `update sandbox_wechatpay.task set due_ms = due_ms + ${RETRY_MS} where id = $1`,
      [task.id],
    )
  }
}
