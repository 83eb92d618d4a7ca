import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from './statistics.ts'

export interface Baseline {
  name: string
  run(seconds: number): Promise<BaselineResult>
}

export interface BaselineResult {
  perSecond: number
  p50: number
  p99: number
}

/** From PATH, or where Debian keeps it; undefined when PostgreSQL's contrib programs are not installed. */
export const findPgbench = (): string | undefined => {
  const root = '/usr/lib/postgresql'
  const versions = readFolder(root).sort((a, b) => Number(b) - Number(a))
  const candidates = ['pgbench', ...versions.map((version) => join(root, version, 'bin', 'pgbench'))]
  return candidates.find((file) => spawnSync(file, ['--version']).status === 0)
}

const readFolder = (path: string): string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

export interface Script {
  /** One transaction, sent in one round trip by `\startpipeline`. */
  text: string
  /** Sent as parameters with every transaction, as any writer has to. */
  values: Record<string, string>
}

export const createPgbench = (
  program: string,
  options: { databaseUrl: string; role: string; clients: number; script: Script },
): Baseline => ({
  name: `pgbench, ${options.clients} clients`,
  run: (seconds) => runPgbench(program, options, seconds),
})

const runPgbench = async (
  program: string,
  { databaseUrl, role, clients, script }: Parameters<typeof createPgbench>[1],
  seconds: number,
): Promise<BaselineResult> => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-pgbench-'))
  try {
    writeFileSync(join(dir, 'script.sql'), script.text)
    const url = new URL(databaseUrl)
    const values = Object.entries(script.values).flatMap(([name, value]) => ['-D', `${name}=${value}`])
    const threads = String(Math.min(clients, availableParallelism()))
    const load = ['-c', String(clients), '-j', threads, '-T', String(seconds)]
    const args = ['-n', '-M', 'prepared', ...load, '-f', 'script.sql', '-l', '--sampling-rate=0.2', ...values]
    const child = spawn(
      program,
      [...args, '-h', url.hostname, '-p', url.port, '-U', url.username, url.pathname.slice(1)],
      {
        cwd: dir,
        env: {
          PATH: process.env.PATH ?? '',
          PGPASSWORD: url.password,
          PGOPTIONS: `-c role=${role} -c search_path=public`,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    const perSecond = Number(/tps = ([\d.]+) \(without initial/.exec(output)?.[1])
    if (code !== 0 || !/failed transactions: 0 /.test(output)) throw new Error(`pgbench failed (${code}):\n${output}`)
    return { perSecond, ...readLatencies(dir) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** `client transaction microseconds script seconds microseconds`, one line per sampled transaction. */
const readLatencies = (dir: string): { p50: number; p99: number } => {
  const files = readdirSync(dir).filter((name) => name.startsWith('pgbench_log'))
  const lines = files.flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
  const times = lines.map((line) => Number(line.split(' ')[2]) / 1000)
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}
