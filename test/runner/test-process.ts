import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { followNotes, markOf, type Note } from './notes.ts'

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
const oneAfterAnother = fileURLToPath(new URL('./one-after-another.ts', import.meta.url))

/**
 * Runs files under Node's test runner, in one process with a process group of its own. `node --test` over all files is not used
 * because it only asks a hanging file to end, and then waits for it for ever. A result is told as soon as its file has ended. What a
 * file takes down with it begins again in another process: every file has a result, unless the run is interrupted.
 */
export async function runTestFiles(
  files: readonly string[],
  options: FileOptions,
  onResult: (result: FileResult) => void,
): Promise<void> {
  for (let left = files; left.length > 0 && !options.signal.aborted; ) {
    const told = await runOnce(left, options, onResult)
    left = left.filter((file) => !told.has(file))
  }
}

/** Gives the files that have a result: at least one. */
async function runOnce(files: readonly string[], options: FileOptions, onResult: (result: FileResult) => void) {
  const path = join(tmpdir(), `parley-test-${process.pid}-${Math.random().toString(36).slice(2)}.jsonl`)
  const notes = followNotes(path)
  const run: Run = { files, read: notes.read, output: '', told: new Set(), toldUntilMs: 0, onResult }
  try {
    const child = start(run, path, options)
    const watch = watchdog(child, run, options)
    const code = await finished(child, run)
    const complaint = watch.stop()
    killGroup(child)
    tellEnded(run)
    const file = current(run)
    if (!run.told.has(file)) tell(run, file, complaint ?? exitComplaint(code, run, file))
    return run.told
  } finally {
    notes.close()
    rmSync(path, { force: true })
  }
}

type Run = {
  files: readonly string[]
  read: () => Note[]
  output: string
  /** Those that have had their results. */
  told: Set<string>
  toldUntilMs: number
  onResult: (result: FileResult) => void
}

/** Alone, a file is to Node what it always is; several are suites, whose names a name pattern would match. */
function start({ files }: Run, events: string, { namePattern }: FileOptions): ChildProcess {
  const flags = [`--test-reporter=${reporter}`, `--test-reporter-destination=${events}`]
  if (namePattern !== undefined) flags.push(`--test-name-pattern=${namePattern}`)
  const entry = files.length === 1 ? [] : [oneAfterAnother]
  return spawn(process.execPath, [...flags, ...entry, ...files], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Kills a file that takes too long, or that is done with its tests but is kept alive by something it left open. */
function watchdog(child: ChildProcess, run: Run, options: FileOptions) {
  let complaint: string | undefined
  let lastCount = 0
  let lastChange = performance.now()
  let began = performance.now()
  const give = (reason: string) => {
    complaint ??= reason
    killGroup(child)
  }
  const tick = setInterval(() => {
    const now = performance.now()
    if (tellEnded(run)) began = now
    const notes = notesOf(run, current(run))
    const count = run.read().length
    if (count !== lastCount) [lastCount, lastChange] = [count, now]
    const running = stillRunning(notes)
    if (now - began > options.limitMs) give(`took longer than ${options.limitMs / 1000} s${duringWhat(running)}`)
    if (notes.length > 0 && running.length === 0 && now - lastChange > options.quietMs) give(leftOpen(run))
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

function finished(child: ChildProcess, run: Run): Promise<number | null> {
  return new Promise((resolve) => {
    const collect = (chunk: Buffer) => {
      run.output += chunk
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.on('error', (error) => {
      run.output += error
      resolve(1)
    })
    // Not 'close': a grandchild that inherited the pipes would keep them open.
    child.on('exit', (code) => setImmediate(() => resolve(code)))
  })
}

/** Tells of those that have ended, but not of the last: it has to wait for how the process ends. */
function tellEnded(run: Run): boolean {
  const ended = run.files.slice(0, -1).filter((file) => !run.told.has(file) && hasEnded(run, file))
  for (const file of ended) tell(run, file, undefined)
  return ended.length > 0
}

function tell(run: Run, file: string, complaint: string | undefined): void {
  const notes = notesOf(run, file)
  const failures = notes.filter((note) => note.kind === 'failed').map(({ name, detail }) => ({ name, detail }))
  const skips = notes.filter((note) => note.kind === 'skipped').map(({ name, reason }) => ({ name, reason }))
  const passed = notes.filter((note) => note.kind === 'passed').length
  const isEmpty = run.files.length > 1 && passed + failures.length + skips.length === 0
  const trouble = complaint ?? (isEmpty ? 'holds no tests' : undefined)
  if (trouble !== undefined) failures.push({ name: '(the file itself)', detail: trouble })
  const untilMs = notes.at(-1)?.atMs ?? run.toldUntilMs
  const ms = untilMs - run.toldUntilMs
  run.toldUntilMs = untilMs
  run.told.add(file)
  run.onResult({ file, passed, failures, skips, ms, output: outputOf(run, file) })
}

/** The last that has begun. A process that ends all at once may lose its notes of those before: they begin again. */
function current({ files, output }: Run): string {
  return files.findLast((file) => output.includes(markOf(file))) ?? files[0] ?? ''
}

function notesOf({ files, read }: Run, file: string): Note[] {
  return files.length === 1 ? read() : read().filter((note) => note.file === file)
}

function hasEnded(run: Run, file: string): boolean {
  return notesOf(run, file).some(({ kind }) => kind === 'end')
}

function outputOf({ files, output }: Run, file: string): string {
  const mark = files.length === 1 ? '' : markOf(file)
  const from = output.indexOf(mark)
  return from < 0 ? '' : (output.slice(from + mark.length).split('\u0001')[0] ?? '')
}

function exitComplaint(code: number | null, run: Run, file: string): string | undefined {
  if (!hasEnded(run, file)) return `ended (exit code ${code}) before its tests did, or holds none`
  const isTold = run.read().some(({ kind }) => kind === 'failed')
  return code !== 0 && !isTold ? `ended with exit code ${code}${among(run)}` : undefined
}

function leftOpen(run: Run): string {
  return `its tests are done but it does not end: a pool, a server or a timer is left open${among(run)}`
}

function among({ files }: Run): string {
  return files.length === 1
    ? ''
    : `, if not by one that ran before it in the same process: ${files.slice(0, -1).join(' ')}`
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

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
