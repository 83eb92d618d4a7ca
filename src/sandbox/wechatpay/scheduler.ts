import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { runTask } from './flows/tasks.ts'
import type { Sandbox } from './sandbox.ts'
import type { TaskName } from './store/work.ts'
import { createDispatcher } from './webhooks/dispatcher.ts'

/** Looks for due work at least this often, in case a wake-up was lost. */
const POLL_MS = 2000
const RETRY_MS = 1000
const GATHER_MS = 4
const BUSY_MS = 50

export type Scheduler = {
  wake(): void
  /** Runs and delivers until nothing is due any more. */
  drain(): Promise<void>
  close(): Promise<void>
}

/**
 * Postgres holds what is to be done and when; this only looks at the right moments. So a killed process loses nothing:
 * the next one finds the same rows.
 */
export function createScheduler(sandbox: Sandbox): Scheduler {
  const dispatcher = createDispatcher(sandbox)
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let isWanted = false
  let isClosed = false

  const once = async () => {
    let due = await readDue(sandbox)
    while (due.taskMs <= sandbox.clock.nowMs()) {
      await runDueTask(sandbox)
      due = await readDue(sandbox)
    }
    if (due.deliveryMs <= sandbox.clock.nowMs()) await dispatcher.pump()
    return Math.max(0, Math.min(due.taskMs, due.deliveryMs) - sandbox.clock.nowMs())
  }
  const loop = async () => {
    let pause = POLL_MS
    do {
      isWanted = false
      pause = Math.min(POLL_MS, await once())
      // Under load every commit asks for a look; one look serves all that came within this moment.
      if (isWanted && !isClosed) await setTimeoutAsync(GATHER_MS)
    } while (isWanted && !isClosed)
    clearTimeout(timer)
    // A delivery under way keeps its row due: the dispatcher calls wake() when it has room again.
    if (!isClosed) timer = setTimeout(wake, dispatcher.inFlight() > 0 ? Math.max(pause, BUSY_MS) : pause).unref()
  }
  const run = () => {
    running ??= loop()
      .catch((error: unknown) => {
        sandbox.log({ msg: 'scheduler failed', error: error instanceof Error ? error.stack : String(error) })
        if (!isClosed) timer = setTimeout(wake, RETRY_MS).unref()
      })
      .finally(() => {
        running = null
        if (isWanted && !isClosed) run()
      })
    return running
  }
  const wake = () => {
    isWanted = true
    if (!isClosed) void run()
  }
  return {
    wake,
    async drain() {
      let isDue = false
      do {
        isWanted = true
        await run()
        await dispatcher.idle()
        const due = await readDue(sandbox)
        isDue = Math.min(due.taskMs, due.deliveryMs) <= sandbox.clock.nowMs()
      } while (isDue)
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
      await dispatcher.close()
    },
  }
}

/** One task, in its own unit of work, deleted with its effects. Two processes share the list without doing one twice. */
async function runDueTask(sandbox: Sandbox): Promise<void> {
  const { rows } = await sandbox.pool.query<{ id: string; name: TaskName; subject: string }>({
    name: 'wechatpay-due-task',
    text: 'select id, name, subject from sandbox_wechatpay.task where due_ms <= $1 order by due_ms, id limit 1',
    values: [sandbox.clock.nowMs()],
  })
  const task = rows[0]
  if (task) await runTask(sandbox, task)
}

async function readDue(sandbox: Sandbox): Promise<{ taskMs: number; deliveryMs: number }> {
  const { rows } = await sandbox.pool.query<{ task: string | null; delivery: string | null }>({
    name: 'wechatpay-next-due',
    text: `select (select min(due_ms) from sandbox_wechatpay.task) as task,
                  (select min(due_ms) from sandbox_wechatpay.delivery where state = 'pending') as delivery`,
  })
  return { taskMs: timeOf(rows[0]?.task), deliveryMs: timeOf(rows[0]?.delivery) }
}

const timeOf = (value: string | null | undefined) => (value ? Number(value) : Number.POSITIVE_INFINITY)
