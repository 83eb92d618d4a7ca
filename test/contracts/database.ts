import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'

/** An empty database of its own: on the server of TEST_DATABASE_URL, or on one that lives as long as the test. */
export const openDatabase = async (): Promise<{ url: string; close(): Promise<void> }> => {
  const server = process.env.TEST_DATABASE_URL
  if (!server) {
    const embedded = await startEmbeddedPostgres({ ephemeral: true })
    return { url: embedded.databaseUrl, close: () => embedded.stop() }
  }
  const name = `parley_contract_${randomBytes(6).toString('hex')}`
  await run(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, close: () => run(server, `drop database ${name} with (force)`) }
}

const run = async (connectionString: string, sql: string): Promise<void> => {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
