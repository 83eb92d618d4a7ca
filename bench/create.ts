import { randomUUID } from 'node:crypto'
import { type Connection, post } from './http-client.ts'
import { type LoadResult, requireOk, runLoad } from './load.ts'
import { cpuSeconds } from './machine.ts'
import { type BaselineResult, createPgbench, findPgbench } from './pgbench.ts'
import { intentScript } from './rows.ts'
import { speeds, spread, table } from './statistics.ts'
import { measure, settle, type World, whilePaused } from './world.ts'

const body = `amount=4200&currency=eur&description=Two%20tickets%20for%20Saturday&metadata[order_id]=order_8412&metadata[seat]=B12`

/** One payment intent with an idempotency key of its own. */
export const createStep = (world: World) => {
  const headers = {
    Authorization: `Bearer ${world.app.key}`,
    'Content-Type': 'application/x-www-form-urlencoded',
  }
  return async (connection: Connection): Promise<boolean> => {
    requireOk(await connection.send(post('/v1/payment_intents', { ...headers, 'Idempotency-Key': randomUUID() }, body)))
    return true
  }
}

interface Rounds {
  app: (LoadResult & Cost)[]
  baseline: BaselineResult[]
}

/** Processor time per intent in milliseconds, of the service and of PostgreSQL, until the outbox was empty again. */
interface Cost {
  serviceMs: number
  postgresMs: number
  drainMs: number
}

export const benchCreate = async (world: World): Promise<string> => {
  await appRound(world, 2)
  await settle(world)
  const pgbench = await openBaseline(world)
  const rounds: Rounds = { app: [], baseline: [] }
  for (let n = 0; n < world.settings.rounds; n++) {
    rounds.app.push(await measure(world, () => appRound(world, world.settings.seconds)))
    if (!pgbench) continue
    rounds.baseline.push(await whilePaused(world, () => measure(world, () => pgbench.run(world.settings.seconds))))
  }
  return report(world, rounds)
}

const openBaseline = async (world: World) => {
  const program = findPgbench()
  if (program === undefined) return undefined
  const script = await intentScript(world.database, world.merchant)
  const baseline = createPgbench(program, {
    databaseUrl: world.app.databaseUrl,
    role: 'parley_app',
    clients: world.settings.connections,
    script,
  })
  await whilePaused(world, () => baseline.run(1))
  return baseline
}

const appRound = async (world: World, seconds: number): Promise<LoadResult & Cost> => {
  const { connections } = world.settings
  const { pid, postmasterPid, port } = world.app
  // The service's processor time with that of its children, which PostgreSQL is one of.
  const cpu = () => ({ all: cpuSeconds(pid), postgres: cpuSeconds(postmasterPid) })
  const before = cpu()
  const result = await runLoad({ port, connections, seconds, step: createStep(world) })
  if (result.errors.length > 0) throw new Error(`${result.errors.length} requests failed: ${result.errors[0]}`)
  const drainMs = await settle(world)
  const after = cpu()
  const perIntent = 1000 / result.done
  const postgresMs = (after.postgres - before.postgres) * perIntent
  return { ...result, drainMs, postgresMs, serviceMs: (after.all - before.all) * perIntent - postgresMs }
}

const report = ({ settings }: World, { app, baseline }: Rounds): string => {
  const rows = [
    ['POST /v1/payment_intents', ...speeds(app)],
    ...(baseline.length > 0 ? [['pgbench, same rows', ...speeds(baseline)]] : []),
  ]
  const ratios = app.flatMap((round, n) => (baseline[n] ? [round.perSecond / baseline[n].perSecond] : []))
  return [
    `### Create payment intent (${settings.connections} connections, durable)`,
    '',
    table(['', 'per second', 'p50 ms', 'p99 ms'], rows),
    '',
    ratios.length > 0 ? `Ratio ${spread(ratios, 2)} (goal ≥ 0.40).` : 'Baseline skipped: pgbench is not installed.',
    `Processor time per intent until its event is told: service ${spread(
      app.map((round) => round.serviceMs),
      2,
    )} ms, PostgreSQL ${spread(
      app.map((round) => round.postgresMs),
      2,
    )} ms. The outbox was empty ${spread(app.map((round) => round.drainMs))} ms after the last answer.`,
  ].join('\n')
}
