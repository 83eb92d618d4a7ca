import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSecrets } from '#platform/crypto.ts'

const entry = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const readyWithinMs = 60_000

/** The service as `npm start` runs it: one process, its own PostgreSQL with fsync on, workers and the sandbox in it. */
export interface AppProcess {
  pid: number
  port: number
  merchantId: string
  key: string
  databaseUrl: string
  postmasterPid: number
  webhookSecret: string
  sandbox: { port: number; key: string }
  startMs: number
  /** Freezes the process, so that a baseline on the same server has the machine to itself. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export const makeDir = async (): Promise<string> => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  await chmod(dir, 0o711) // as root, PostgreSQL runs under another user id and has to pass
  return dir
}

export const removeDir = (dir: string): void => rmSync(dir, { recursive: true, force: true })

/** As in package.json's `start`. */
const startArgs = ['--max-semi-space-size=8']

export const startApp = async (
  dir: string,
  nodeArgs: readonly string[] = startArgs,
  env: Record<string, string> = {},
): Promise<AppProcess> => {
  const started = performance.now()
  const child = spawn(process.execPath, [...nodeArgs, entry], {
    cwd: dir,
    env: { PATH: process.env.PATH ?? '', PORT: '0', RATE_LIMIT_PER_SECOND: '1000000', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = await untilReady(child)
  const facts = readFacts(dir, output)
  const ready = await fetch(`http://127.0.0.1:${facts.port}/readyz`)
  if (ready.status !== 200) throw new Error(`/readyz answers ${ready.status}: ${await ready.text()}`)
  const startMs = performance.now() - started
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    ...facts,
    pid: child.pid ?? 0,
    startMs,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await exited
    },
  }
}

const untilReady = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      child.kill('SIGTERM')
      reject(new Error(`not ready after ${readyWithinMs} ms:\n${output}`))
    }, readyWithinMs)
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (!output.includes('Stop with Ctrl-C')) return
      clearTimeout(timer)
      resolve(output)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the service ended with ${code}:\n${output}`))
    })
  })

interface DemoFile {
  merchant: string
  keys: { service: string }
  api_base: string
  database_url: string
  webhook_secrets: { stripe: string }
}

const readFacts = (dir: string, output: string) => {
  const read = (name: string): string => readFileSync(join(dir, '.parley', name), 'utf8')
  const demo = JSON.parse(read('demo.json')) as DemoFile
  return {
    port: Number(new URL(demo.api_base).port),
    merchantId: demo.merchant,
    key: demo.keys.service,
    databaseUrl: demo.database_url,
    postmasterPid: Number(read('postgres/postmaster.pid').split('\n')[0]),
    webhookSecret: demo.webhook_secrets.stripe,
    sandbox: {
      port: Number(/sandbox at http:\/\/[^:]+:(\d+)/.exec(output)?.[1]),
      key: sandboxKey(read('secret').trim()),
    },
  }
}

/** Made the way the start makes it: the simulator's key is nowhere written down. */
const sandboxKey = (secret: string): string =>
  `sk_test_${createSecrets(secret).mac('sandbox key').toString('hex').slice(0, 32)}`
