import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type pg from 'pg'

/** The merchants of a transaction; local to it, so that a pooled connection never carries them to the next request. */
export const contextSql = "select set_config('parley.merchants', $1, true)"

/**
 * Our pool as Kysely uses it, with one difference: BEGIN and the merchants are not waited for. They go out at once
 * and the first statement right behind them, which saves every transaction two round trips. Should one of them fail,
 * that statement fails with its error; it could have seen no row either, as row-level security knows no merchant then.
 */
export const pipelined = (pool: pg.Pool): PostgresPool => {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    connect: async () => {
      const client = await pool.connect()
      const wrapped = known.get(client) ?? wrap(client)
      known.set(client, wrapped)
      return wrapped
    },
    end: () => pool.end(),
    options: pool.options,
  }
}

const wrap = (client: pg.PoolClient): PostgresPoolClient => {
  let opening: Promise<unknown>[] = []
  const query = async (text: string, values: readonly unknown[]): Promise<PostgresQueryResult<unknown>> => {
    const isOpening = text === 'begin' || text === contextSql
    const sent = send(client, text, values)
    sent.catch(() => undefined) // awaited below, or by the statement that follows
    if (isOpening) {
      opening.push(sent)
      return { command: 'SELECT', rowCount: 0, rows: [] }
    }
    const before = opening
    opening = []
    await Promise.all(before)
    return (await sent) as unknown as PostgresQueryResult<unknown>
  }
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => {
      opening = []
      client.release(destroy)
    },
  }
}

const send = (client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> =>
  // By name the server parses and plans it once per connection; it goes before everything else.
  text === contextSql
    ? client.query({ name: 'parley_context', text, values: [...values] })
    : client.query(text, [...values])

export interface Statement {
  /** The server keeps the plan under this name. */
  name: string
  text: string
  values: readonly unknown[]
}

/**
 * One statement as a transaction of its own in a single round trip: BEGIN, the merchants, the statement and COMMIT
 * are sent together. Answers when the commit is confirmed.
 */
export const runAtOnce = async <R extends pg.QueryResultRow>(
  pool: pg.Pool,
  merchants: string,
  { name, text, values }: Statement,
): Promise<R[]> => {
  const client = await pool.connect()
  try {
    const [begun, context, answer, end] = await Promise.allSettled([
      client.query('begin'),
      send(client, contextSql, [merchants]),
      client.query<R>({ name, text, values: [...values] }),
      client.query('commit'),
    ])
    // The first error is the cause; what came after it only tells that the transaction was over.
    for (const part of [begun, context, answer, end]) if (part.status === 'rejected') throw part.reason
    if (end.status !== 'fulfilled' || end.value.command !== 'COMMIT' || answer.status !== 'fulfilled')
      throw new Error('the transaction was rolled back')
    return answer.value.rows
  } finally {
    client.release()
  }
}
