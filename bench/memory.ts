import { setTimeout as sleep } from 'node:timers/promises'
import { createStep } from './create.ts'
import { runLoad } from './load.ts'
import { cpuSeconds, residentMiB } from './machine.ts'
import { format, table } from './statistics.ts'
import { settle, type World } from './world.ts'

/** Resident memory of the one process that is API, workers, sandbox and pages; PostgreSQL is told beside it. */
export const benchMemory = async (world: World): Promise<string> => {
  const { app, settings } = world
  await sleep(settings.quick ? 1000 : 3000)
  const idle = residentMiB(app.pid)
  const cpu = await idleCpu(world, settings.quick ? 2 : 5)
  const load = await underLoad(world, settings.quick ? 1000 : 10_000)
  await settle(world)
  await sleep(settings.quick ? 1000 : 3000)
  const rows = [
    ['idle', format(idle)],
    [`highest while ${format(load.done)} payment intents were created`, format(load.highest)],
    ['idle again', format(residentMiB(app.pid))],
  ]
  const note = `Goal: ≤ 300 MiB. Idle, the process uses ${format(cpu.service * 100, 1)} % of a processor and PostgreSQL ${format(cpu.postgres * 100, 1)} %.`
  return ['### Memory of the all-in-one process', '', table(['', 'resident MiB'], rows), '', note].join('\n')
}

const idleCpu = async ({ app }: World, seconds: number) => {
  const read = () => ({ all: cpuSeconds(app.pid), postgres: cpuSeconds(app.postmasterPid) })
  const before = read()
  await sleep(seconds * 1000)
  const after = read()
  const postgres = (after.postgres - before.postgres) / seconds
  return { postgres, service: (after.all - before.all) / seconds - postgres }
}

const underLoad = async (world: World, count: number): Promise<{ done: number; highest: number }> => {
  let highest = 0
  const look = (): void => {
    highest = Math.max(highest, residentMiB(world.app.pid))
  }
  const timer = setInterval(look, 100)
  const create = createStep(world)
  let left = count
  const result = await runLoad({
    port: world.app.port,
    connections: world.settings.connections,
    seconds: 60,
    step: async (connection) => left-- > 0 && create(connection),
  })
  clearInterval(timer)
  if (result.errors.length > 0) throw new Error(`${result.errors.length} requests failed: ${result.errors[0]}`)
  return { done: result.done, highest }
}
