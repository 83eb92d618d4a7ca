import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Connection, openConnection } from './http-client.ts'
import { percentile } from './statistics.ts'

export interface LoadResult {
  perSecond: number
  p50: number
  p99: number
  done: number
  /** Anything but 200, and every broken connection. */
  errors: string[]
}

export interface LoadOptions {
  port: number
  connections: number
  /** Ends the round after this long, or when `step` answers false. */
  seconds: number
  /** One unit of work on one connection; its time is one latency. False: there is nothing left to do. */
  step: (connection: Connection) => Promise<boolean>
}

/** A closed loop: every connection starts its next request when the last one is answered. */
export const runLoad = async ({ port, connections, seconds, step }: LoadOptions): Promise<LoadResult> => {
  const opened = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const times: number[] = []
  const errors: string[] = []
  const started = performance.now()
  const until = started + seconds * 1000
  const work = async (connection: Connection): Promise<void> => {
    while (performance.now() < until) {
      const at = performance.now()
      try {
        if (!(await step(connection))) return
        times.push(performance.now() - at)
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error))
        return
      }
    }
  }
  await Promise.all(opened.map(work))
  const elapsed = (performance.now() - started) / 1000
  for (const connection of opened) connection.close()
  return { ...summarise(times), perSecond: times.length / elapsed, done: times.length, errors }
}

/** An open loop: work starts at its time whether or not earlier work has ended, so a slow answer hides no other. */
export const runAtRate = async (options: {
  port: number
  perSecond: number
  seconds: number
  step: LoadOptions['step']
}): Promise<LoadResult> => {
  const idle = await Promise.all(Array.from({ length: 16 }, () => openConnection(options.port)))
  const all = [...idle]
  const times: number[] = []
  const errors: string[] = []
  const underWay: Promise<void>[] = []
  const started = performance.now()
  for (let n = 0; n < options.perSecond * options.seconds; n++) {
    const due = started + (n * 1000) / options.perSecond
    await sleep(Math.max(0, due - performance.now()))
    const work = async (): Promise<void> => {
      const connection = idle.pop() ?? (await openExtra(options.port, all))
      const at = performance.now()
      await options.step(connection).catch((error: unknown) => errors.push(String(error)))
      times.push(performance.now() - at)
      idle.push(connection)
    }
    underWay.push(work())
  }
  await Promise.all(underWay)
  const elapsed = (performance.now() - started) / 1000
  for (const connection of all) connection.close()
  return { ...summarise(times), perSecond: times.length / elapsed, done: times.length, errors }
}

const openExtra = async (port: number, all: Connection[]): Promise<Connection> => {
  const connection = await openConnection(port)
  all.push(connection)
  return connection
}

const summarise = (times: number[]): { p50: number; p99: number } => ({
  p50: percentile(times, 0.5),
  p99: percentile(times, 0.99),
})

export const requireOk = ({ status, body }: Answer): string => {
  if (status !== 200) throw new Error(`answered ${status}: ${body.slice(0, 300)}`)
  return body
}
