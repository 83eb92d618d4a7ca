import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type Redis = AsyncDisposable & { url: string }

/** In memory, on loopback, and never dropping a key to make room: BullMQ would lose jobs. */
export async function startRedis(program: string): Promise<Redis> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'no']
    const child = spawn(program, [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore', detached: true })
    child.on('error', () => undefined)
    if (await answers(port, child))
      return { url: `redis://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => stop(child, dir) }
    await stop(child, attempt < 3 ? undefined : dir)
    if (attempt === 3) throw new Error(`${program} does not start`)
  }
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 250 && child.exitCode === null; tries++) {
    if (await pings(port)) return true
    await sleep(20)
  }
  return false
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const finish = (isUp: boolean) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.on('data', (data) => finish(data.toString().startsWith('+PONG')))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}

async function stop(child: ChildProcess, dir: string | undefined): Promise<void> {
  const isRunning = child.exitCode === null && child.signalCode === null && child.pid !== undefined
  if (isRunning) {
    const exit = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exit
  }
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
