import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import pg from 'pg'
import { newUuid } from '#kernel/ids.ts'
import { type Database, inTransaction, openDatabase } from '#platform/database.ts'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
import { migrate } from '#platform/migrate.ts'

export interface TestDatabase {
  readonly db: Database
  readonly url: string
  newMerchant(): Promise<string>
  /** A plain connection that took the given role and, if named, acts for a merchant for its whole session. */
  connectAs(role: 'parley_app' | 'parley_owner' | 'login', merchantId?: string): Promise<pg.Client>
}

/** A migrated database of the file's own, dropped when its tests are done. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const server = process.env.TEST_DATABASE_URL ? undefined : await startEmbeddedPostgres({ ephemeral: true })
  const serverUrl = process.env.TEST_DATABASE_URL ?? server?.databaseUrl ?? ''
  const name = `ledger_test_${randomBytes(6).toString('hex')}`
  await query(serverUrl, `create database ${name}`)
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
  await migrate(url)
  const db = openDatabase({ url, poolMax: 12, onError: () => undefined })
  const clients: pg.Client[] = []
  after(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await db.close()
    await query(serverUrl, `drop database ${name} with (force)`)
    await server?.stop()
  })
  return {
    db,
    url,
    newMerchant: () => newMerchant(db),
    connectAs: async (role, merchantId = '') => {
      const client = new pg.Client({ connectionString: url })
      clients.push(client)
      await client.connect()
      if (role !== 'login') await client.query(`set role ${role}`)
      await client.query(`select set_config('parley.merchants', $1, false)`, [merchantId])
      return client
    },
  }
}

const newMerchant = async (db: Database): Promise<string> => {
  const merchantId = newUuid()
  await inTransaction(db, merchantId, (tx) =>
    tx
      .insertInto('merchants')
      .values({ merchant_id: merchantId, name: 'Noodle Bar', settings: '{}', created_at: new Date() })
      .execute(),
  )
  return merchantId
}

const query = async (url: string, text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
