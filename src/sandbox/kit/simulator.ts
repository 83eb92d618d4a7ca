import pg from 'pg'
import { createClock } from './clock.ts'
import { createDispatcher, type Deliveries, type Due } from './dispatcher.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { type Handle, listen } from './server.ts'
import type { TaskRunner } from './tasks.ts'
import type { World } from './world.ts'

export type SimulatorOptions = {
  /** A login that may create the simulator's schema. Everything it knows lives there. */
  databaseUrl: string
  /** 0 takes any free port. */
  port: number
  host?: string
  /** How browsers reach the pages; the address it listens on, if absent. */
  publicUrl?: string
  now?: () => number
  poolMax?: number
  log?: (line: object) => void
}

export type Simulator = AsyncDisposable & {
  url: string
  port: number
  close(): Promise<void>
  /** Waits until everything that is due has happened and been delivered; what is planned for later stays planned. */
  drainWebhooks(): Promise<void>
}

/** What makes a simulator that of one provider. */
export type Provider<S extends World, D extends Due> = {
  schema: string
  createSchema(pool: pg.Pool): Promise<void>
  createSandbox(world: World): Promise<S & { settings: { publicUrl: string } }>
  createTasks(sandbox: S): TaskRunner
  createDeliveries(sandbox: S): Deliveries<D>
  createHandle(sandbox: S, scheduler: Scheduler): Handle
}

/** Everything a simulator knows is in the database, so it may be killed and started again. */
export async function startSimulator<S extends World, D extends Due>(
  options: SimulatorOptions,
  provider: Provider<S, D>,
): Promise<{ sandbox: S; simulator: Simulator }> {
  const log = options.log ?? (() => {})
  const pool = openPool(options, log)
  try {
    await provider.createSchema(pool)
    const clock = await createClock(pool, provider.schema, options.now ?? Date.now)
    const holder: { scheduler?: Scheduler } = {}
    const wake = () => holder.scheduler?.wake()
    const sandbox = await provider.createSandbox({ schema: provider.schema, pool, clock, wake, log })
    const dispatcher = createDispatcher(sandbox, provider.createDeliveries(sandbox))
    const scheduler = createScheduler(sandbox, provider.createTasks(sandbox), dispatcher)
    const server = await listen(provider.createHandle(sandbox, scheduler), options, log)
    sandbox.settings.publicUrl = options.publicUrl ?? server.url
    // Only now: what was left undone by an earlier process may need the public address.
    holder.scheduler = scheduler
    scheduler.wake()

    const end = async () => {
      await server.close()
      await scheduler.close()
      await pool.end()
    }
    let ending: Promise<void> | undefined
    const close = () => {
      ending ??= end()
      return ending
    }
    const { url, port } = server
    return { sandbox, simulator: { url, port, close, drainWebhooks: scheduler.drain, [Symbol.asyncDispose]: close } }
  } catch (error) {
    await pool.end()
    throw error
  }
}

function openPool({ databaseUrl, poolMax = 4 }: SimulatorOptions, log: (line: object) => void): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: poolMax })
  const onError = (error: Error) => log({ msg: 'database connection lost', error: error.message })
  // A connection that breaks is replaced by the pool; without a listener, idle or in use, it would end the process.
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  return pool
}
