import { CompiledQuery, Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { contextSql, pipelined, runAtOnce, type Statement } from './pipeline.ts'
import type { Tables } from './tables.ts'

/** A connection or an open transaction: every repo function takes one as its first argument. */
export type Db = Kysely<Tables>
export type Tx = Transaction<Tables>

export interface Database {
  /** The application's role: bound by row-level security to the merchants of its transaction. */
  readonly app: Db
  /** Reads across merchants, for sweeps and the inbox. Writes only what its role may. */
  readonly maintenance: Db
  /** The application's connections, for what is sent at once. */
  readonly pool: pg.Pool
  close(): Promise<void>
}

// Parsers belong to our pools and not to pg's global table, which BullMQ and others share.
const parsers = new Map<number, (text: string) => unknown>([
  [20, BigInt],
  // A day is a day: pg's own parser would make it midnight somewhere.
  [1082, (text) => text],
  [1016, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))],
])
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

const createPool = (url: string, role: string, max: number, onError: (error: Error) => void): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    // The process takes the narrow role for every connection, whatever the login could do.
    options: `-c role=${role} -c search_path=public -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000`,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    application_name: role,
    pipeline: true,
  })
  pool.on('error', onError)
  // A backend that dies under a checked-out client would otherwise end the process (node-postgres#2762).
  pool.on('connect', (client) => client.on('error', onError))
  return pool
}

export const openDatabase = (options: { url: string; poolMax: number; onError: (error: Error) => void }): Database => {
  const open = (role: string, max: number): pg.Pool => createPool(options.url, role, max, options.onError)
  const use = (pool: pg.Pool): Db => new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pipelined(pool) }) })
  const pool = open('parley_app', options.poolMax)
  const app = use(pool)
  const maintenance = use(open('parley_maintenance', Math.max(2, Math.floor(options.poolMax / 3))))
  return {
    app,
    maintenance,
    pool,
    close: async () => {
      await Promise.all([app.destroy(), maintenance.destroy()])
    },
  }
}

/**
 * Runs `work` in one transaction that sees only the given merchants. The context is transaction-local, so a pooled
 * connection never carries it to the next request. Retried when Postgres asks for it (deadlock, serialization).
 */
export const inTransaction = async <T>(
  db: Database,
  merchants: string | readonly string[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> => {
  const context = contextOf(merchants)
  return retryConflicts(() =>
    db.app.transaction().execute(async (tx) => {
      await tx.executeQuery(CompiledQuery.raw(contextSql, [context]))
      return work(tx)
    }),
  )
}

/** Reads in one transaction whose statements all see the same moment. It writes nothing and waits for nobody. */
export const inSnapshot = <T>(
  db: Database,
  merchants: string | readonly string[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> => {
  const reading = db.app.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return reading.execute(async (tx) => {
    await tx.executeQuery(CompiledQuery.raw(contextSql, [contextOf(merchants)]))
    return work(tx)
  })
}

/** Statements as a transaction of their own, in one round trip; the last one's rows. Retried like any other. */
export const atOnce = <R extends pg.QueryResultRow>(
  db: Database,
  merchants: string | readonly string[],
  ...statements: readonly Statement[]
): Promise<R[]> => retryConflicts(() => runAtOnce<R>(db.pool, contextOf(merchants), statements))

const contextOf = (merchants: string | readonly string[]): string =>
  typeof merchants === 'string' ? merchants : [...new Set(merchants)].join(',')

const retryable = new Set(['40001', '40P01'])

const retryConflicts = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= 5 || !retryable.has(sqlState(error) ?? '')) throw error
    }
  }
}

/** The five-letter SQLSTATE of a database error, or undefined. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.length === 5
    ? error.code
    : undefined

/** The violated constraint's name, or undefined. */
export const violatedConstraint = (error: unknown): string | undefined =>
  error instanceof Error && 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : undefined
