import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { parseId } from '#kernel/ids.ts'
import type { AppProcess } from './app-process.ts'
import { type CpuWatch, waitForQuiet, watchCpu } from './machine.ts'

/** What every measurement needs: the running service and a look into its database across merchants. */
export interface World {
  app: AppProcess
  merchant: string
  database: pg.Client
  cpu: CpuWatch
  settings: Settings
  /** Share of the machine that others used, per accepted round. */
  foreign: number[]
  /** How many rounds may still be thrown away because others were busy, and until when. */
  repeats: { left: number; until: number }
}

export interface Settings {
  rounds: number
  seconds: number
  connections: number
  quick: boolean
}

export const openWorld = async (app: AppProcess, settings: Settings, repeats: World['repeats']): Promise<World> => {
  const database = new pg.Client({
    connectionString: app.databaseUrl,
    options: '-c role=parley_maintenance -c search_path=public',
  })
  await database.connect()
  const merchant = parseId('merchant', app.merchantId)
  if (merchant === undefined) throw new Error('the demo file names no merchant')
  const cpu = watchCpu([app.pid, app.postmasterPid])
  return { app, merchant, database, cpu, settings, foreign: [], repeats }
}

const foreignMax = 0.15

/** Runs a round when the machine is quiet, and again when it turns out that others were busy meanwhile. */
export const measure = async <T>(world: World, round: () => Promise<T>): Promise<T> => {
  for (;;) {
    if (Date.now() < world.repeats.until) await waitForQuiet(world.cpu, foreignMax, 4000)
    world.cpu.foreignShare()
    const result = await round()
    const share = world.cpu.foreignShare()
    if (share <= foreignMax || world.repeats.left <= 0 || Date.now() > world.repeats.until) {
      world.foreign.push(share)
      return result
    }
    world.repeats.left--
  }
}

/** Waits until the workers have nothing left to do, so that one round's leftovers do not burden the next. */
export const settle = async ({ database }: World): Promise<number> => {
  const started = performance.now()
  for (;;) {
    const { rows } = await database.query<{ busy: boolean }>(
      `select exists (select from outbox) or exists (select from provider_events where state = 'received') as busy`,
    )
    if (!rows[0]?.busy) return performance.now() - started
    if (performance.now() - started > 60_000) throw new Error('the workers did not come to an end within a minute')
    await sleep(50)
  }
}

/** Freezes the service while a baseline runs; what the baseline left to be done is taken away before it wakes. */
export const whilePaused = async <T>(world: World, work: () => Promise<T>): Promise<T> => {
  await settle(world)
  world.app.pause()
  try {
    return await work()
  } finally {
    await world.database.query('delete from outbox')
    await world.database.query(`update provider_events set state = 'processed' where state = 'received'`)
    world.app.resume()
  }
}
