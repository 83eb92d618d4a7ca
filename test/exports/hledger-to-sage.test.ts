import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import iconv from 'iconv-lite'
import { sql } from 'kysely'
import { mappedAccount } from '#finance/mapping.ts'
import { chartAccount } from '#ledger/chart.ts'
import { inTransaction } from '#platform/database.ts'
import { bookEveryEvent } from '../ledger/every-event.ts'
import { createWorld, type World } from '../support/world.ts'
import { balancesOfRows, faultsOf as faultsOfDatev } from './datev-validator.ts'
import { cents, readTable } from './documents.ts'
import { faultsOf as faultsOfFec } from './fec-validator.ts'
import { type Balances, balancesByBeancount, balancesByHledger } from './plain-text-readers.ts'
import { lacking, runTool } from './tools.ts'

/** Every kind of event in four currencies, booked, sealed and asked for over HTTP, read by other people's programs. */
let world: World
let trialBalance: Balances
/** Values in euros by code, from the entries themselves. */
let values: Map<string, bigint>

before(async () => {
  world = await createWorld({ work: false })
  await bookEveryEvent(world.app.db, world.shop.uuid)
  await world.app.services.sealer.seal()
  trialBalance = await readTrialBalance()
  values = await readValues()
})
after(() => world[Symbol.asyncDispose]())

const get = async (path: string): Promise<{ bytes: Buffer; name: string }> => {
  const answer = await fetch(world.url + path, { headers: { authorization: `Bearer ${world.shop.keys.finance}` } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200, bytes.toString().slice(0, 500))
  return { bytes, name: answer.headers.get('content-disposition')?.match(/filename="(.*)"/)?.[1] ?? '' }
}

const exported = (format: string, more: Record<string, string> = {}) =>
  get(`/v1/exports/stream?${new URLSearchParams({ format, ...more })}`)

const readTrialBalance = async (): Promise<Balances> => {
  const { data }: { data: { code: string; currency: string; balance: number }[] } = JSON.parse(
    (await get('/v1/ledger/trial_balance')).bytes.toString(),
  )
  const sums = new Map<string, bigint>()
  for (const { code, currency, balance } of data) {
    const key = `${code} ${currency.toUpperCase()}`
    sums.set(key, (sums.get(key) ?? 0n) + BigInt(balance))
  }
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n).sort())
}

const readValues = (): Promise<Map<string, bigint>> =>
  inTransaction(world.app.db, world.shop.uuid, async (tx) => {
    const { rows } = await sql<{ code: string; base: bigint }>`
      select a.code, sum(e.base_amount)::bigint as base from ledger_entries e join ledger_accounts a on a.id = e.account_id
      where a.type <> 'memo' group by a.code`.execute(tx)
    return new Map(rows.map(({ code, base }) => [code, base]))
  })

const valuesAs = (target: 'fec' | 'datev'): Record<string, bigint> =>
  Object.fromEntries(
    [...values]
      .filter(([, base]) => base !== 0n)
      .map(([code, base]): [string, bigint] => [mappedAccount(target, {}, chartAccount(code)).code, base])
      .sort(),
  )

describe('plain-text accounting', () => {
  test('hledger accepts the file and adds up to the trial balance', { skip: lacking('hledger') }, async () => {
    const text = (await exported('hledger')).bytes.toString()
    const { isGood, said } = runTool('hledger', ['-f', '{file}', 'check', '--strict'], text)
    assert.ok(isGood, said)
    assert.deepEqual(balancesByHledger(text), trialBalance)
    assert.match(text, /红包.*🧧/)
    const mutated = text.replace(/-(\d+)\.(\d\d) USD$/m, '-9$1.$2 USD')
    assert.equal(runTool('hledger', ['-f', '{file}', 'check', '--strict'], mutated).isGood, false)
  })

  test('ledger accepts the same file', { skip: lacking('ledger') }, async () => {
    const check = (text: string) => runTool('ledger', ['--strict', '--pedantic', '-f', '{file}', 'bal'], text)
    const text = (await exported('ledger')).bytes.toString()
    assert.ok(check(text).isGood, check(text).said)
    assert.equal(check(text.replace(/-(\d+)\.(\d\d) USD$/m, '-9$1.$2 USD')).isGood, false)
  })

  test('beancount accepts its file and adds up to the trial balance', {
    skip: lacking('bean-check', 'bean-query'),
  }, async () => {
    const text = (await exported('beancount')).bytes.toString()
    const { isGood, said } = runTool('bean-check', ['{file}'], text)
    assert.ok(isGood, said)
    assert.deepEqual(balancesByBeancount(text), trialBalance)
  })

  test('one half after the other says what the whole says, but for the asserted balances', async () => {
    const [whole, first, second] = await Promise.all([
      exported('hledger'),
      exported('hledger', { as_of_seq: '80' }),
      exported('hledger', { from_seq: '80' }),
    ])
    const entries = ({ bytes }: { bytes: Buffer }) =>
      bytes
        .toString()
        .split('\n\n')
        .filter((entry) => / \(J\d+\) /.test(entry))
        .map((entry) => entry.trim().replaceAll(/ +/g, ' '))
    assert.deepEqual([...entries(first), ...entries(second)], entries(whole))
  })
})

