import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Client } from 'pg'
import { type Binaries, chooseLauncher, type Launcher } from './embedded-postgres-launch.ts'
import type { Place } from './embedded-postgres-server.ts'

export type Secrets = { superuserPassword: string; loginPassword: string; port: number }

/** initdb works in a folder beside and its result is moved into place whole: half a data folder is never mistaken for one. */
export async function prepareData(
  place: Place,
  secrets: Secrets,
  binaries: Binaries,
  sync: boolean,
): Promise<Launcher> {
  if (existsSync(`${place.dataDir}/PG_VERSION`)) {
    const major = readFileSync(`${place.dataDir}/PG_VERSION`, 'utf8').trim()
    if (major === binaries.major) return chooseLauncher(binaries, place.dataDir)
    throw new Error(
      `${place.dataDir} was written by PostgreSQL ${major}, this is ${binaries.major}: dump and restore it, or move it away`,
    )
  }
  const draft = `${place.dataDir}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  const launcher = chooseLauncher(binaries, draft)
  await initdb(draft, secrets.superuserPassword, binaries, launcher, sync)
  renameSync(draft, place.dataDir)
  return launcher
}

/** Passwords are made once; the port is the one that worked last time. */
export function loadSecrets(dir: string): Secrets {
  const path = `${dir}/postgres.json`
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'))
  const password = () => randomBytes(24).toString('hex')
  return saveSecrets(dir, { superuserPassword: password(), loginPassword: password(), port: 0 })
}

export function saveSecrets(dir: string, secrets: Secrets): Secrets {
  const path = `${dir}/postgres.json`
  writeFileSync(`${path}.new`, JSON.stringify(secrets), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return secrets
}

/** The login that Parley uses: no superuser and bound by row-level security, but able to make roles and (test) databases. */
export async function bootstrap(admin: Client, { loginPassword }: Secrets): Promise<void> {
  const { rows } = await admin.query(`select (select count(*) from pg_roles where rolname = 'parley')::int as roles,
    (select count(*) from pg_database where datname = 'parley')::int as databases`)
  if (rows[0].roles === 0) {
    const attributes = 'login nosuperuser nobypassrls createrole createdb'
    await admin.query(`create role parley ${attributes} password ${admin.escapeLiteral(loginPassword)}`)
  }
  if (rows[0].databases === 0) await admin.query('create database parley owner parley')
}

export async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/** The builtin collation provider sorts the same on every system, and next year too. */
async function initdb(
  dir: string,
  password: string,
  binaries: Binaries,
  launcher: Launcher,
  sync: boolean,
): Promise<void> {
  const passwordFile = `${dir}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (launcher.owner) chownSync(passwordFile, launcher.owner.uid, launcher.owner.gid)
  const args = ['-D', dir, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8']
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', ...(sync ? [] : ['--no-sync']))
  try {
    const { code, output } = await run(launcher, binaries.initdb, args, dir)
    if (code !== 0) throw new Error(`initdb failed in ${dir}:\n${output.trim()}`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function run(launcher: Launcher, program: string, args: string[], cwd: string) {
  const { file, args: wrapped, ...ids } = launcher.wrap(program, args)
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(file, wrapped, { ...ids, cwd, windowsHide: true })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
