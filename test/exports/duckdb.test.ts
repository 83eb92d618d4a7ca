import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { trialBalanceSchema } from '#ledger/balance-schemas.ts'
import { bookEveryEvent } from '../ledger/every-event.ts'
import { createWorld } from '../support/world.ts'
import { openDuckDb } from './duckdb.ts'

const world = await createWorld({ work: false })
after(() => world[Symbol.asyncDispose]())
const items = await bookEveryEvent(world.app.db, world.shop.uuid)

const get = async (path: string) => {
  const response = await fetch(world.url + path, { headers: { Authorization: `Bearer ${world.shop.keys.finance}` } })
  const bytes = new Uint8Array(await response.arrayBuffer())
  assert.equal(response.status, 200, Buffer.from(bytes).toString())
  return { bytes, headers: response.headers }
}

/** How a data team reads each file: whole numbers as they are, ids and codes as text. */
const tables = {
  csv: `read_csv('journal.csv', header = true, types = {'account_code': 'varchar', 'amount_minor': 'bigint', 'seq': 'bigint', 'description': 'varchar'})`,
  jsonl: `read_json('journal.jsonl', format = 'newline_delimited', columns = {'seq': 'bigint', 'line': 'bigint', 'account_code': 'varchar', 'currency': 'varchar', 'amount_minor': 'bigint', 'base_amount_minor': 'bigint', 'description': 'varchar'})`,
  parquet: `read_parquet('journal.parquet')`,
}

describe('statements and reports of the same books', () => {
  const balances = async (isWanted: (code: string) => boolean, ownersView: boolean) => {
    const { bytes } = await get('/v1/ledger/trial_balance')
    const { data } = trialBalanceSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
    const sums = new Map<string, number>()
    for (const { code, currency, balance, type } of data.filter(({ code }) => isWanted(code))) {
      const signed = ownersView && type === 'liability' ? -balance : balance
      sums.set(`${code} ${currency}`, (sums.get(`${code} ${currency}`) ?? 0) + signed)
    }
    return sums
  }
  const closings = (text: string, pattern: RegExp) => {
    const sums = new Map<string, number>()
    for (const { groups: { account = '', amount = '', side = '' } = {} } of text.matchAll(pattern)) {
      const [code, currency = ''] = account.split('-')
      const minor = Number(amount.replace('.', '')) * (side === 'DBIT' ? -1 : 1)
      const key = `${code} ${currency.toLowerCase()}`
      sums.set(key, (sums.get(key) ?? 0) + minor)
    }
    return new Map([...sums].toSorted())
  }
  const isStatement = (code: string) => /^[12]/.test(code)

  for (const format of ['camt.053.001.08', 'camt.053.001.02']) {
    test(`${format} closes at the trial balance`, async () => {
      const { bytes } = await get(`/v1/exports/stream?format=${format}`)
      const closing =
        /<Acct><Id><Othr><Id>(?<account>[^<]*)<.*?<Cd>CLBD<.*?<Amt[^>]*>(?<amount>[^<]*)<\/Amt><CdtDbtInd>(?<side>\w+)/gs
      assert.deepEqual(
        closings(Buffer.from(bytes).toString(), closing),
        new Map([...(await balances(isStatement, true))].toSorted()),
      )
    })
  }

  test('OFX closes at the trial balance', async () => {
    const { bytes } = await get('/v1/exports/stream?format=ofx')
    const closing = /<ACCTID>(?<account>[^<]*)<.*?<BALAMT>(?<amount>[^<]*)</gs
    assert.deepEqual(
      closings(Buffer.from(bytes).toString(), closing),
      new Map([...(await balances(isStatement, true))].toSorted()),
    )
  })

  test("Stripe's balance is what 1110 and 1120 hold", async () => {
    const { bytes } = await get('/v1/exports/stream?format=stripe.balance.summary.1')
    const rows = Buffer.from(bytes)
      .toString()
      .split('\r\n')
      .map((row) => row.split(','))
    const ending = rows.filter(([category]) => category === 'ending_balance')
    const held = new Map<string, number>()
    for (const [key, balance] of await balances((code) => code === '1110' || code === '1120', false)) {
      const currency = key.slice(5)
      held.set(currency, (held.get(currency) ?? 0) + balance)
    }
    assert.deepEqual(
      new Map(ending.map(([, , amount = '', currency = '']) => [currency, Number(amount.replace('.', ''))])),
      new Map([...held].toSorted()),
    )
  })
})

