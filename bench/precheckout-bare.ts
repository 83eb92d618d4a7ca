import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/**
 * What somebody would write in an evening: Express takes the question, one indexed update lets it through, fetch
 * answers. No signature, no rules, no lock, nothing kept, nobody told. A process of its own; the table is ours alone.
 */
export const startBareServer = async (databaseUrl: string, telegramUrl: string) => {
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  await database.query('create table bench_invoices (id text primary key, state text not null)')
  const env = { ...process.env, DATABASE_URL: databaseUrl, TELEGRAM_URL: telegramUrl }
  const child = fork(fileURLToPath(new URL('precheckout-bare-server.ts', import.meta.url)), { env })
  const port = await portOf(child)
  return {
    port,
    prepare: async (ids: readonly string[]): Promise<void> => {
      await database.query(`insert into bench_invoices select id, 'open' from unnest($1::text[]) as id`, [ids])
    },
    stop: async (): Promise<void> => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      await database.query('drop table bench_invoices')
      await database.end()
    },
  }
}

const portOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('message', (port) => resolve(Number(port)))
    child.once('exit', (code) => reject(new Error(`the bare server ended with ${code}`)))
  })
