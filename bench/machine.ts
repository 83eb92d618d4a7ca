import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export const describeMachine = (postgres: string): string => {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${postgres}`
}

/** Resident memory of one process in MiB. */
export const residentMiB = (pid: number): number => {
  const status = `/proc/${pid}/status`
  if (!existsSync(status)) return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1] ?? 0) / 1024
}

/** Processor time that processes and all that descend from them have used, in seconds; 0 where /proc is missing. */
export const cpuSeconds = (...pids: readonly number[]): number =>
  existsSync('/proc/stat') ? ticksOf(pids) / ticksPerSecond : 0

const ticksPerSecond = 100

interface Stat {
  parent: number
  own: number
  waited: number
}

const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, parent = 0] = fields
    const at = (index: number): number => fields[index] ?? 0
    return { parent, own: at(11) + at(12), waited: at(13) + at(14) }
  } catch {
    return undefined
  }
}

/** Ticks of every process that descends from the given ones, and of children they have waited for. */
const ticksOf = (roots: readonly number[]): number => {
  const stats = readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined
    return stat ? [{ pid, ...stat }] : []
  })
  const ours = new Set(roots)
  for (let before = -1; before !== ours.size; ) {
    before = ours.size
    for (const { pid, parent } of stats) if (ours.has(parent)) ours.add(pid)
  }
  return stats.filter(({ pid }) => ours.has(pid)).reduce((sum, { own, waited }) => sum + own + waited, 0)
}

/** Busy ticks of the whole machine, and all that passed. */
const machineTicks = (): { busy: number; all: number } => {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  const busy = user + nice + system + irq + soft + steal
  return { busy, all: busy + idle + wait }
}

export interface CpuWatch {
  /** Share of the machine (0 to 1) that processes other than ours have used since the last call. */
  foreignShare(): number
}

/** Others on the same machine make a round worthless; without /proc nothing can be said and 0 is answered. */
export const watchCpu = (roots: readonly number[]): CpuWatch => {
  if (!existsSync('/proc/stat')) return { foreignShare: () => 0 }
  const read = () => ({ ...machineTicks(), ours: ticksOf([process.pid, ...roots]) })
  let last = read()
  return {
    foreignShare: () => {
      const now = read()
      const foreign = now.busy - last.busy - (now.ours - last.ours)
      const share = foreign / Math.max(1, now.all - last.all)
      last = now
      return Math.max(0, share)
    },
  }
}

/** Waits until others leave the machine alone, at most so long. */
export const waitForQuiet = async (watch: CpuWatch, shareMax: number, waitMs: number): Promise<void> => {
  const until = Date.now() + waitMs
  do {
    watch.foreignShare()
    await sleep(400)
  } while (watch.foreignShare() > shareMax && Date.now() < until)
}
