import type { PoolClient } from 'pg'
import type { Sandbox } from '../sandbox.ts'
import type { AnyRow, Documents, Hidden, Kind, Row } from './documents.ts'
import { eventDocument } from './event-document.ts'
import { flush, type Pending } from './flush.ts'
import type { IdPrefix } from './ids.ts'
import { createReading, type Reading } from './reading.ts'

export type TaskName =
  | 'intent.settle'
  | 'intent.decline'
  | 'intent.expire'
  | 'charge.book'
  | 'refund.settle'
  | 'refund.fail'
  | 'dispute.open'
  | 'dispute.decide'
  | 'dispute.expire'
  | 'dispute.refunded'
  | 'payout.pay'
  | 'session.expire'

/** Who asked: goes into the `request` of every event that comes out of it. */
/** `account` undefined: that of the first object it reads. */
export type Origin = { requestId: string | null; idempotencyKey: string | null; account?: string }

/**
 * One unit of work: reads rows (locking those it will change), collects every write, and sends them as one statement
 * at the end. So a whole request costs a handful of round trips, and either all of its effects exist or none.
 */
export type Work = Reading & {
  sandbox: Sandbox
  /** Whose objects it sees; undefined until one is read. */
  account: { id: string | undefined }
  nowMs: number
  /** Seconds, as Stripe writes time. */
  now: number
  id(prefix: IdPrefix): string
  /** `account`: another than the one this work is about; '': the simulator's own. */
  insert<K extends Kind>(kind: K, doc: Documents[K], hidden: Hidden[K], account?: string): Row<K>
  changed(row: AnyRow): void
  emit(type: string, row: AnyRow, previous?: object): void
  schedule(name: TaskName, subject: string, afterMs: number): void
  remember(answer: StoredAnswer): void
  afterCommit(action: () => Promise<void>): void
}

export type StoredAnswer = { key: string; fingerprint: string; requestId: string; status: number; body: string }

export async function withWork<T>(sandbox: Sandbox, origin: Origin, body: (work: Work) => Promise<T>): Promise<T> {
  const pending: Pending = { rows: new Map(), events: [], tasks: [], answer: null, after: [] }
  const result = await commit(sandbox, origin, pending, body)
  for (const action of pending.after) await action()
  return result
}

async function commit<T>(
  sandbox: Sandbox,
  origin: Origin,
  pending: Pending,
  body: (work: Work) => Promise<T>,
): Promise<T> {
  const client = await sandbox.pool.connect()
  const session = { open: false }
  try {
    await sandbox.ids.ensure(client)
    const work = createWork(sandbox, origin, client, session, pending)
    const result = await body(work)
    const hasWritten = await flush(client, sandbox, pending, work.account.id ?? '')
    if (session.open) await client.query('commit')
    session.open = false
    if (hasWritten) sandbox.wake()
    return result
  } catch (error) {
    if (session.open) await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

function createWork(
  sandbox: Sandbox,
  origin: Origin,
  client: PoolClient,
  session: { open: boolean },
  pending: Pending,
): Work {
  const nowMs = sandbox.clock.nowMs()
  const now = Math.floor(nowMs / 1000)
  const seen = new Map<string, AnyRow>()
  const account = { id: origin.account }
  return {
    sandbox,
    account,
    nowMs,
    now,
    id: (prefix) => sandbox.ids.take(prefix),
    ...createReading(client, session, seen, account),
    insert<K extends Kind>(kind: K, doc: Documents[K], hidden: Hidden[K], owner?: string) {
      const of = owner === undefined ? {} : { account: owner }
      const row: Row<K> = { kind, id: (doc as { id: string }).id, doc, hidden, ...of }
      seen.set(row.id, row as AnyRow)
      pending.rows.set(row.id, row as AnyRow)
      return row
    },
    changed: (row) => void pending.rows.set(row.id, row),
    emit: (type, row, previous) =>
      void pending.events.push(
        eventDocument(sandbox, { ...origin, account: account.id ?? '' }, now, type, row.doc, previous),
      ),
    schedule: (name, subject, afterMs) => void pending.tasks.push({ name, subject, due_ms: nowMs + afterMs }),
    remember: (answer) => {
      pending.answer = { ...answer, created: now }
    },
    afterCommit: (action) => void pending.after.push(action),
  }
}
