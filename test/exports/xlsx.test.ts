import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { journalColumns } from '#exports/columns.ts'
import { createXlsx, xlsx } from '#exports/formats/xlsx.ts'
import { newUuid } from '#kernel/ids.ts'
import { everyEvent } from '../ledger/every-event.ts'
import { bytesOf, type Journal, journalOf } from './journal-of.ts'
import { november } from './scenario.ts'
import { lacking, runTool } from './tools.ts'

const write = (journal: Journal, format = xlsx) => bytesOf(format.write(journal.context, journal.batches()))
const merchantId = newUuid()

/** The sheets as Gnumeric reads them, numbers unformatted. */
const readSheets = async (file: Buffer): Promise<Record<string, string[][]>> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-xlsx-'))
  try {
    await writeFile(join(folder, 'a.xlsx'), file)
    const text = ['-T', 'Gnumeric_stf:stf_assistant', '-O', 'format=raw separator=, quoting-mode=always']
    const { isGood, said } = runTool('ssconvert', [...text, '-S', join(folder, 'a.xlsx'), join(folder, '%s.csv')])
    assert.ok(isGood, said)
    const names = (await readdir(folder)).filter((name) => name.endsWith('.csv'))
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [name.slice(0, -4), parseCsv(await readFile(join(folder, name), 'utf8'))] as const),
      ),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const parseCsv = (text: string): string[][] => {
  const rows = [...text.matchAll(/((?:"(?:[^"]|"")*"|[^",\n]*)(?:,|\n))+?(?<=\n)/g)].map(([row]) => row)
  return rows.map((row) =>
    [...row.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(?:,|\n)/g)].map(([, quoted, plain = '']) =>
      quoted === undefined ? plain : quoted.replaceAll('""', '"'),
    ),
  )
}

/** What a cell of the journal must say; Gnumeric shows numbers with all digits of their binary form. */
const assertRow = (journal: Journal, at: number, row: readonly string[] = []): void => {
  const line = journal.lines[at]
  assert.ok(line)
  const { value: exponent } = journalColumns.find(({ name }) => name === 'exponent') ?? assert.fail()
  for (const [column, { name, type, value }] of journalColumns.entries()) {
    const expected: string = value(line, journal.context) ?? ''
    const cell = row[column] ?? ''
    if (expected === '' || (type !== 'decimal' && type !== 'integer')) {
      assert.equal(cell, withoutForbidden(expected), `${name} of row ${at + 2}`)
    } else {
      const digits: number =
        type === 'decimal' ? (name === 'fx_rate' ? 10 : Number(exponent(line, journal.context))) : 0
      assert.equal(Number(cell).toFixed(digits), Number(expected).toFixed(digits), `${name} of row ${at + 2}`)
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot hold
const withoutForbidden = (text: string): string => text.replaceAll(/[\0-\x08\ufffe]/g, '')

describe('XLSX', { skip: lacking('ssconvert') }, () => {
  test('every kind of event is read row for row, whatever its text', async () => {
    const journal = journalOf([...everyEvent(merchantId), ...november])
    const { Journal: rows = [] } = await readSheets(await write(journal))
    assert.deepEqual(
      rows[0],
      journalColumns.map(({ name }) => name),
    )
    assert.equal(rows.length, journal.lines.length + 1)
    for (const at of journal.lines.keys()) assertRow(journal, at, rows[at + 1])
  })

  test('trial balance, summary and manifest say what was exported', async () => {
    const journal = journalOf(november, { skip: 3 })
    const { Summary, Manifest, 'Trial balance': balances = [] } = await readSheets(await write(journal))
    assert.deepEqual(balances[0]?.slice(5), ['opening', 'debit', 'credit', 'closing'])
    const [, ...rows] = balances
    const pending = rows.find(([code, , , , currency]) => code === '1110' && currency === 'eur')
    assert.deepEqual(pending?.slice(5).map(Number), [117.95, 50, 182.95, -15])
    const totals = rows.filter(([code]) => code === 'Total')
    assert.deepEqual(
      totals.map(([, , , , currency, opening, , , closing]) => [currency, opening, closing]),
      [
        ['eur', '0', '0'],
        ['jpy', '0', '0'],
        ['kwd', '0', '0'],
      ],
    )
    assert.deepEqual(
      Summary?.find(([kind]) => kind === 'dispute'),
      ['dispute', 'eur', '1', '3', '65'],
    )
    const manifest = Object.fromEntries(Manifest ?? [])
    assert.deepEqual([manifest.from_seq, manifest.as_of_seq, manifest.transactions], ['3', '13', '10'])
    assert.equal(manifest.chain_head, journal.context.headHash)
  })

  test('a sheet that is full goes on in the next one', async () => {
    const journal = journalOf(november)
    const sheets = await readSheets(await write(journal, createXlsx(11)))
    const parts = ['Journal', 'Journal 2', 'Journal 3', 'Journal 4'].map((name) => sheets[name]?.slice(1) ?? [])
    assert.deepEqual(
      parts.map((part) => part.length),
      [10, 10, journal.lines.length - 20, 0],
    )
    for (const [at, row] of parts.flat().entries()) assertRow(journal, at, row)
  })

  test('a number that a spreadsheet would round stays text', async () => {
    const [item] = november
    assert.ok(item)
    const legs = item.posting.legs.map((leg) => ({ ...leg, amount: leg.amount * 1_000_000_000_000n }))
    const { Journal: rows } = await readSheets(await write(journalOf([{ posting: { ...item.posting, legs } }])))
    assert.equal(rows?.[1]?.[12], '120000000000000.00')
  })
})

describe('the bytes of an XLSX file', () => {
  test('are the same for the same lines, in any time zone and however the lines are cut', async () => {
    const journal = journalOf(november)
    const hashes = new Set<string>()
    const zone = process.env.TZ
    try {
      for (const [tz, size] of [
        ['UTC', 7],
        ['Asia/Shanghai', 2],
        ['America/New_York', 100],
      ] as const) {
        process.env.TZ = tz
        const file = await bytesOf(xlsx.write(journal.context, journal.batches(size)))
        hashes.add(createHash('sha256').update(file).digest('hex'))
      }
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
    assert.equal(hashes.size, 1)
  })

  test('a reader that leaves ends the reading of the journal', async () => {
    const journal = journalOf(november)
    let isClosed = false
    async function* endless() {
      try {
        for (;;) yield* journal.batches()
      } finally {
        isClosed = true
      }
    }
    let bytes = 0
    for await (const chunk of xlsx.write(journal.context, endless())) {
      bytes += chunk.length
      if (bytes > 1000) break
    }
    assert.ok(isClosed)
  })

  test('an error of the journal is the error of the file', async () => {
    const journal = journalOf(november)
    async function* broken() {
      yield journal.lines
      throw new Error('the connection is gone')
    }
    await assert.rejects(bytesOf(xlsx.write(journal.context, broken())), /the connection is gone/)
  })
})