describe("accountants' files", () => {
  const year = { from: '2026-01-01', to: '2026-12-31' }

  test('FEC: valid, in ISO 8859-15, and the accounts hold what ours hold', async () => {
    const { bytes, name } = await exported('fec', {
      ...year,
      'parameters[siren]': '732829320',
      'parameters[year_end]': '2026-12-31',
    })
    assert.equal(name, '732829320FEC20261231.txt')
    const text = iconv.decode(bytes, 'iso-8859-15')
    assert.deepEqual(faultsOfFec(text), [])
    assert.match(text, /TVA collectée/)
    const sums = new Map<string, bigint>()
    for (const row of text.split('\r\n').slice(1, -1)) {
      const [, , , , account = '', , , , , , , debit = '', credit = ''] = row.split('\t')
      sums.set(account, (sums.get(account) ?? 0n) + cents(debit) - cents(credit))
    }
    assert.deepEqual(Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n).sort()), valuesAs('fec'))
  })

  test('FEC of the second half: the opening balances are what the first half left', async () => {
    const half = { from: '2026-07-01', to: '2026-12-31' }
    const { bytes } = await exported('fec', {
      ...half,
      'parameters[siren]': '732829320',
      'parameters[year_end]': '2026-12-31',
    })
    const text = iconv.decode(bytes, 'iso-8859-15')
    assert.deepEqual(faultsOfFec(text), [])
    assert.match(text, /^AN\t/m)
  })

  test('FEC and DATEV take the calendar year where no other is said', async () => {
    assert.equal((await exported('fec', year)).name, 'FEC20261231.txt')
    const whose = { 'parameters[consultant]': '29098', 'parameters[client]': '55003' }
    const { bytes } = await exported('datev', { ...year, ...whose })
    assert.match(bytes.toString('latin1'), /^"EXTF";700;21;"Buchungsstapel";13;\d+;;"RE";"";"";29098;55003;20260101;4;/)
  })

  test('DATEV does not guess whose books they are', async () => {
    const answer = await world.request('finance').get('/v1/exports/stream?format=datev')
    assert.equal(answer.status, 400)
    assert.match(answer.body.error.message, /parameters\[consultant\]/i)
  })

  test('FEC with a wrong SIREN is refused with a reason', async () => {
    const answer = await world.request('finance').get('/v1/exports/stream?format=fec&parameters[siren]=12')
    assert.equal(answer.status, 400)
    assert.match(answer.body.error.message, /SIREN/)
  })

  test('DATEV: fits the fields, in Windows-1252, and the accounts hold what ours hold', async () => {
    const { bytes, name } = await exported('datev', {
      ...year,
      'parameters[consultant]': '29098',
      'parameters[client]': '55003',
      'parameters[fiscal_year_start]': '2026-01-01',
      'parameters[account_length]': '4',
    })
    assert.equal(name, 'EXTF_Buchungsstapel_20260101_20261231.csv')
    const text = iconv.decode(bytes, 'windows-1252')
    assert.match(text, /BU-Schlüssel/)
    assert.deepEqual(faultsOfDatev(text), [])
    assert.deepEqual(balancesOfRows(text), valuesAs('datev'))
    assert.match(text, /;"1";;;;;;;\r$/m)
  })

  test('QuickBooks, Sage and Xero take lines and days', async () => {
    for (const granularity of ['line', 'day']) {
      const quickbooks = readTable((await exported('quickbooks', { granularity })).bytes.toString(), ',').slice(1)
      const names = new Map<string, bigint>()
      for (const [, , name = '', , debit = '', credit = ''] of quickbooks)
        names.set(name, (names.get(name) ?? 0n) + cents(debit || '0') - cents(credit || '0'))
      const expected = [...values].map(([code, base]): [string, bigint] => [chartAccount(code).name, base]).sort()
      assert.deepEqual([...names].sort(), expected, granularity)
      const sage = iconv.decode((await exported('sage', { granularity })).bytes, 'windows-1252')
      assert.equal(readTable(sage, ',').length, quickbooks.length + 1)
      const xero = (await exported('xero', { granularity })).bytes
      assert.equal(xero.subarray(0, 2).toString(), 'PK')
      assert.ok(xero.includes('xero-journals-0002.csv'))
    }
  })
})
