import type { World } from './world.ts'

export type Task = { id: string; name: string; subject: string }

/** What happens at a provider by itself, later. */
export type TaskRunner = {
  /** In one unit of work: claims the task, and does it if it was still there. */
  run(task: Task): Promise<void>
  /** A refusal would be repeated for ever; anything else may pass, and must not hold up the tasks behind it. */
  isRefusal(error: unknown): boolean
}

const RETRY_MS = 5000

/** One task, in its own unit of work, deleted with its effects. Two processes share the list without doing one twice. */
export async function runDueTask(world: World, { run, isRefusal }: TaskRunner): Promise<void> {
  const { rows } = await world.pool.query<Task>({
    name: 'due-task',
    text: `select id, name, subject from ${world.schema}.task where due_ms <= $1 order by due_ms, id limit 1`,
    values: [world.clock.nowMs()],
  })
  const [task] = rows
  if (!task) return
  await run(task).catch(async (error: unknown) => {
    world.log({ msg: 'task failed', task, error: error instanceof Error ? error.stack : String(error) })
    const text = isRefusal(error)
      ? `delete from ${world.schema}.task where id = $1`
      : `update ${world.schema}.task set due_ms = due_ms + ${RETRY_MS} where id = $1`
    await world.pool.query(text, [task.id])
  })
}
