import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinaries } from './embedded-postgres-launch.ts'
import { isAbandoned } from './embedded-postgres-lock.ts'
import { findOrphan, stopPostmaster } from './embedded-postgres-server.ts'

const prefix = 'parley-postgres-'

const memory = '/dev/shm'
const tmpfs = 0x01021994
/** Tests write some hundred megabytes at a time; what Docker gives unasked, 64 MB, is too little. */
const roomBytes = 3 * 1024 ** 3

/** In memory where Linux has room for it: `create database` writes hundreds of small files, there at a tenth of the cost. */
export async function temporaryDir(): Promise<string> {
  for (const place of [tmpdir(), memory]) await removeAbandoned(place)
  const dir = mkdtempSync(join(hasRoom(memory) ? memory : tmpdir(), prefix))
  chmodSync(dir, 0o711) // as root, PostgreSQL runs under another user id and has to pass
  return dir
}

/** A killed test run leaves its server behind, and nobody would ever adopt that one. */
async function removeAbandoned(place: string): Promise<void> {
  const names = existsSync(place) ? readdirSync(place).filter((name) => name.startsWith(prefix)) : []
  for (const dir of names.map((name) => join(place, name)).filter(isAbandoned)) {
    const server = { dir, dataDir: join(dir, 'postgres'), logFile: join(dir, 'postgres.log') }
    const orphan = findOrphan(server)
    if (orphan) await stopPostmaster(orphan, server, (await findBinaries()).pgCtl)
    rmSync(dir, { recursive: true, force: true })
  }
}

function hasRoom(place: string): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(place)
    return type === tmpfs && bavail * bsize >= roomBytes
  } catch {
    return false
  }
}
