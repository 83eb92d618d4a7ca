import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createApp } from '../../src/app.ts'
import { type Book, findBrokenInvariants } from '../support/invariants.ts'
import { until } from '../support/until.ts'
import type { ParleyProcess } from './parley-process.ts'
import { createStreet, type Promised, type Street, seeded } from './shoppers.ts'

const seed = Number(process.env.PARLEY_CHAOS_SEED ?? 20_261_122)
/** A long run sits out what a dead process has lent; the one in `npm test` has no time for that. */
export const isBounded = process.env.PARLEY_CHAOS_ROUNDS === undefined

export interface KillPlan {
  visits: number
  kills: number
  /** Answers between a start and the next kill: at least, at most. */
  answers: [number, number]
  loadMsMax: number
}

/** Load, kills, restarts; then quiet, and every promise is held against the books. Returns what happened in a line. */
export const runKills = async (parley: ParleyProcess, plan: KillPlan): Promise<string> => {
  const began = performance.now()
  await using receiver = await openReceiver()
  await register(parley, receiver.url)
  const street = createStreet(parley)
  const isLate = () => performance.now() - began > plan.loadMsMax
  const visits = goShopping(street, plan.visits, isLate)
  const killing = killAtRandom(parley, street, plan, () => visits.left() === 0 || isLate())
  const [killed, promised] = await Promise.all([killing, visits.done]).finally(() => street.close())
  const shoppedMs = performance.now() - began
  await untilQuiet(parley)
  await assertPromisesKept(parley, promised)
  await assertNoticed(parley, receiver.seen)
  assert.ok(killed > 0)
  const refunds = promised.reduce((sum, one) => sum + one.refunds.length, 0)
  return (
    `seed ${seed}: ${killed} kills, ${promised.length} payments, ${refunds} refunds, ${street.answers()} answers, ` +
    `${street.repeats()} repeats, ${(shoppedMs / 1000).toFixed(1)} s of load, ${((performance.now() - began) / 1000).toFixed(1)} s in all`
  )
}

const shoppersAtOnce = 40

const goShopping = (street: Street, count: number, isLate: () => boolean) => {
  let begun = 0
  let ended = 0
  const promised: Promised[] = []
  const shopper = async () => {
    for (let index = begun++; index < count && !isLate(); index = begun++) {
      promised.push(await street.shop(`visit-${index}`, seeded(seed + index)))
      ended++
    }
  }
  const done = Promise.all(Array.from({ length: shoppersAtOnce }, shopper)).then(() => promised)
  return { done, left: () => count - ended }
}

/** Right upon an answer, while a dozen others are at work; the seed says upon which. */
const killAtRandom = async (
  parley: ParleyProcess,
  street: Street,
  plan: KillPlan,
  isOver: () => boolean,
): Promise<number> => {
  const random = seeded(seed)
  const [least, most] = plan.answers
  let killed = 0
  while (killed < plan.kills && !isOver()) {
    const target = street.answers() + least + Math.floor(random() * (most - least))
    await until('enough answers', () => street.answers() >= target || isOver(), { withinMs: 300_000 })
    if (isOver()) break
    await parley.kill()
    killed++
    await parley.start()
  }
  return killed
}

const register = async (parley: ParleyProcess, url: string): Promise<void> => {
  const answer = await fetch(`${parley.url}/v1/webhook_endpoints`, {
    method: 'POST',
    headers: { authorization: `Bearer ${parley.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url, enabled_events: ['*'] }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

/** A service of the merchant's: keeps which events it has been told of. */
const openReceiver = async () => {
  const seen = new Set<string>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    seen.add(String(JSON.parse(Buffer.concat(chunks).toString()).id))
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const withDatabase = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const unfinished = `
  select 'operation ' || kind || ' ' || state as what from operations where state in ('created', 'sent', 'unknown')
  union all select 'provider event ' || type from provider_events where state = 'received'
  union all select 'refund ' || status from refunds where status in ('pending', 'requires_action')
  union all select 'delivery' from deliveries where state = 'pending'
  union all select 'outbox' from outbox
  union all select 'webhook' from sandbox_stripe.delivery where state = 'pending'`

/** Nothing is left to do. What a dead process held is lent for half a minute; the bounded run does not sit that out. */
const untilQuiet = async (parley: ParleyProcess): Promise<void> => {
  await withDatabase(parley.databaseUrl, async (client) => {
    let left: string[] = []
    const isQuiet = async () => {
      if (isBounded) await endLeases(client)
      await client.query('set role parley_maintenance')
      const readable = unfinished
        .split('union all')
        .filter((part) => !part.includes('sandbox_stripe'))
        .join('union all')
      const { rows } = await client.query<{ what: string }>(readable)
      await client.query('reset role')
      const webhooks = await client.query(`select from sandbox_stripe.delivery where state = 'pending'`)
      left = [...rows.map((row) => row.what), ...webhooks.rows.map(() => 'webhook')]
      return left.length === 0
    }
    await until('everything to be worked off', isQuiet, { withinMs: isBounded ? 60_000 : 300_000 }).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(left.slice(0, 20))}\n${parley.output().slice(-3000)}`)
    })
  })
}

