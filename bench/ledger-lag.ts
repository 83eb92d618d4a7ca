import { setTimeout as sleep } from 'node:timers/promises'
import { readUnsealedSince } from '#ledger/seal-reading-repo.ts'
import type { LedgerBench } from './ledger.ts'
import { format, percentile } from './statistics.ts'
import type { Settings } from './world.ts'

const lookEveryMs = 10

/** How old the oldest transaction without a seal is, looked at again and again while 16 clients post. */
export const measureLag = async (
  { db, merchant, sealer }: LedgerBench,
  { seconds, quick }: Settings,
  load: (seconds: number) => Promise<number>,
): Promise<string> => {
  await sealer.catchUp(merchant, 60_000)
  const running = sealer.start()
  const lags: number[] = []
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const since = await readUnsealedSince(db.maintenance, merchant)
      lags.push(since ? Date.now() - since.getTime() : 0)
      await sleep(lookEveryMs)
    }
  }
  const watching = watch()
  const perSecond = await load(quick ? seconds : seconds * 3)
  isOver = true
  await watching
  await running.close()
  return [
    '### Lag of the seals',
    '',
    `At ${format(perSecond)} transactions per second the oldest transaction without a seal was ${format(percentile(lags, 0.5))} ms ` +
      `old at the median, ${format(percentile(lags, 0.99))} ms at p99, ${format(Math.max(...lags))} ms at most. Goal: p99 < 1 s.`,
  ].join('\n')
}
