import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestDatabase } from './sandbox-database.ts'
import { createClient, createReceiver, pay, WEBHOOK_SECRET } from './stripe-world.ts'

test('killed in the middle, the simulator finishes its webhooks and settlements in the next life', async () => {
  await using database = await createTestDatabase()
  await using receiver = await createReceiver()
  const start = (webhookUrl: string, settleMs: number) =>
    startProcess([database.url, webhookUrl, WEBHOOK_SECRET, String(settleMs)])

  // Nobody listens at this address, so nothing is delivered in the first life.
  await using first = await start('http://127.0.0.1:9/', 300)
  const stripe = createClient(first.port)
  const card = await stripe.paymentIntents.create(pay())
  const debit = await stripe.paymentIntents.create(pay({ payment_method: 'pm_sepa_debit' }))
  // Some requests are cut off by the kill: each of them happened as a whole or not at all.
  const cutOff = Array.from({ length: 40 }, (_, index) =>
    stripe.paymentIntents.create(pay({ amount: 1000 + index })).catch(() => null),
  )
  await Promise.race(cutOff)
  first.process.kill('SIGKILL')
  await Promise.all([once(first.process, 'exit'), ...cutOff])

  await using second = await start(receiver.url, 300)
  const again = createClient(second.port)
  const deadline = Date.now() + 20_000
  const has = (type: string, id: string) =>
    receiver.events.some((event) => event.type === type && JSON.stringify(event.data.object).includes(id))
  // Asking the simulator comes first: it lets this process, which is also the receiver, take a breath.
  const expected = async () =>
    (await again.events.list({ limit: 100 })).data.every(({ pending_webhooks }) => pending_webhooks === 0) &&
    has('payment_intent.succeeded', card.id) &&
    has('payment_intent.succeeded', debit.id)
  while (!(await expected())) assert.ok(Date.now() < deadline, 'webhooks or the settlement are missing')

  for await (const intent of again.paymentIntents.list({ limit: 100, expand: ['data.latest_charge'] })) {
    assert.equal(intent.status, 'succeeded')
    const { data } = await again.balanceTransactions.list({
      source: String((intent.latest_charge as { id: string }).id),
    })
    assert.deepEqual(
      data.map(({ amount }) => amount),
      [intent.amount],
    )
  }
})

async function startProcess(args: string[]): Promise<AsyncDisposable & { process: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'stripe-sandbox-process.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    process: child,
    port: Number(line),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

test('two simulators may start on an empty database at once', async () => {
  await using database = await createTestDatabase()
  await using receiver = await createReceiver()
  const start = () => startProcess([database.url, receiver.url, WEBHOOK_SECRET, '300'])
  const [first, second] = await Promise.all([start(), start()])
  await using _first = first
  await using _second = second
  const [a, b] = await Promise.all([first, second].map(({ port }) => createClient(port).paymentIntents.create(pay())))
  assert.notEqual(a?.id, b?.id)
})
