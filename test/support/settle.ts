import { sql } from 'kysely'
import type { StripeSandbox } from '#sandbox/stripe/index.ts'
import type { App } from '../../src/app.ts'
import type { Work } from '../../src/app-work.ts'
import type { MovableClock } from './clock.ts'
import { until } from './until.ts'

interface Parts {
  app: App
  sandbox: StripeSandbox
  clock: MovableClock
  work: () => Work | undefined
}

export interface SettleOptions {
  /** Moves the clock to whatever is planned for later (retries, look-ups) until nothing is planned any more. */
  throughTime?: boolean
}

const roundsMax = 200

/** Lets everything that is due happen: the provider's webhooks, jobs, sweeps, the outbox, notifications. */
export const createSettle =
  (parts: Parts) =>
  async ({ throughTime = false }: SettleOptions = {}): Promise<void> => {
    for (let round = 1; round <= roundsMax; round++) {
      await drainQueue(parts)
      const waiting = await readWaiting(parts.app)
      const now = parts.clock.now().getTime()
      const isDue = waiting.some((one) => one.at.getTime() <= now)
      if (isDue) {
        await needWork(parts).sweep()
        // The sweep looks only at an outbox that has waited; nobody waits here.
        await parts.app.services.events.drainOutbox()
        continue
      }
      const [next] = waiting
      if (!next || !throughTime) return void (await parts.app.services.sealer.seal())
      parts.clock.advance(next.at.getTime() - now + 1)
    }
    const left = await readWaiting(parts.app)
    throw new Error(`not quiet after ${roundsMax} rounds; still waiting: ${JSON.stringify(left.slice(0, 5))}`)
  }

const needWork = ({ work }: Parts): Work => {
  const started = work()
  if (!started) throw new Error('settle() needs workers: create the world with them or call startWork() first')
  return started
}

const drainQueue = async (parts: Parts): Promise<void> => {
  const { app, sandbox } = parts
  await sandbox.drainWebhooks()
  await app.queue.flush()
  if (!parts.work()) return
  await until('the queues to be empty', async () => {
    await app.queue.flush()
    return Object.values(await app.queue.depth()).every((count) => count === 0)
  })
}

interface Waiting {
  what: string
  at: Date
}

/** Everything in the tables that somebody has still to work on, the most urgent first. */
const readWaiting = async ({ db }: App): Promise<Waiting[]> => {
  const { rows } = await sql<Waiting>`
    select 'provider event ' || type as what, next_attempt_at as at from provider_events where state = 'received'
    union all select 'channel update ' || type, next_attempt_at from channel_updates where state = 'received'
    union all select 'operation ' || kind, next_attempt_at from operations where state in ('created', 'sent', 'unknown')
    union all select 'dispute ' || kind, next_attempt_at from dispute_operations where state in ('sent', 'unknown')
    union all select 'outbound ' || kind, next_attempt_at from outbound_operations where state in ('sent', 'unknown')
    union all select 'outbox', created_at from outbox
    union all select 'delivery', next_attempt_at from deliveries where state = 'pending'
    union all select 'message ' || kind, next_attempt_at from messages where next_attempt_at is not null
    order by at`.execute(db.maintenance)
  return rows
}
