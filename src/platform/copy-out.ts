import pg from 'pg'
import { to } from 'pg-copy-streams'
import { contextSql } from './pipeline.ts'

/** So long may one COPY take; a reader that stops reading must not hold its snapshot for ever. */
const copyMaxMs = 3_600_000

/**
 * The bytes of `COPY (select) TO STDOUT` for one merchant: the application's role, in one read-only transaction on a
 * connection of its own that ends with it, however it ends. Times are those of UTC, in ISO style.
 */
export async function* copyOut(url: string, merchantId: string, select: string): AsyncGenerator<Buffer> {
  const client = new pg.Client({
    connectionString: url,
    options: `-c role=parley_app -c search_path=public -c timezone=UTC -c datestyle=ISO -c statement_timeout=${copyMaxMs}`,
    connectionTimeoutMillis: 5000,
    application_name: 'parley_export',
  })
  let broken: Error | undefined
  let isDone = false
  client.on('error', (error) => {
    broken = error
  })
  await client.connect()
  try {
    await client.query('begin read only')
    await client.query(contextSql, [merchantId])
    // A part is joined and sorted in memory. One look-up per row (nested loops) took twice the time of the other
    // joins, and workers beside this process would take the processor from it.
    await client.query(
      "set local work_mem = '64MB'; set local enable_nestloop = off; set local max_parallel_workers_per_gather = 0",
    )
    yield* client.query(to(`copy (${select}) to stdout`, { highWaterMark: 64 * 1024 }))
    await client.query('commit')
    isDone = true
  } catch (error) {
    throw broken ?? error
  } finally {
    // In the middle of a COPY there is no polite end: the server would first want to send the rest.
    if (isDone) await client.end().catch(() => undefined)
    else client.connection.stream.destroy()
  }
}
