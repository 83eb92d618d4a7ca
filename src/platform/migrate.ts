import { readdir, readFile } from 'node:fs/promises'
import { Kysely, PostgresDialect, type QueryExecutorProvider, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'

const folder = new URL('../../migrations/', import.meta.url)

/**
 * Brings the database to the newest schema. Safe to run twice or by several processes at once (Kysely's migrator
 * holds an advisory lock). `url` needs a login that may create roles, or one that is a member of the three roles
 * already (see docs/operations.md).
 */
export const migrate = async (url: string): Promise<string[]> => {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    await ensureRoles(db)
    await sql`set role parley_owner`.execute(db)
    const migrator = new Migrator({
      db,
      provider: { getMigrations: readMigrations },
      migrationTableName: 'parley_migrations',
      migrationLockTableName: 'parley_migrations_lock',
    })
    const { error, results = [] } = await migrator.migrateToLatest()
    if (error) throw error
    // Readiness compares what is done with what this code knows.
    await sql`grant select on parley_migrations to parley_maintenance`.execute(db)
    return results.map((result) => result.migrationName)
  } finally {
    await db.destroy()
  }
}

/** Names of migrations that this code has and the database has not: readiness asks for it. */
export const pendingMigrations = async (db: QueryExecutorProvider): Promise<string[]> => {
  const known = Object.keys(await readMigrations())
  const { rows } = await sql<{ name: string }>`select name from parley_migrations`.execute(db)
  const done = new Set(rows.map((row) => row.name))
  return known.filter((name) => !done.has(name))
}

const readMigrations = async (): Promise<Record<string, Migration>> => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const text = await readFile(new URL(file, folder), 'utf8')
    return [file.slice(0, -4), { up: async (db) => void (await sql.raw(text).execute(db)) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/**
 * Owner (migrations), application and maintenance. Roles are shared by all databases of a cluster, so two migrators
 * may race to create them: the advisory lock is per database, hence the exception handler.
 */
const ensureRoles = async (db: Kysely<unknown>): Promise<void> => {
  await sql`do $$
    declare name text;
    begin
      foreach name in array array['parley_owner', 'parley_app', 'parley_maintenance'] loop
        if not exists (select from pg_roles where rolname = name) then
          begin
            execute format('create role %I nologin', name);
          exception when duplicate_object or unique_violation then null;
          end;
        end if;
        if not pg_has_role(current_user, name, 'set') then
          execute format('grant %I to current_user', name);
        end if;
      end loop;
      execute format('grant create, connect on database %I to parley_owner', current_database());
      execute format('grant connect on database %I to parley_app, parley_maintenance', current_database());
      execute 'grant usage on schema public to parley_app, parley_maintenance';
      execute 'grant usage, create on schema public to parley_owner';
      execute format('alter role %I set search_path = public', current_user);
    exception when insufficient_privilege then
      -- A login that may not grant must have been prepared by hand; the first migration says what is missing.
      null;
    end $$`.execute(db)
}
