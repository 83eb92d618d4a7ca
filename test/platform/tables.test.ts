import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

interface Column {
  type: string
  isNullable: boolean
  hasDefault: boolean
}

const folder = new URL('../../src/platform/', import.meta.url)

/** The interfaces of tables.ts, as text: types are gone before a program could look at them. */
const declared = async (): Promise<Map<string, Map<string, string>>> => {
  const files = (await readdir(folder)).filter((name) => /^tables.*\.ts$/.test(name))
  const text = (await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n')
  const interfaces = new Map<string, string>()
  for (const [, name = '', body = ''] of text.matchAll(/export interface (\w+) \{\n([\s\S]*?)\n\}/g))
    interfaces.set(name, body.replaceAll(/\/\*\*[\s\S]*?\*\//g, ''))
  const tables = new Map<string, Map<string, string>>()
  for (const [, table = '', type = ''] of (interfaces.get('Tables') ?? '').matchAll(/^ {2}(\w+): (\w+)$/gm)) {
    const columns = (interfaces.get(type) ?? '').split(/\n(?= {2}\w)/).flatMap((line): [string, string][] => {
      const [, column, what] = /^ {2}(\w+):\s+(?:\| )?([\s\S]+)$/.exec(line) ?? []
      return column && what ? [[column, what.replaceAll(/\s+/g, ' ').trim()]] : []
    })
    tables.set(table, new Map(columns))
  }
  return tables
}

/** What a column's type must look like in TypeScript, without what null and defaults add. */
const expected: Record<string, RegExp> = {
  uuid: /^string$/,
  text: /^(string|'[a-z_]+'|\| ?'[a-z_]+'|'[a-z_]+'( \| '[a-z_]+')+)$/,
  bigint: /^bigint$/,
  integer: /^number$/,
  smallint: /^number$/,
  boolean: /^boolean$/,
  bytea: /^Buffer$/,
  jsonb: /^Json(OrNull|WithDefault)?<.+>$/,
  xid8: /^string$/,
  date: /^string$/,
  numeric: /^string$/,
  'timestamp with time zone': /^Date$/,
  ARRAY: /^string\[\]$/,
}

describe('tables.ts against the migrated schema', () => {
  let database: TestDatabase
  let client: pg.Client
  let actual: Map<string, Map<string, Column>>
  let ours: Map<string, Map<string, string>>
  before(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    ours = await declared()
    const { rows } = await client.query<{ table_name: string; column_name: string } & Record<string, string | null>>(`
      select c.relname as table_name, a.attname as column_name,
        case when t.typcategory = 'A' then 'ARRAY' else format_type(a.atttypid, null) end as type,
        (not a.attnotnull)::text as nullable, a.atthasdef::text as has_default
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`)
    actual = new Map()
    for (const row of rows) {
      const columns = actual.get(row.table_name) ?? new Map<string, Column>()
      actual.set(row.table_name, columns)
      const [type, isNullable, hasDefault] = [String(row.type), row.nullable === 'true', row.has_default === 'true']
      columns.set(row.column_name, { type, isNullable, hasDefault })
    }
  })
  after(async () => {
    await client.end()
    await database[Symbol.asyncDispose]()
  })

  test('has the same tables', () => {
    const migrations = (name: string) => name.startsWith('parley_migrations')
    assert.deepEqual([...ours.keys()].sort(), [...actual.keys()].filter((name) => !migrations(name)).sort())
  })

  test('has the same columns', () => {
    for (const [table, columns] of ours)
      assert.deepEqual([...columns.keys()].sort(), [...(actual.get(table)?.keys() ?? [])].sort(), table)
  })

  test('has the same types, and null where null may be', () => {
    const wrong: string[] = []
    for (const [table, columns] of ours) {
      for (const [name, what] of columns) {
        const column = actual.get(table)?.get(name)
        if (!column) continue
        const isWrapped = /^Generated<.*>$/.test(what)
        const isGenerated = isWrapped || what.startsWith('JsonWithDefault<')
        const inner = isWrapped ? what.slice('Generated<'.length, -1) : what
        const isNullable = / \| null$/.test(inner) || /^JsonOrNull</.test(inner)
        const bare = inner.replace(/ \| null$/, '').replace(/^\| /, '')
        if (isNullable !== column.isNullable)
          wrong.push(`${table}.${name}: null is ${column.isNullable ? '' : 'not '}allowed`)
        if (isGenerated && !column.hasDefault) wrong.push(`${table}.${name}: the database makes no value up`)
        if (!expected[column.type]?.test(bare)) wrong.push(`${table}.${name}: ${what} for ${column.type}`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  test('knows every value that a check admits, and no other', async () => {
    const { rows } = await client.query<{ table_name: string; source: string }>(`
      select conrelid::regclass::text as table_name, pg_get_constraintdef(oid) as source from pg_constraint
      where contype = 'c' and connamespace = 'public'::regnamespace and conislocal
        and pg_get_constraintdef(oid) ~ '= ANY \\(ARRAY'
        -- Which states have an end says nothing about which there are.
        and pg_get_constraintdef(oid) !~ 'IS NULL\\) = '`)
    assert.ok(rows.length >= 10)
    for (const { table_name: table, source } of rows) {
      const [, column = ''] = /\((\w+) = ANY/.exec(source) ?? []
      const admitted = [...source.matchAll(/'([a-z_]+)'::text/g)].map(([, value]) => value).sort()
      const known = [...(ours.get(table)?.get(column) ?? '').matchAll(/'([a-z_]+)'/g)].map(([, value]) => value).sort()
      assert.deepEqual(known, admitted, `${table}.${column}`)
    }
  })
})
