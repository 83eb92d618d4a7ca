import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createClient, createWorld, order, type World } from './wechatpay-world.ts'

const PAY = '/v3/pay/transactions'
const HOUR = 3_600_000
/** The fifteen pauses of https://pay.weixin.qq.com/doc/v3/merchant/4012071382, in seconds. */
const PAUSES = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600]
let world: World
before(async () => {
  // Time stands still, so that "not before" can be told to the millisecond.
  const now = Date.now()
  world = await createWorld({ notifyTimeoutMs: 1000, now: () => now })
})
after(() => world[Symbol.asyncDispose]())

const place = (no: string) => world.client.ok('POST', `${PAY}/native`, order(world, no))
const pay = async (no: string) => {
  await place(no)
  await world.sandbox.control('POST', `orders/${no}/pay`)
}
const query = (no: string) => `${PAY}/out-trade-no/${no}?mchid=${world.sandbox.credentials.mchid}`
const plan = (fault: string, path?: string) =>
  world.sandbox.control('POST', 'faults', { fault, ...(path ? { match: { path } } : {}) })
const book = async () =>
  (await world.sandbox.control('GET', 'book')) as {
    notifications: { subject: string; attempts: number; delivered: number; pending: number; failed: number }[]
    effects: { subject: string; effect: string; count: number }[]
    probes: { sent: number; answered_wrongly: number }
  }
const told = async (no: string) => (await book()).notifications.find(({ subject }) => subject === no)

test('what is not thanked for is told again, fifteen times over a day, then no more', async () => {
  world.receiver.answers.push(...Array.from({ length: 16 }, (_, index) => [500, 404, 302][index % 3] ?? 500))
  await pay('retry-01')
  await world.arrived()
  for (const [index, seconds] of PAUSES.entries()) {
    assert.equal((await told('retry-01'))?.attempts, index + 1)
    await world.advance(seconds * 1000 - 1)
    assert.equal((await told('retry-01'))?.attempts, index + 1, `not before ${seconds} s`)
    await world.advance(1)
  }
  await world.advance(48 * HOUR)
  const end = await told('retry-01')
  assert.deepEqual([end?.attempts, end?.delivered, end?.failed, end?.pending], [16, 0, 1, 0])
  await world.sandbox.control('POST', 'orders/retry-01/notify')
  assert.equal((await world.arrived()).length, 1)
})

test('200 and 204 are thanks; silence for too long is none', async () => {
  world.receiver.answers.push(0, 200)
  await pay('silent-1')
  assert.deepEqual(await world.arrived(), [])
  await world.advance(15_000)
  const [once] = await world.arrived()
  assert.equal(once?.resource.out_trade_no, 'silent-1')
  assert.deepEqual([(await told('silent-1'))?.attempts, (await told('silent-1'))?.delivered], [2, 1])
})

test('notifications can be doubled, dropped, delayed and reordered', async () => {
  await plan('notify_duplicate', 'TRANSACTION.*')
  await pay('double-1')
  const [first, second, ...rest] = await world.arrived()
  assert.deepEqual([first?.id, rest.length], [second?.id, 0])
  await plan('notify_drop')
  await pay('dropped-1')
  assert.deepEqual(await world.arrived(), [])
  await plan('notify_delay:60000')
  await pay('delayed-1')
  await plan('notify_reorder')
  await pay('second-1')
  await pay('first-1')
  assert.deepEqual(
    (await world.arrived()).map(({ resource }) => resource.out_trade_no),
    ['first-1'],
  )
  await world.advance(60_000)
  assert.deepEqual(
    (await world.arrived()).map(({ resource }) => resource.out_trade_no),
    ['second-1', 'delayed-1'],
  )
})

test('a signature probe must be refused, and the book knows who does not', async () => {
  await plan('notify_probe')
  await pay('probe-01')
  assert.equal((await world.arrived()).length, 1)
  assert.deepEqual([world.receiver.probes, (await book()).probes], [1, { sent: 1, answered_wrongly: 0 }])
  world.receiver.isGullible = true
  assert.deepEqual(await world.sandbox.control('POST', 'probes', { subject: 'probe-01' }), {
    sent: 2,
    answered_wrongly: 1,
  })
  world.receiver.isGullible = false
  await world.restart({ probeRate: 1 })
  await pay('probe-02')
  assert.equal((await world.arrived()).length, 1)
  assert.deepEqual((await book()).probes, { sent: 3, answered_wrongly: 1 })
  await world.restart()
})