const endLeases = async (client: pg.Client): Promise<void> => {
  await client.query('begin')
  await client.query('set local role parley_maintenance')
  await client.query(
    `update provider_events set next_attempt_at = now() where state = 'received' and next_attempt_at > now()`,
  )
  const { rows } = await client.query<{ merchant_id: string }>('select merchant_id from merchants')
  await client.query('set local role parley_app')
  await client.query(`select set_config('parley.merchants', $1, true)`, [rows.map((row) => row.merchant_id).join(',')])
  await client.query(
    `update operations set next_attempt_at = now() where state in ('sent', 'unknown') and next_attempt_at > now()`,
  )
  await client.query(
    `update deliveries set next_attempt_at = now() where state = 'pending' and next_attempt_at > now()`,
  )
  await client.query('commit')
}

interface TaggedBook extends Book {
  payment_intents: (Book['payment_intents'][number] & { metadata: Record<string, string> })[]
}

/** Every acknowledged command is in the provider's book exactly once, and our ledger says the same. */
const assertPromisesKept = async (parley: ParleyProcess, promised: readonly Promised[]): Promise<void> => {
  const answer = await fetch(`${parley.sandboxUrl}/_sandbox/book`, {
    headers: { authorization: `Bearer ${parley.sandboxKey}` },
  })
  const book = (await answer.json()) as TaggedBook
  const byIntent = Map.groupBy(book.payment_intents, (one) => one.metadata.parley_payment_intent)
  for (const one of promised) {
    const theirs = byIntent.get(one.id) ?? []
    const sum = (name: 'captured' | 'refunded') => theirs.reduce((total, row) => total + row[name], 0)
    const got = { captured: sum('captured'), refunded: sum('refunded'), status: await statusOf(parley, one.id) }
    assert.deepEqual(got, { captured: one.captured, refunded: one.refunded, status: one.status }, one.name)
  }
  const app = await createApp({
    databaseUrl: parley.databaseUrl,
    databasePoolMax: 4,
    queueUrl: parley.databaseUrl,
    secret: 'a secret of at least thirty-two characters',
    publicUrl: parley.url,
    logLevel: 'silent',
    rateLimitPerSecond: 1000,
    workerConcurrency: 1,
    fourEyes: true,
    exports: { kind: 'folder', path: join(tmpdir(), `parley-exports-${randomUUID()}`) },
    allowPrivateWebhooks: true,
    stripe: { secretKey: parley.sandboxKey, webhookSecrets: ['whsec_unused_here'], apiBase: parley.sandboxUrl },
  })
  try {
    assert.deepEqual(await findBrokenInvariants(app, book), [])
  } finally {
    await app.close()
  }
}

const statusOf = async (parley: ParleyProcess, id: string): Promise<string> => {
  const answer = await fetch(`${parley.url}/v1/payment_intents/${id}`, {
    headers: { authorization: `Bearer ${parley.key}` },
  })
  return String((await answer.json()).status)
}

/** The merchant's service has been told of every event at least once. */
const assertNoticed = async (parley: ParleyProcess, seen: ReadonlySet<string>): Promise<void> => {
  const { rows } = await withDatabase(parley.databaseUrl, async (client) => {
    await client.query('set role parley_maintenance')
    return client.query<{ state: string; count: string }>('select state, count(*) from deliveries group by state')
  })
  const told = Object.fromEntries(rows.map((row) => [row.state, Number(row.count)]))
  assert.deepEqual(told, { succeeded: seen.size })
}
