import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import type { Binaries, Launcher } from './embedded-postgres-launch.ts'
import { commandLine, isAlive } from './embedded-postgres-process.ts'

export type Place = { dir: string; dataDir: string; logFile: string }
export type Postmaster = { pid: number; port: number }

const readyWithinMs = 60_000
const stoppedWithinMs = 30_000
const logBytesMax = 5_000_000

/** A postmaster of an earlier run that outlived its Node process. A pid file that names somebody else is removed. */
export function findOrphan({ dataDir }: Place): Postmaster | undefined {
  const path = `${dataDir}/postmaster.pid`
  if (!existsSync(path)) return undefined
  const [pid = 0, , , port = 0] = readFileSync(path, 'utf8').split('\n').map(Number)
  const isOurs = pid > 0 && isAlive(pid) && (process.platform === 'win32' || commandLine(pid).includes(dataDir))
  if (isOurs) return { pid, port }
  // PostgreSQL would refuse to start if that pid had gone to any other process of the same user.
  rmSync(path, { force: true })
  return undefined
}

/** Its own session, so that Ctrl-C in the terminal reaches Node alone, which still needs the database to drain. */
export function launch(place: Place, port: number, settings: string[], binaries: Binaries, launcher: Launcher) {
  const args = ['-D', place.dataDir, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const { file, args: wrapped, ...ids } = launcher.wrap(binaries.postgres, args)
  const log = openSync(place.logFile, 'a', 0o600)
  try {
    const child = spawn(file, wrapped, {
      ...ids,
      cwd: place.dir,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    })
    child.on('error', () => undefined)
    child.unref()
    if (child.pid === undefined) throw new Error(`could not start ${file}`)
    return { pid: child.pid, port }
  } finally {
    closeSync(log)
  }
}

/** Connects as soon as the server lets us in; undefined when its process ended first. */
export async function connectWhenReady(url: string, { pid }: Postmaster): Promise<Client | undefined> {
  const deadline = Date.now() + readyWithinMs
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      if (isRefusal(error))
        throw new Error(`PostgreSQL (pid ${pid}) turned us away: ${error.message}`, { cause: error })
    }
    if (!isAlive(pid)) return undefined
    if (Date.now() > deadline) throw new Error(`PostgreSQL (pid ${pid}) was not ready after ${readyWithinMs / 1000} s`)
    await sleep(20)
  }
}

/** Fast shutdown: open transactions are rolled back, then a checkpoint. Past the limit, an immediate one that leaves recovery to the next start. */
export async function stopPostmaster({ pid }: Postmaster, { dataDir }: Place, pgCtl: string): Promise<void> {
  if (process.platform === 'win32') {
    spawnSync(pgCtl, ['stop', '-D', dataDir, '-m', 'fast', '-w'], { windowsHide: true })
    return
  }
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const deadline = Date.now() + stoppedWithinMs
    kill(pid, signal)
    while (isAlive(pid) && Date.now() < deadline) await sleep(10)
    if (!isAlive(pid)) return
  }
}

export function rotateLog(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > logBytesMax) renameSync(logFile, `${logFile}.1`)
}

export function logTail(logFile: string, fromByte: number): string {
  if (!existsSync(logFile)) return ''
  return readFileSync(logFile).subarray(fromByte).toString('utf8').trim().split('\n').slice(-8).join('\n')
}

export function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

/** An answer that waiting would not change; "starting up" and "shutting down" (57P03, 57P01) and no answer at all are not. */
function isRefusal(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !error.code?.startsWith('57P')
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
