import { makeDir, removeDir, startApp } from './app-process.ts'
import { benchCreate } from './create.ts'
import { describeMachine } from './machine.ts'
import { format, median } from './statistics.ts'
import { benchWebhooks } from './webhooks.ts'
import { openWorld, type Settings, type World } from './world.ts'

const sections: Record<string, (world: World) => Promise<string>> = {
  create: benchCreate,
  webhooks: benchWebhooks,
}

const { names, settings } = readArguments(process.argv.slice(2))
await main()

async function main(): Promise<void> {
  const started = performance.now()
  const dir = await makeDir()
  try {
    await using stack = new AsyncDisposableStack()
    const app = await startApp(dir, process.env.BENCH_NODE_ARGS?.split(' '))
    stack.defer(app.stop)
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void app.stop().finally(() => process.exit(1)))
    const world = await openWorld(app, settings, { left: settings.quick ? 0 : 6 })
    stack.defer(() => world.database.end())
    const { rows } = await world.database.query<{ version: string; fsync: string; commit: string }>(
      `select split_part(version(), ' on ', 1) as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`,
    )
    console.log(
      `${describeMachine(rows[0]?.version ?? '')}, fsync ${rows[0]?.fsync}, synchronous_commit ${rows[0]?.commit}\n`,
    )
    for (const name of names) console.log(`${await sections[name]?.(world)}\n`)
    console.log(
      `Others used ${format(median(world.foreign) * 100)} % of the machine in the median round, at most ${format(Math.max(...world.foreign) * 100)} %. ${format((performance.now() - started) / 1000)} s in all.`,
    )
  } finally {
    removeDir(dir)
  }
}

function readArguments(args: readonly string[]): { names: string[]; settings: Settings } {
  const quick = args.includes('--quick')
  const named = args.filter((arg) => !arg.startsWith('--'))
  const unknown = named.filter((name) => !(name in sections))
  if (unknown.length > 0)
    throw new Error(`no such measurement: ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`)
  return {
    names: named.length > 0 ? named : Object.keys(sections),
    settings: { rounds: 3, seconds: quick ? 2 : 6, connections: 64, quick },
  }
}
