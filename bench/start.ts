import { makeDir, removeDir, startApp } from './app-process.ts'
import { spread, table } from './statistics.ts'
import type { Settings } from './world.ts'

/** From the start of the process until `/readyz` answers 200: in an empty folder, and in one that was used before. */
export const benchStart = async ({ rounds }: Settings): Promise<string> => {
  const times = { first: [] as number[], second: [] as number[], stop: [] as number[] }
  for (let n = 0; n < rounds; n++) {
    const dir = await makeDir()
    try {
      for (const which of ['first', 'second'] as const) {
        const app = await startApp(dir)
        times[which].push(app.startMs / 1000)
        const stopping = performance.now()
        await app.stop()
        times.stop.push((performance.now() - stopping) / 1000)
      }
    } finally {
      removeDir(dir)
    }
  }
  const rows = [
    ['first start (makes the database)', spread(times.first, 1)],
    ['second start', spread(times.second, 1)],
    ['stop', spread(times.stop, 1)],
  ]
  return ['### Start to ready', '', table(['', 'seconds'], rows), '', 'Goal: ≤ 10 s.'].join('\n')
}
