import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isAlive, startIdentity } from './embedded-postgres-process.ts'

/** One Parley process per data folder. The returned function lets go of it. */
export function lockDirectory(dir: string): () => void {
  const path = `${dir}/owner.lock`
  const mine = JSON.stringify({ pid: process.pid, started: startIdentity(process.pid) } satisfies Owner)
  for (;;) {
    if (writeIfAbsent(path, mine)) return () => release(path, mine)
    const found = readOrEmpty(path)
    const owner = parseOwner(found)
    if (owner && isStillRunning(owner)) throw new Error(inUse(dir, owner.pid))
    removeStale(path, found)
  }
}

/** True if the folder was locked by a process that ended without letting go. */
export function isAbandoned(dir: string): boolean {
  const owner = parseOwner(readOrEmpty(`${dir}/owner.lock`))
  return owner !== undefined && !isStillRunning(owner)
}

function inUse(dir: string, pid: number): string {
  const who = pid === process.pid ? `this process (pid ${pid})` : `another Parley process (pid ${pid})`
  return `${dir} is in use by ${who}: stop that one first, or set DATABASE_URL or another data folder for this one`
}

function isStillRunning(owner: Owner): boolean {
  if (!isAlive(owner.pid)) return false
  const started = startIdentity(owner.pid)
  return started === undefined || owner.started === undefined || started === owner.started
}

/** A link appears with its content, so nobody ever reads a half-written lock. */
function writeIfAbsent(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, content, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Two starters may both find the same stale lock: whoever moves away a fresh one by mistake puts it back. */
function removeStale(path: string, expected: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readOrEmpty(aside)
  if (moved !== expected) writeIfAbsent(path, moved)
  rmSync(aside, { force: true })
}

function release(path: string, mine: string): void {
  if (readOrEmpty(path) === mine) rmSync(path, { force: true })
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text)
    return isOwner(owner) ? owner : undefined
  } catch {
    return undefined
  }
}

function isOwner(value: unknown): value is Owner {
  return typeof value === 'object' && value !== null && 'pid' in value && Number.isInteger(value.pid)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

type Owner = { pid: number; started: string | undefined }