test('the queries of docs/finance.md run as they stand', async () => {
  const { bytes } = await get('/v1/exports/stream?format=parquet')
  await using duck = await openDuckDb({ 'journal.parquet': bytes })
  const [, sql = ''] = readFileSync('docs/finance.md', 'utf8').match(/```sql\n(.*?)```/s) ?? []
  const [balances, metadata] = sql.split(';')
  const rows = await duck.rows(balances ?? '')
  assert.equal(rows.find((row) => row.account_code === '1150' && row.currency === 'jpy')?.exponent, '0')
  assert.equal(
    rows.reduce((sum, { balance }) => sum + Number(balance), 0),
    0,
  )
  assert.equal((await duck.rows(metadata ?? '')).length, 6)
})

for (const [format, table] of Object.entries(tables)) {
  describe(`${format} in DuckDB`, async () => {
    const { bytes, headers } = await get(`/v1/exports/stream?format=${format}`)
    const duck = await openDuckDb({ [`journal.${format}`]: bytes })
    after(() => duck[Symbol.asyncDispose]())
    const seq = headers.get('parley-as-of-seq')

    test('the trial balance is that of the API, to the minor unit', async () => {
      const { bytes: body } = await get(`/v1/ledger/trial_balance?as_of_seq=${seq}`)
      const { data } = trialBalanceSchema.parse(JSON.parse(Buffer.from(body).toString()))
      const expected = new Map<string, { debit: number; credit: number }>()
      for (const { code, currency, debit, credit } of data) {
        const sums = expected.get(`${code} ${currency}`) ?? { debit: 0, credit: 0 }
        expected.set(`${code} ${currency}`, { debit: sums.debit + debit, credit: sums.credit + credit })
      }
      const rows = await duck.rows(
        `select account_code || ' ' || currency as account, sum(greatest(amount_minor, 0))::bigint as debit,
          sum(greatest(-amount_minor, 0))::bigint as credit from ${table} group by 1`,
      )
      assert.deepEqual(
        new Map(rows.map(({ account, debit, credit }) => [account, { debit: Number(debit), credit: Number(credit) }])),
        new Map([...expected].toSorted()),
      )
    })

    test('every currency, and the base currency, add up to zero', async () => {
      const sums = await duck.rows(
        `select currency, sum(amount_minor)::bigint as sum from ${table} group by 1 order by 1`,
      )
      assert.deepEqual(
        sums,
        ['eur', 'jpy', 'kwd', 'usd'].map((currency) => ({ currency, sum: '0' })),
      )
      const unbalanced = `select seq from ${table} group by seq having sum(base_amount_minor) <> 0`
      assert.deepEqual(await duck.rows(unbalanced), [])
    })

    test('what people wrote is whole, in every script', async () => {
      const rows = await duck.rows(`select distinct on (seq) description from ${table} order by seq`)
      assert.equal(rows.length, items.length)
      const said = new Set(rows.map(({ description }) => description))
      for (const text of ['红包：恭喜发财 🧧', 'فاتورة مطعم الشاطئ', '🍜👩‍👩‍👧 family table', 'said "thanks", twice']) {
        assert.ok(said.has(text), text)
      }
    })

    test('the digest in the headers is that of the file', () => {
      const digest = createHash('sha256').update(bytes).digest('base64')
      assert.equal(headers.get('repr-digest'), `sha-256=:${digest}:`)
    })
  })
}
