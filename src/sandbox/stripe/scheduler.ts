import { runTask } from './flows/tasks.ts'
import type { Sandbox } from './sandbox.ts'
import type { TaskName } from './store/work.ts'
import type { Dispatcher } from './webhooks/dispatcher.ts'

/** Looks for due work at least this often, in case a wake-up was lost. */
const POLL_MS = 2000
const RETRY_MS = 1000

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
export function createScheduler(sandbox: Sandbox, dispatcher: Dispatcher): Scheduler {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let isWanted = false
  let isClosed = false

  const once = async () => {
    while (await runDueTask(sandbox));
    await dispatcher.pump()
    return Math.min(POLL_MS, Math.max(0, (await nextDueMs(sandbox)) - sandbox.clock.nowMs()))
  }
  const loop = async () => {
    let pause = POLL_MS
    do {
      isWanted = false
      pause = await once()
    } while (isWanted && !isClosed)
    clearTimeout(timer)
    // A delivery under way keeps its row due: the dispatcher calls wake() when it has finished.
    if (!isClosed) timer = setTimeout(wake, dispatcher.inFlight() > 0 ? Math.max(pause, 50) : pause).unref()
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
      do {
        isWanted = true
        await run()
        await dispatcher.idle()
      } while ((await nextDueMs(sandbox)) <= sandbox.clock.nowMs())
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
async function runDueTask(sandbox: Sandbox): Promise<boolean> {
  const { rows } = await sandbox.pool.query<{ id: string; name: TaskName; subject: string }>({
    name: 'due-task',
    text: 'select id, name, subject from sandbox_stripe.task where due_ms <= $1 order by due_ms, id limit 1',
    values: [sandbox.clock.nowMs()],
  })
  const task = rows[0]
  if (!task) return false
  await runTask(sandbox, task)
  return true
}

async function nextDueMs(sandbox: Sandbox): Promise<number> {
  const { rows } = await sandbox.pool.query<{ due: string | null }>({
    name: 'next-due',
    text: `select least((select min(due_ms) from sandbox_stripe.task),
                        (select min(due_ms) from sandbox_stripe.delivery where state = 'pending')) as due`,
  })
  return rows[0]?.due ? Number(rows[0].due) : Number.POSITIVE_INFINITY
}
