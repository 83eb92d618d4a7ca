import { makeDir, removeDir, startApp } from './app-process.ts'
import { benchCreate } from './create.ts'
import { benchExports } from './exports.ts'
import { benchLedger } from './ledger.ts'
import { describeMachine } from './machine.ts'
import { benchMemory } from './memory.ts'
import { benchPrecheckout } from './precheckout.ts'
import { benchRefunds } from './refunds.ts'
import { benchStart } from './start.ts'
import { format, median } from './statistics.ts'
import { benchWebhooks } from './webhooks.ts'
import { openWorld, type Settings, type World } from './world.ts'

/** Each on a service of its own, so that none measures what another left behind. */
const onService: Record<string, (world: World) => Promise<string>> = {
  create: benchCreate,
  webhooks: benchWebhooks,
  refunds: benchRefunds,
  memory: benchMemory,
}
/** Without a service. */
const alone: Record<string, () => Promise<string>> = {
  start: () => benchStart(settings),
  precheckout: () => benchPrecheckout(settings),
  ledger: () => benchLedger({ ...settings, entries }),
  exports: () => benchExports({ ...settings, entries }),
}
const names = [...Object.keys(onService), ...Object.keys(alone)]

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interruption.abort(new Error('interrupted')))

const { chosen, settings, entries } = readArguments(process.argv.slice(2))
try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const started = performance.now()
  const foreign: number[] = []
  // Waiting for others must not make a run endless.
  const repeats = { left: 6, until: settings.quick ? 0 : Date.now() + 60_000 }
  for (const name of chosen) {
    const bench = onService[name]
    if (bench) await withService(bench, foreign, repeats)
    else console.log(`${await alone[name]?.()}\n`)
  }
  const share = (value: number): string => `${format(value * 100)} %`
  if (foreign.length > 0)
    console.log(
      `Others used ${share(median(foreign))} of the machine in the median round, at most ${share(Math.max(...foreign))}.`,
    )
  console.log(`${format((performance.now() - started) / 1000)} s in all.`)
}

async function withService(
  bench: (world: World) => Promise<string>,
  foreign: number[],
  repeats: World['repeats'],
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const dir = await makeDir()
  stack.defer(() => removeDir(dir))
  const app = await startApp(dir, process.env.BENCH_NODE_ARGS?.split(' '))
  stack.defer(app.stop)
  const world = await openWorld(app, settings, repeats)
  stack.defer(() => world.database.end())
  if (foreign.length === 0 && bench === onService[chosen[0] ?? '']) console.log(`${await describe(world)}\n`)
  const interrupted = new Promise<never>((_, reject) => {
    interruption.signal.addEventListener('abort', () => reject(interruption.signal.reason))
  })
  console.log(`${await Promise.race([bench(world), interrupted])}\n`)
  foreign.push(...world.foreign)
}

async function describe({ database }: World): Promise<string> {
  const { rows } = await database.query<{ version: string; fsync: string; commit: string }>(
    `select split_part(version(), ' on ', 1) as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as commit`,
  )
  const [row] = rows
  return `${describeMachine(row?.version ?? '')}, fsync ${row?.fsync}, synchronous_commit ${row?.commit}`
}

function readArguments(args: readonly string[]): { chosen: string[]; settings: Settings; entries: number } {
  const quick = args.includes('--quick')
  const size = args.find((arg) => /^--entries=\d+$/.test(arg))
  const named = args.filter((arg) => arg !== '--quick' && arg !== size)
  const unknown = named.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(
      `There is no measurement '${unknown.join(' ')}'.\n\n  npm run bench -- [${names.join('|')}] [--quick] [--entries=1000000]`,
    )
    process.exit(2)
  }
  return {
    chosen: named.length > 0 ? named : names,
    settings: { rounds: quick ? 1 : 3, seconds: quick ? 2 : 5, connections: 64, quick },
    entries: Number(size?.split('=')[1] ?? (quick ? 50_000 : 1_000_000)),
  }
}
