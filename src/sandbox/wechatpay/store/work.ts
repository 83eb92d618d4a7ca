import type { PoolClient } from 'pg'
import type { Sandbox } from '../sandbox.ts'
import type { AnyRow, Documents, Kind, Row } from './documents.ts'
import { flush, type Pending } from './flush.ts'
import type { IdKind } from './ids.ts'
import { createNotification, type News } from './notification.ts'

export type TaskName = 'order.expire' | 'refund.settle' | 'transfer.cancel' | 'transfer.expire'

type Names = { wxid?: string; parent?: string }

/**
 * One unit of work: reads rows under a lock, collects every write, and sends them as one statement at the end. So either
 * all effects of a request exist or none.
 */
export type Work = {
  sandbox: Sandbox
  nowMs: number
  id(kind: IdKind): string
  /** Begins the transaction and waits for whoever works on the same thing. Order: order, refund, account. */
  lock(what: string): Promise<void>
  find<K extends Kind>(kind: K, id: string): Promise<Row<K> | undefined>
  findByWxid<K extends Kind>(kind: K, wxid: string): Promise<Row<K> | undefined>
  /** Sees what is committed, not what this work is about to write. */
  query<T extends object>(sql: string, values: unknown[]): Promise<T[]>
  put<K extends Kind>(kind: K, id: string, mchid: string, doc: Documents[K], names?: Names): Row<K>
  changed(row: AnyRow): void
  effect(mchid: string, subject: string, effect: string): void
  notify(news: News): void
  schedule(name: TaskName, subject: string, dueMs: number): void
  /** For what needs a connection of its own: waiting for one while holding one could wait for ever. */
  afterCommit(action: () => Promise<void>): void
  /** Takes a task out of the list, for the process that gets it first. */
  claimTask(id: string): Promise<boolean>
}

export async function withWork<T>(sandbox: Sandbox, body: (work: Work) => Promise<T>): Promise<T> {
  const pending: Pending = { rows: new Map(), effects: [], notifications: [], tasks: [], after: [] }
  const result = await commit(sandbox, pending, body)
  for (const action of pending.after) await action()
  return result
}

async function commit<T>(sandbox: Sandbox, pending: Pending, body: (work: Work) => Promise<T>): Promise<T> {
  const client = await sandbox.pool.connect()
  const session = { isOpen: false }
  try {
    await sandbox.ids.ensure(client)
    const result = await body(createWork(sandbox, client, session, pending))
    const hasWritten = await flush(client, sandbox, pending)
    if (session.isOpen) await client.query('commit')
    session.isOpen = false
    if (hasWritten) sandbox.wake()
    return result
  } catch (error) {
    if (session.isOpen) await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

function createWork(sandbox: Sandbox, client: PoolClient, session: { isOpen: boolean }, pending: Pending): Work {
  const nowMs = sandbox.clock.nowMs()
  const begin = async () => {
    if (session.isOpen) return
    session.isOpen = true
    await client.query('begin')
  }
  const read = async <K extends Kind>(column: 'id' | 'wxid', kind: K, value: string) => {
    const { rows } = await client.query<Row<K>>({
      name: `wechatpay-by-${column}`,
      text: `select kind, id, mchid, wxid, parent, at_ms::float8 as at_ms, doc from sandbox_wechatpay.object where kind = $1 and ${column} = $2`,
      values: [kind, value],
    })
    return rows[0]
  }
  return {
    sandbox,
    nowMs,
    id: (kind) => sandbox.ids.take(kind, nowMs),
    async lock(what) {
      await begin()
      await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 4200))`, [what])
    },
    find: (kind, id) => read('id', kind, id),
    findByWxid: (kind, wxid) => read('wxid', kind, wxid),
    async query<T extends object>(sql: string, values: unknown[]) {
      return (await client.query<T>(sql, values)).rows
    },
    put<K extends Kind>(kind: K, id: string, mchid: string, doc: Documents[K], { wxid, parent }: Names = {}) {
      const row: Row<K> = { kind, id, mchid, wxid: wxid ?? null, parent: parent ?? null, at_ms: nowMs, doc }
      pending.rows.set(`${kind}:${id}`, row as AnyRow)
      return row
    },
    changed: (row) => void pending.rows.set(`${row.kind}:${row.id}`, row),
    effect: (mchid, subject, effect) => void pending.effects.push({ mchid, subject, effect }),
    notify(news) {
      const notification = createNotification(sandbox, nowMs, news)
      if (notification) pending.notifications.push(notification)
    },
    schedule: (name, subject, dueMs) => void pending.tasks.push({ name, subject, due_ms: dueMs }),
    afterCommit: (action) => void pending.after.push(action),
    async claimTask(id) {
      await begin()
      return (await client.query('delete from sandbox_wechatpay.task where id = $1', [id])).rowCount === 1
    },
  }
}
