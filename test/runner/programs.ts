import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export type Programs = { redis: string | undefined; chromium: string | undefined; trouble: string | undefined }

const redisNames = ['redis-server', 'valkey-server']
/** Renders as Chromium does, without a window, at half the cost. */
const shell = 'chromium-headless-shell'
const chromiumNames = [shell, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const chromiumElsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]
/** Other people's programs that read what we export (test/exports/tools.ts), and the packages they come in. */
const readers = {
  hledger: 'hledger',
  ledger: 'ledger',
  'bean-check': 'beancount',
  'bean-query': 'beancount',
  xmllint: 'libxml2-utils',
  ofxdump: 'ofx',
  ssconvert: 'gnumeric',
}
const installWithinMs = 480_000
const shellWithinMs = 60_000

/** What the tests need besides Node: the system's own, or Debian's packages where we may install them. */
export async function findPrograms(mayInstall: boolean, signal: AbortSignal): Promise<Programs> {
  const found = look()
  const missing = Object.entries(readers).filter(([program]) => !which(program))
  const packages = [
    ...(found.redis ? [] : ['redis-server']),
    ...(found.chromium ? [] : ['chromium', 'fonts-noto-core', 'fonts-noto-cjk']),
    ...new Set(missing.map(([, name]) => name)),
  ]
  const canInstall = mayInstall && process.getuid?.() === 0 && which('apt-get') !== undefined
  const trouble = packages.length === 0 ? undefined : await obtain(packages, mayInstall, canInstall, signal)
  const isGiven = Boolean(process.env.CHROMIUM_PATH)
  if (canInstall && !isGiven && !which(shell)) await tryShell(signal)
  return { ...look(), trouble }
}

async function obtain(packages: string[], mayInstall: boolean, canInstall: boolean, signal: AbortSignal) {
  if (!mayInstall) return `not installed: ${packages.join(' ')} (a whole \`npm test\` installs them)`
  if (!canInstall) return `not installed, and only root on Debian or Ubuntu may be helped: ${packages.join(' ')}`
  return install(packages, signal)
}

/** It saves a minute and is needed by nobody: without a network or in a distribution that lacks it, all goes on as it was. */
async function tryShell(signal: AbortSignal): Promise<void> {
  const options = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=5', '-q', '-y', '--no-install-recommends']
  await aptGet([...options, 'install', shell], AbortSignal.any([signal, AbortSignal.timeout(shellWithinMs)]))
}

function look(): Omit<Programs, 'trouble'> {
  const given = process.env.CHROMIUM_PATH
  const chromium = given || firstOf(chromiumNames) || chromiumElsewhere.find((path) => existsSync(path))
  return { redis: firstOf(redisNames), chromium }
}

function firstOf(names: string[]): string | undefined {
  return names.map(which).find((path) => path !== undefined)
}

function which(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function install(packages: string[], signal: AbortSignal): Promise<string | undefined> {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  // Debian starts a service as soon as it is installed, unless this script says no (101).
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const options = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3', '-q', '-y']
    const updated = await aptGet([...options, 'update'], signal)
    const failed = await aptGet([...options, 'install', '--no-install-recommends', ...packages], signal)
    return (
      failed && `apt-get could not install ${packages.join(' ')}: ${failed}${updated ? ` (update: ${updated})` : ''}`
    )
  } finally {
    if (isOurs) rmSync(policy, { force: true })
  }
}

/** Undefined when it went well, else its last words. */
function aptGet(args: string[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(installWithinMs)])
    const child = spawn('apt-get', args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal: limit })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => resolve(code === 0 ? undefined : output.trim().split('\n').slice(-3).join(' / ')))
  })
}

export function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return stdout?.match(/\d+(\.\d+)+/)?.[0] ?? 'of unknown version'
}
