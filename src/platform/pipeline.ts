import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'

/** The merchants of a transaction; local to it, so that a pooled connection never carries them to the next request. */
export const contextSql = "select set_config('parley.merchants', $1, true)"

/**
 * Our pool as Kysely uses it, with one difference: BEGIN and the merchants wait for the first statement and go out
 * with it, in one packet, which saves every transaction two round trips. Should the opening fail, that statement fails
 * with its error; it could have seen no row either, as row-level security knows no merchant then.
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
  let opening: string | undefined
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (text === 'begin') {
      opening = 'begin'
      return nothing('BEGIN')
    }
    if (text === contextSql && opening === 'begin') {
      opening = openingOf(String(values[0]))
      return nothing('SELECT')
    }
    const statement = { name: nameOf(text), text, values: [...values] }
    if (opening === undefined) return client.query(statement)
    const first = opening
    opening = undefined
    if (text === 'commit' || text === 'rollback') return nothing(text.toUpperCase())
    const [begun, answer] = await together(client, () => [client.query(first), client.query(statement)])
    return requireAnswer(answer, begun)
  }
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => {
      opening = undefined
      client.release(destroy)
    },
  }
}

/**
 * A text that begins with a comment of its name never changes: every connection parses it once, and the server keeps its
 * plan as soon as another would be no better. It says which columns it answers with, for a migration may add some.
 */
const nameOf = (text: string): string | undefined =>
  text.startsWith(naming) ? text.slice(naming.length, text.indexOf(' ', naming.length)) : undefined

const naming = '/* named '

const nothing = (command: string) => ({ command, rowCount: 0, rows: [] })

/** In the simple protocol, hence without parameters: nothing but ids may come in here. */
const openingOf = (merchants: string): string => {
  if (!/^[0-9a-f,-]*$/.test(merchants)) throw new Error('the merchants of a transaction are no ids')
  return `begin; select set_config('parley.merchants', '${merchants}', true)`
}

/** Sends queries in one packet and waits for all of them. */
const together = async <R>(client: pg.PoolClient, send: () => Promise<R>[]): Promise<PromiseSettledResult<R>[]> => {
  const { stream } = client.connection
  stream.cork()
  try {
    const sent = send()
    stream.uncork()
    return await Promise.allSettled(sent)
  } catch (error) {
    stream.uncork()
    throw error
  }
}

/** The answer, unless it or one that it needs has failed; the first error is the cause, the others follow from it. */
const requireAnswer = <R>(
  answer: PromiseSettledResult<R> | undefined,
  ...needed: (PromiseSettledResult<R> | undefined)[]
): R => {
  for (const part of [...needed, answer]) if (part?.status === 'rejected') throw part.reason
  if (answer?.status !== 'fulfilled') throw new Error('a query was not answered')
  return answer.value
}

export interface Statement {
  /** The server keeps the plan under this name. A text that asks for whatever columns there are must have none. */
  name?: string
  text: string
  values: readonly unknown[]
}

/**
 * Statements as a transaction of their own in a single round trip: BEGIN, the merchants, the statements and COMMIT are
 * sent together. Each sees what others have committed before it began. Answers the last one's rows when the commit is
 * confirmed.
 */
export const runAtOnce = async <R extends pg.QueryResultRow>(
  pool: pg.Pool,
  merchants: string,
  statements: readonly Statement[],
): Promise<R[]> => {
  const client = await pool.connect()
  try {
    const answers = await together<pg.QueryResult>(client, () => [
      client.query(openingOf(merchants)),
      ...statements.map(({ values, ...statement }) => client.query({ ...statement, values: [...values] })),
      client.query('commit'),
    ])
    const { rows } = requireAnswer(answers.at(-2), ...answers.slice(0, -2))
    if (requireAnswer(answers.at(-1)).command !== 'COMMIT') throw new Error('the transaction was rolled back')
    return rows as R[]
  } finally {
    client.release()
  }
}
