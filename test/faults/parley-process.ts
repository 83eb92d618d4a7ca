import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSecrets } from '#platform/crypto.ts'
import { until } from '../support/until.ts'

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface ParleyProcess extends AsyncDisposable {
  url: string
  sandboxUrl: string
  /** The demo merchant's secret key. */
  key: string
  sandboxKey: string
  /** Where the process keeps its data. */
  databaseUrl: string
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** What it has written to stdout and stderr since the last start. */
  output(): string
}

/** The real thing as a child: database (unless one is given), API, workers and simulator in one process. */
export const createParleyProcess = async (databaseUrl?: string): Promise<ParleyProcess> => {
  const cwd = await mkdtemp(join(tmpdir(), 'parley-killed-'))
  const [port, sandboxPort] = await freePorts()
  const url = `http://127.0.0.1:${port}`
  const env = {
    PATH: process.env.PATH,
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    PUBLIC_URL: url,
    LOG_LEVEL: 'warn',
    ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  }
  let child: ChildProcess | undefined
  let output = ''
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  const start = async (): Promise<void> => {
    output = ''
    const born = spawn(process.execPath, [entry], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    child = born
    const keep = (chunk: Buffer) => {
      output += chunk
    }
    born.stdout.on('data', keep)
    born.stderr.on('data', keep)
    const isUp = async () => {
      if (born.exitCode !== null) throw new Error(`it ended by itself (${born.exitCode}):\n${output}`)
      return output.includes('Parley is ready')
    }
    await until('the process to be ready', isUp, { withinMs: 60_000 })
  }
  await start()
  const demo = JSON.parse(await readFile(join(cwd, '.parley', 'demo.json'), 'utf8'))
  const secret = (await readFile(join(cwd, '.parley', 'secret'), 'utf8')).trim()
  return {
    url,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    key: String(demo.keys.service),
    sandboxKey: `sk_test_${createSecrets(secret).mac('sandbox key').toString('hex').slice(0, 32)}`,
    databaseUrl: String(demo.database_url),
    kill: () => kill(),
    start,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      // An embedded database is left in order only by an orderly end.
      await kill(databaseUrl === undefined ? 'SIGTERM' : 'SIGKILL')
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

const freePorts = async (): Promise<[number, number]> => {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address ? address.port : 0
    }),
  )
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return [ports[0] ?? 0, ports[1] ?? 0]
}
