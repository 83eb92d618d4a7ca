import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type Json } from '@duckdb/node-api'

export type Row = Record<string, Json>

/** DuckDB over files in a folder of its own: `journal.parquet` in SQL is the file of that name. Whole numbers come as strings. */
export const openDuckDb = async (files: Readonly<Record<string, Uint8Array>>) => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-duckdb-'))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  return {
    rows: async (sql: string): Promise<Row[]> => {
      const inFolder = sql.replaceAll(/'(\w+\.\w+)'/g, (_, name: string) => `'${join(folder, name)}'`)
      return (await connection.runAndReadAll(inFolder)).getRowObjectsJson()
    },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync()
      instance.closeSync()
      await rm(folder, { recursive: true })
    },
  }
}
