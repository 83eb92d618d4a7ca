import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process that has ended but that nobody has waited for (a container's PID 1 may never do so) counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return linuxStat(pid)?.[0] !== 'Z'
}

/** Tells two processes apart that had the same pid one after the other; undefined where the system offers no cheap answer. */
export function startIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const startedTicks = linuxStat(pid)?.[19]
    return startedTicks && `${read('/proc/sys/kernel/random/boot_id').trim()}:${startedTicks}`
  }
  return ps(pid, 'lstart=') || undefined
}

export function commandLine(pid: number): string {
  return process.platform === 'linux' ? read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') : ps(pid, 'command=')
}

/** Fields of /proc/<pid>/stat after the command name, which may itself hold spaces and brackets. */
function linuxStat(pid: number): string[] | undefined {
  if (process.platform !== 'linux') return undefined
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function ps(pid: number, field: string): string {
  if (process.platform === 'win32') return ''
  try {
    return execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