test('faults of answers: the work is done or not, and the same number says which', async () => {
  const header = (fault: string) => ({ 'wechatpay-sandbox-fault': fault })
  const body = order(world, 'fault-01')
  const target = `${PAY}/native`
  assert.equal(await world.client.refused('POST', target, body, header('error_500')), '500 SYSTEM_ERROR')
  assert.equal(await world.client.refused('GET', query('fault-01')), '404 ORDER_NOT_EXIST')
  assert.equal(await world.client.refused('POST', target, body, header('rate_limit')), '429 FREQUENCY_LIMITED')
  await assert.rejects(world.client.call('POST', target, body, header('lost_answer')), /fetch failed/)
  const answer = await world.client.ok('POST', target, body)
  assert.equal(await world.client.refused('POST', target, body, header('error_after')), '500 SYSTEM_ERROR')
  assert.deepEqual((await world.client.call('POST', target, body, header('delay:5'))).body, answer)
  const probed = await world.client.call('POST', target, body, header('bad_signature'))
  assert.match(probed.headers.get('wechatpay-signature') ?? '', /^WECHATPAY\/SIGNTEST\//)
  await plan('error_after', '*/close')
  const close = { mchid: body.mchid }
  assert.equal(await world.client.refused('POST', `${PAY}/out-trade-no/fault-01/close`, close), '500 SYSTEM_ERROR')
  assert.equal((await world.client.ok('GET', query('fault-01'))).trade_state, 'CLOSED')
  const effects = (await book()).effects.filter(({ subject }) => subject === 'fault-01')
  assert.deepEqual(
    effects.map(({ effect, count }) => [effect, count]),
    [
      ['order.created', 1],
      ['order.closed', 1],
    ],
  )
  await assert.rejects(plan('nonsense'), /Unknown fault/)
})

test('the controls take the control key, and no other', async () => {
  const get = (authorization: string) => fetch(`${world.sandbox.url}/_sandbox/book`, { headers: { authorization } })
  assert.equal((await get('Bearer wrong')).status, 401)
  assert.equal((await get(`Bearer ${world.sandbox.controlKey}`)).status, 200)
})

test('the same seed gives the same numbers, and a reset begins again', async () => {
  const run = async () => {
    await world.sandbox.control('POST', 'reset')
    const { code_url: code } = await place('same-001')
    const { transaction_id: id } = await world.sandbox.control('POST', 'orders/same-001/pay')
    const [news] = await world.arrived()
    return [code, id, news?.id]
  }
  assert.deepEqual(await run(), await run())
  assert.equal((await book()).notifications.length, 1)
})

test('killed in the middle, the simulator keeps its keys and tells what it owes in the next life', async () => {
  await world.sandbox.close()
  const { mchid } = world.sandbox.credentials
  await using first = await startProcess()
  assert.deepEqual(first.keys, world.sandbox.credentials)
  const client = createClient(`http://127.0.0.1:${first.port}`, first.keys)
  await client.ok('POST', `${PAY}/native`, order(world, 'killed-1'))
  await first.control('faults', { fault: 'notify_delay:60000' })
  await first.control('orders/killed-1/pay', {})
  const cutOff = Array.from({ length: 20 }, (_, index) =>
    client.call('POST', `${PAY}/native`, order(world, `killed-x${index}`)).catch(() => null),
  )
  await Promise.race(cutOff)
  first.process.kill('SIGKILL')
  await Promise.all([once(first.process, 'exit'), ...cutOff])
  assert.equal(world.receiver.told.length, 0)

  await using second = await startProcess()
  const again = createClient(`http://127.0.0.1:${second.port}`, second.keys)
  assert.equal((await again.ok('GET', `${PAY}/out-trade-no/killed-1?mchid=${mchid}`)).trade_state, 'SUCCESS')
  for (let index = 0; index < 20; index++) {
    // Each order that was cut off exists as a whole or not at all: either way it can be asked for again.
    await again.ok('POST', `${PAY}/native`, order(world, `killed-x${index}`))
  }
  await second.control('advance', { ms: 60_000 })
  assert.deepEqual(
    world.receiver.told.map(({ resource }) => resource.out_trade_no),
    ['killed-1'],
  )
  const { effects } = await second.control<Awaited<ReturnType<typeof book>>>('book')
  const created = effects.filter(({ subject, effect }) => subject.startsWith('killed-') && effect === 'order.created')
  assert.deepEqual([created.length, new Set(created.map(({ count }) => count))], [21, new Set([1])])
})

type Process = AsyncDisposable & {
  process: ChildProcess
  port: number
  keys: World['sandbox']['credentials']
  control<T>(path: string, body?: object): Promise<T>
}

/** The simulator in a process of its own, on the same database. */
const startProcess = async (): Promise<Process> => {
  const file = join(import.meta.dirname, 'wechatpay-sandbox-process.ts')
  const child = spawn(process.execPath, [file, world.databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { port, keys, controlKey } = JSON.parse(line.toString())
  return {
    process: child,
    port,
    keys,
    async control<T>(path: string, body?: object) {
      const response = await fetch(`http://127.0.0.1:${port}/_sandbox/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${controlKey}` },
        body: body ? JSON.stringify(body) : null,
      })
      return (await response.json()) as T
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
