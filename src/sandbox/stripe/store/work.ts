import type { PoolClient } from 'pg'
import { resourceMissing } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import type { AnyRow, Documents, Hidden, Kind, Row } from './documents.ts'
import { eventDocument } from './event-document.ts'
import { flush, type Pending } from './flush.ts'
import type { IdPrefix } from './ids.ts'

export type TaskName =
  | 'intent.settle'
  | 'intent.decline'
  | 'intent.expire'
  | 'refund.settle'
  | 'refund.fail'
  | 'dispute.open'
  | 'dispute.decide'
  | 'payout.pay'
  | 'session.expire'

/** Who asked: goes into the `request` of every event that comes out of it. */
export type Origin = { requestId: string | null; idempotencyKey: string | null }

/**
 * One unit of work: reads rows (locking those it will change), collects every write, and sends them as one statement
 * at the end. So a whole request costs a handful of round trips, and either all of its effects exist or none.
 */
export type Work = {
  sandbox: Sandbox
  nowMs: number
  /** Seconds, as Stripe writes time. */
  now: number
  id(prefix: IdPrefix): string
  find<K extends Kind>(kind: K, id: string): Promise<Row<K> | undefined>
  get<K extends Kind>(kind: K, id: string, param?: string, status?: number): Promise<Row<K>>
  /** Reads under a row lock. Order, to be free of deadlocks: session, intent or setup intent, then the rest. */
  lock<K extends Kind>(kind: K, id: string, param?: string, status?: number): Promise<Row<K>>
  insert<K extends Kind>(kind: K, doc: Documents[K], hidden: Hidden[K]): Row<K>
  changed(row: AnyRow): void
  emit(type: string, row: AnyRow, previous?: object): void
  schedule(name: TaskName, subject: string, afterMs: number): void
  remember(answer: StoredAnswer): void
  /** For reads that are not by id: lists, sums. Sees what is committed plus nothing of this work. */
  query<T extends object>(sql: string, values: unknown[]): Promise<T[]>
  /** Runs a statement inside the transaction, locking what it must. */
  exclusive(sql: string, values: unknown[]): Promise<void>
  /** Takes a task out of the list, for the process that gets it first. */
  claimTask(id: string): Promise<boolean>
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
    const result = await body(createWork(sandbox, origin, client, session, pending))
    const hasWritten = await flush(client, sandbox, pending)
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
  const seen = new Map<string, AnyRow>()
  const nowMs = sandbox.clock.nowMs()
  const now = Math.floor(nowMs / 1000)

  const begin = async () => {
    if (session.open) return
    session.open = true
    await client.query('begin')
  }
  const read = async (kind: Kind, id: string, isLocking: boolean) => {
    const { rows } = await client.query<AnyRow>({
      name: isLocking ? 'lock-object' : 'read-object',
      text: `select kind, id, doc, hidden from sandbox_stripe.object where id = $1 and kind = $2${isLocking ? ' for update' : ''}`,
      values: [id, kind],
    })
    const row = rows[0]
    if (row) seen.set(id, row)
    return row
  }

  const work: Work = {
    sandbox,
    nowMs,
    now,
    id: (prefix) => sandbox.ids.take(prefix),
    async find<K extends Kind>(kind: K, id: string) {
      const known = seen.get(id) ?? (await read(kind, id, false))
      return known?.kind === kind ? (known as Row<K>) : undefined
    },
    async get<K extends Kind>(kind: K, id: string, param = 'id', status = 404) {
      const row = await work.find(kind, id)
      if (!row) throw resourceMissing(kind, id, param, status)
      return row
    },
    async lock<K extends Kind>(kind: K, id: string, param = 'id', status = 404) {
      await begin()
      const row = await read(kind, id, true)
      if (!row) throw resourceMissing(kind, id, param, status)
      return row as Row<K>
    },
    insert<K extends Kind>(kind: K, doc: Documents[K], hidden: Hidden[K]) {
      const row: Row<K> = { kind, id: (doc as { id: string }).id, doc, hidden }
      seen.set(row.id, row as AnyRow)
      pending.rows.set(row.id, row as AnyRow)
      return row
    },
    changed: (row) => void pending.rows.set(row.id, row),
    emit: (type, row, previous) =>
      void pending.events.push(eventDocument(sandbox, origin, now, type, row.doc, previous)),
    schedule: (name, subject, afterMs) => void pending.tasks.push({ name, subject, due_ms: nowMs + afterMs }),
    remember: (answer) => {
      pending.answer = { ...answer, created: now }
    },
    async query<T extends object>(sql: string, values: unknown[]) {
      return (await client.query<T>(sql, values)).rows
    },
    async exclusive(sql, values) {
      await begin()
      await client.query(sql, values)
    },
    async claimTask(id) {
      await begin()
      return (await client.query('delete from sandbox_stripe.task where id = $1', [id])).rowCount === 1
    },
    afterCommit: (action) => void pending.after.push(action),
  }
  return work
}
