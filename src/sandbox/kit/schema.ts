import type { Pool } from 'pg'

/**
 * Idempotent DDL: runs at every start, under a lock, because two simulators may start on one database at once.
 * `ddl` makes what is the simulator's own, its `delivery` (`id`, `state`, `attempts`, `due_ms`, `last_status`,
 * `last_error`) among it.
 */
export async function layOut(pool: Pool, schema: string, ddl: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('${schema}.schema'))`)
    await client.query(`create schema if not exists ${schema}; ${sharedTables(schema)} ${ddl}`)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

const sharedTables = (schema: string) => `
create table if not exists ${schema}.task (
  id bigint generated always as identity primary key,
  name text not null,
  subject text not null,
  due_ms bigint not null
);
create index if not exists task_due on ${schema}.task (due_ms, id);

create table if not exists ${schema}.fault (
  id bigint generated always as identity primary key,
  fault text not null,
  remaining int not null,
  method text,
  path text
);

create table if not exists ${schema}.setting (name text primary key, value text not null);
`
