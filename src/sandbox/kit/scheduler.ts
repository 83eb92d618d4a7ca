import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import type { Dispatcher } from './dispatcher.ts'
import { runDueTask, type TaskRunner } from './tasks.ts'
import type { World } from './world.ts'

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
export function createScheduler(world: World, tasks: TaskRunner, dispatcher: Dispatcher): Scheduler {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let isWanted = false
  let isClosed = false

  const once = async () => {
    let due = await readDue(world)
    while (due.taskMs <= world.clock.nowMs()) {
      await runDueTask(world, tasks)
      due = await readDue(world)
    }
    if (due.deliveryMs <= world.clock.nowMs()) await dispatcher.pump()
    return Math.max(0, Math.min(due.taskMs, due.deliveryMs) - world.clock.nowMs())
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
        world.log({ msg: 'scheduler failed', error: error instanceof Error ? error.stack : String(error) })
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
        const due = await readDue(world)
        isDue = Math.min(due.taskMs, due.deliveryMs) <= world.clock.nowMs()
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

async function readDue({ schema, pool }: World): Promise<{ taskMs: number; deliveryMs: number }> {
  const { rows } = await pool.query<{ task: string | null; delivery: string | null }>({
    name: 'next-due',
    text: `select (select min(due_ms) from ${schema}.task) as task,
                  (select min(due_ms) from ${schema}.delivery where state = 'pending') as delivery`,
  })
  return { taskMs: timeOf(rows[0]?.task), deliveryMs: timeOf(rows[0]?.delivery) }
}

const timeOf = (value: string | null | undefined) => (value ? Number(value) : Number.POSITIVE_INFINITY)
