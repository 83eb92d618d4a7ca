import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface Verdict {
  readonly isGood: boolean
  readonly stdout: string
  /** Everything it said, for the message of an assertion. */
  readonly said: string
}

/** For node:test's `skip`: which of the programs is not installed here. */
export const lacking = (...programs: readonly string[]): string | false => {
  const missing = programs.filter((program) => !isInstalled(program))
  return missing.length > 0 && `needs ${missing.join(', ')}`
}

/** Runs a program of the system; `{file}` in its arguments is a file of its own with this content. */
export const runTool = (program: string, args: readonly string[], content: string | Uint8Array = ''): Verdict => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-tool-'))
  try {
    const file = join(folder, 'input')
    writeFileSync(file, content)
    const { status, stdout, stderr, error } = spawnSync(
      program,
      args.map((arg) => arg.replace('{file}', file)),
      { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 1 << 28, timeout: 60_000 },
    )
    return { isGood: status === 0, stdout, said: `${program} ended with ${status ?? error}\n${stdout}${stderr}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((path) => {
    try {
      accessSync(join(path, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
