import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { journalColumns } from '#exports/columns.ts'
import { parquet } from '#exports/formats/parquet.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { everyEvent } from '../ledger/every-event.ts'
import { openDuckDb } from './duckdb.ts'
import { bytesOf, type Journal, journalOf } from './journal-of.ts'
import { november } from './scenario.ts'

const write = (journal: Journal, size?: number) => bytesOf(parquet.write(journal.context, journal.batches(size)))
const everything = () => journalOf([...everyEvent(newUuid()), ...november])

describe('Parquet', () => {
  test('every kind of event is read row for row, whatever its text', async () => {
    const journal = everything()
    await using duck = await openDuckDb({ 'journal.parquet': await write(journal) })
    const moments = journalColumns.filter(({ type }) => type === 'moment').map(({ name }) => name)
    const shown = moments.map((name) => `strftime(${name}, '%Y-%m-%dT%H:%M:%S.%fZ') as ${name}`).join(', ')
    const rows = await duck.rows(`select * replace (${shown}) from 'journal.parquet' order by seq, line`)
    assert.equal(rows.length, journal.lines.length)
    for (const [at, row] of rows.entries()) {
      const line = journal.lines[at]
      assert.ok(line)
      assert.deepEqual(
        row,
        Object.fromEntries(journalColumns.map(({ name, value }) => [name, value(line, journal.context)])),
      )
    }
  })

  test('sums are made of integers: zero in every currency', async () => {
    await using duck = await openDuckDb({ 'journal.parquet': await write(everything()) })
    const sums = await duck.rows("select currency, sum(amount_minor) s from 'journal.parquet' group by 1 order by 1")
    assert.deepEqual(
      sums,
      ['eur', 'jpy', 'kwd', 'usd'].map((currency) => ({ currency, s: '0' })),
    )
    const types = await duck.rows("select distinct column_type t from (describe from 'journal.parquet') order by 1")
    assert.deepEqual(
      types,
      ['BIGINT', 'DATE', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR'].map((t) => ({ t })),
    )
  })

  test('the file itself says what was exported', async () => {
    const { context, ...journal } = journalOf(november, { skip: 3 })
    await using duck = await openDuckDb({ 'journal.parquet': await write({ context, ...journal }) })
    const told = await duck.rows(
      "select decode(key) as key, decode(value) as value from parquet_kv_metadata('journal.parquet')",
    )
    assert.deepEqual(Object.fromEntries(told.map(({ key, value }) => [key, value])), {
      as_of_seq: '13',
      from_seq: '3',
      chain_head: context.headHash,
      schema_version: '1',
      merchant: showId('merchant', context.merchant.id),
      base_currency: 'eur',
    })
  })

  test('a long journal is written in groups, the same bytes however it comes', async () => {
    const journal = journalOf(Array.from({ length: 900 }, () => november).flat())
    const file = await write(journal, 1000)
    await using duck = await openDuckDb({ 'journal.parquet': file })
    const groups = await duck.rows(
      "select distinct row_group_id, row_group_num_rows n from parquet_metadata('journal.parquet') order by 1",
    )
    assert.deepEqual(
      groups.map(({ n }) => n),
      ['20000', String(journal.lines.length - 20_000)],
    )
    const [sum] = await duck.rows("select sum(amount_minor) s, count(*) n from 'journal.parquet'")
    assert.deepEqual(sum, { s: '0', n: String(journal.lines.length) })
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    assert.equal(hash(await write(journal, 733)), hash(file), 'however the batches are cut')
  })

  test('an empty ledger is a table without rows', async () => {
    await using duck = await openDuckDb({ 'journal.parquet': await write(journalOf([])) })
    assert.deepEqual(await duck.rows("select count(*) n from 'journal.parquet'"), [{ n: '0' }])
  })
})
