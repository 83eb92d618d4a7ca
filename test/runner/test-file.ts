import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Note } from './reporter.ts'

export type FileResult = {
  file: string
  passed: number
  failures: { name: string; detail: string }[]
  skips: { name: string; reason: string }[]
  ms: number
  output: string
}

export type FileOptions = { limitMs: number; quietMs: number; namePattern?: string | undefined; signal: AbortSignal }

const reporter = fileURLToPath(new URL('./reporter.ts', import.meta.url))

/**
 * Runs one file under Node's test runner, in a process group of its own. `node --test` over all files is not used because it only
 * asks a hanging file to end, and then waits for it for ever.
 */
export async function runTestFile(file: string, options: FileOptions): Promise<FileResult> {
  const events = join(tmpdir(), `parley-test-${process.pid}-${Math.random().toString(36).slice(2)}.jsonl`)
  const started = performance.now()
  try {
    const child = start(file, events, options)
    const watch = watchdog(child, events, started, options)
    const { code, output } = await finished(child)
    const complaint = watch.stop()
    killGroup(child)
    const notes = readNotes(events)
    return {
      file,
      ...tally(notes, complaint ?? exitComplaint(code, notes)),
      ms: performance.now() - started,
      output,
    }
  } finally {
    rmSync(events, { force: true })
  }
}

function start(file: string, events: string, { namePattern }: FileOptions): ChildProcess {
  const flags = [`--test-reporter=${reporter}`, `--test-reporter-destination=${events}`]
  if (namePattern !== undefined) flags.push(`--test-name-pattern=${namePattern}`)
  return spawn(process.execPath, [...flags, file], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Kills a file that takes too long, or that is done with its tests but is kept alive by something it left open. */
function watchdog(child: ChildProcess, events: string, started: number, options: FileOptions) {
  let complaint: string | undefined
  let lastCount = 0
  let lastChange = performance.now()
  const give = (reason: string) => {
    complaint ??= reason
    killGroup(child)
  }
  const tick = setInterval(() => {
    const notes = readNotes(events)
    const now = performance.now()
    if (notes.length !== lastCount) [lastCount, lastChange] = [notes.length, now]
    const running = stillRunning(notes)
    if (now - started > options.limitMs) give(`took longer than ${options.limitMs / 1000} s${duringWhat(running)}`)
    if (notes.length > 0 && running.length === 0 && now - lastChange > options.quietMs) {
      give('its tests are done but it does not end: a pool, a server or a timer is left open')
    }
  }, 200)
  const abort = () => give('interrupted')
  options.signal.addEventListener('abort', abort)
  if (options.signal.aborted) abort()
  const stop = () => {
    clearInterval(tick)
    options.signal.removeEventListener('abort', abort)
    return complaint
  }
  return { stop }
}

function finished(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.on('error', (error) => resolve({ code: 1, output: String(error) }))
    // Not 'close': a grandchild that inherited the pipes would keep them open.
    child.on('exit', (code) => setImmediate(() => resolve({ code, output })))
  })
}

function tally(notes: Note[], complaint: string | undefined): Pick<FileResult, 'passed' | 'failures' | 'skips'> {
  const failures = notes.filter((note) => note.kind === 'failed')
  if (complaint !== undefined) failures.push({ kind: 'failed', name: '(the file itself)', detail: complaint })
  const passed = notes.filter((note) => note.kind === 'passed').length
  return { passed, failures, skips: notes.filter((note) => note.kind === 'skipped') }
}

function exitComplaint(code: number | null, notes: Note[]): string | undefined {
  if (!notes.some(({ kind }) => kind === 'end')) return `ended (exit code ${code}) before its tests did, or holds none`
  return code !== 0 && !notes.some(({ kind }) => kind === 'failed') ? `ended with exit code ${code}` : undefined
}

function stillRunning(notes: Note[]): string[] {
  const running: string[] = []
  for (const note of notes) {
    if (note.kind === 'running') running.push(note.name)
    if (note.kind === 'done' && running.includes(note.name)) running.splice(running.lastIndexOf(note.name), 1)
  }
  return running
}

function duringWhat(running: string[]): string {
  return running.length === 0 ? '' : `, in: ${running.join(' › ')}`
}

function readNotes(path: string): Note[] {
  if (!existsSync(path)) return []
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map((line): Note => JSON.parse(line))
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
