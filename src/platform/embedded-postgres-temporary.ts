import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinaries } from './embedded-postgres-launch.ts'
import { isAbandoned } from './embedded-postgres-lock.ts'
import { findOrphan, stopPostmaster } from './embedded-postgres-server.ts'

const prefix = 'parley-postgres-'

export async function temporaryDir(): Promise<string> {
  await removeAbandoned()
  const dir = mkdtempSync(join(tmpdir(), prefix))
  chmodSync(dir, 0o711) // as root, PostgreSQL runs under another user id and has to pass
  return dir
}

/** A killed test run leaves its server behind, and nobody would ever adopt that one. */
async function removeAbandoned(): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))
  for (const dir of names.map((name) => join(tmpdir(), name)).filter(isAbandoned)) {
    const place = { dir, dataDir: join(dir, 'postgres'), logFile: join(dir, 'postgres.log') }
    const orphan = findOrphan(place)
    if (orphan) await stopPostmaster(orphan, place, (await findBinaries()).pgCtl)
    rmSync(dir, { recursive: true, force: true })
  }
}
