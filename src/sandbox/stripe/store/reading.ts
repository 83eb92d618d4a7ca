import type { PoolClient } from 'pg'
import { resourceMissing } from '../http/api-error.ts'
import type { AnyRow, Kind, Row } from './documents.ts'

/** How a unit of work reads. The transaction begins with the first lock; a request that only looks never has one. */
export type Reading = {
  find<K extends Kind>(kind: K, id: string): Promise<Row<K> | undefined>
  get<K extends Kind>(kind: K, id: string, param?: string, status?: number): Promise<Row<K>>
  /** Reads under a row lock. Order, to be free of deadlocks: session, intent or setup intent, then the rest. */
  lock<K extends Kind>(kind: K, id: string, param?: string, status?: number): Promise<Row<K>>
  /** For reads that are not by id: lists, sums. Sees what is committed, not what this work is about to write. */
  query<T extends object>(sql: string, values: unknown[]): Promise<T[]>
  /** Runs a statement inside the transaction: one that takes a lock. */
  exclusive(sql: string, values: unknown[]): Promise<void>
  /** Takes a task out of the list, for the process that gets it first. */
  claimTask(id: string): Promise<boolean>
}

export function createReading(
  client: PoolClient,
  session: { open: boolean },
  seen: Map<string, AnyRow>,
  account: { id: string | undefined },
): Reading {
  const begin = async () => {
    if (session.open) return
    session.open = true
    await client.query('begin')
  }
  const read = async (kind: Kind, id: string, isLocking: boolean) => {
    const { rows } = await client.query<AnyRow & { account: string }>({
      name: isLocking ? 'lock-object' : 'read-object',
      text: `select kind, id, account, doc, hidden from sandbox_stripe.object
        where id = $1 and kind = $2 and account = coalesce($3, account)${isLocking ? ' for update' : ''}`,
      values: [id, kind, account.id ?? null],
    })
    if (!rows[0]) return undefined
    const { account: owner, ...row } = rows[0]
    account.id ??= owner
    seen.set(id, row as AnyRow)
    return row as AnyRow
  }
  const find = async <K extends Kind>(kind: K, id: string) => {
    const known = seen.get(id) ?? (await read(kind, id, false))
    return known?.kind === kind ? (known as Row<K>) : undefined
  }
  return {
    find,
    async get(kind, id, param = 'id', status = 404) {
      const row = await find(kind, id)
      if (!row) throw resourceMissing(kind, id, param, status)
      return row
    },
    async lock<K extends Kind>(kind: K, id: string, param = 'id', status = 404) {
      await begin()
      const row = await read(kind, id, true)
      if (!row) throw resourceMissing(kind, id, param, status)
      return row as Row<K>
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
  }
}
