import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid, showId } from '#kernel/ids.ts'
import { toDecimalString } from '#kernel/money.ts'
import { csvHead, csvLine } from '#ledger/journal-csv.ts'
import { postCaptured, postFee } from '#ledger/posting-rules.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { createTestLedger, keyOf, startLedgerServer } from './ledger-server.ts'

const { db, newMerchant, connect } = await createTestDatabase()
const watcher = await connect()
const base = await startLedgerServer(db)
const effectiveAt = new Date('2026-11-02T09:00:00Z')
const posted = new Date('2026-11-02T09:00:01.250Z')
const header =
  'journal_id,line,effective_date,posted_at,kind,account_code,account_name,account_id,currency,exponent,debit,credit,' +
  'amount_signed,amount_minor,description,thread_id,merchant_id,metadata\r\n'

const stream = (merchantId: string, query: string, signal: AbortSignal | null = null) =>
  fetch(`${base}/v1/exports/stream?${query}`, { headers: keyOf(merchantId), signal })

const idsOf = (merchantId: string) =>
  inTransaction(db, merchantId, async (tx) => {
    const accounts = await tx.selectFrom('ledger_accounts').select(['id', 'code', 'currency']).execute()
    const transactions = await tx.selectFrom('ledger_transactions').select(['id', 'event_key']).execute()
    return {
      account: (code: string, currency: string) =>
        showId('ledgerAccount', accounts.find((row) => row.code === code && row.currency === currency)?.id ?? ''),
      transaction: (key: string) =>
        showId('ledgerTransaction', transactions.find((row) => row.event_key === key)?.id ?? ''),
    }
  })

describe('the bytes of a small export', () => {
  const paymentIntentId = newUuid()
  const threadId = newUuid()
  const make = async () => {
    const merchant = await newMerchant()
    const description = '=cmd|" /C calc"!A0, naïve 花束'
    const eur = currencyOf('eur')
    const kwd = currencyOf('kwd')
    await post(
      db,
      [
        itemOf(
          merchant,
          postCaptured({ providerChargeRef: 'ch_1', total: 4200n, currency: eur, effectiveAt, description }),
          { paymentIntentId, threadId },
        ),
      ],
      posted,
    )
    await post(
      db,
      [
        itemOf(
          merchant,
          postFee({ balanceRef: 'txn_1', amount: 5n, currency: kwd, effectiveAt: new Date('2026-11-03T23:59:59Z') }),
        ),
      ],
      posted,
    )
    return { merchant, ids: await idsOf(merchant) }
  }

  test('are RFC 4180 with the exact digits of each currency', async () => {
    const { merchant, ids } = await make()
    const response = await stream(merchant, 'format=csv')
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="ledger-20261122T120000Z.csv"')
    const mer = showId('merchant', merchant)
    const text = '"=cmd|"" /C calc""!A0, naïve 花束"'
    const metadata = `"{""event_key"":""ch_1:capture"",""payment_intent"":""${showId('paymentIntent', paymentIntentId)}""}"`
    const capture = (line: number, code: string, name: string, amounts: string) =>
      `${ids.transaction('ch_1:capture')},${line},2026-11-02,2026-11-02T09:00:01.250Z,capture,${code},${name},${ids.account(code, 'eur')},eur,2,${amounts},${text},${showId('thread', threadId)},${mer},${metadata}\r\n`
    const fee = (line: number, code: string, name: string, amounts: string) =>
      `${ids.transaction('txn_1:fee')},${line},2026-11-03,2026-11-02T09:00:01.250Z,fee,${code},${name},${ids.account(code, 'kwd')},kwd,3,${amounts},Processing fee txn_1,,${mer},"{""event_key"":""txn_1:fee""}"\r\n`
    const expected =
      header +
      capture(1, '1110', 'PSP – pending', '42.00,,42.00,4200') +
      capture(2, '4010', 'Sales', ',42.00,-42.00,-4200') +
      fee(1, '5010', 'Processing fees', '0.005,,0.005,5') +
      fee(2, '1110', 'PSP – pending', ',0.005,-0.005,-5')
    assert.equal(Buffer.from(await response.arrayBuffer()).toString('hex'), Buffer.from(expected).toString('hex'))
  })

  test('for a spreadsheet have a byte order mark and no formula', async () => {
    const { merchant } = await make()
    const bytes = Buffer.from(await (await stream(merchant, 'profile=spreadsheet')).arrayBuffer())
    assert.equal(bytes.subarray(0, 3).toString('hex'), 'efbbbf')
    const text = bytes.toString('utf8')
    assert.ok(text.includes(`,"'=cmd|"" /C calc""!A0, naïve 花束",`))
    assert.ok(text.includes(',-42.00,-4200,'), 'numbers stay numbers')
  })

  test('are narrowed by currency, account and time', async () => {
    const { merchant, ids } = await make()
    const count = async (query: string) => (await (await stream(merchant, query)).text()).split('\r\n').length - 2
    assert.equal(await count('currency=kwd'), 2)
    assert.equal(await count('account=1110'), 2)
    assert.equal(await count(`account=${ids.account('1110', 'eur')}`), 1)
    assert.equal(await count('from=2026-11-03'), 2)
    assert.equal(await count('to=2026-11-03'), 2)
    assert.equal(await count('from=2026-11-02&to=2026-11-04'), 4)
    assert.equal(await count(`from=${effectiveAt.getTime() / 1000}&to=${effectiveAt.getTime() / 1000 + 1}`), 2)
    assert.equal(await count('from=2027-01-01'), 0)
  })

  test('belong to one merchant', async () => {
    await make()
    assert.equal(await (await stream(await newMerchant(), 'format=csv')).text(), header)
  })
})

test('what is not served is refused clearly before anything is sent', async () => {
  const merchant = await newMerchant()
  const refuse = async (query: string): Promise<string> => {
    const response = await stream(merchant, query)
    const body = JSON.stringify(await response.json())
    return `${response.status} ${body}`
  }
  assert.match(await refuse('format=xlsx'), /^400 .*"message":"Invalid format: must be 'csv'.*"param":"format"/)
  assert.match(await refuse('account=9999'), /^404 .*"param":"account"/)
  assert.match(await refuse('account=cash'), /^400 .*"param":"account"/)
  assert.match(await refuse('from=2026-02-30'), /^400 .*"param":"from"/)
  assert.match(await refuse('as_of_seq=1'), /^400 .*"param":"as_of_seq"/)
  const bot = await fetch(`${base}/v1/exports/stream`, { headers: keyOf(merchant, 'bot') })
  assert.equal(bot.status, 403)
})

test('quotes only what needs it', () => {
  const line = (description: string, profile: 'machine' | 'spreadsheet' = 'machine') =>
    csvLine(
      {
        merchant_id: newUuid(),
        transaction_id: newUuid(),
        line: 1,
        account_id: newUuid(),
        account_code: '1110',
        account_name: 'x',
        currency: 'jpy',
        amount: 12000n,
        event_key: 'k',
        kind: 'capture',
        description,
        payment_intent_id: null,
        refund_id: null,
        thread_id: null,
        effective_at: effectiveAt,
        created_at: posted,
      },
      profile,
    )
  assert.ok(line('plain').includes(',12000,plain,,'))
  for (const [text, cell] of [
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
    [' a', '" a"'],
    ['', ''],
  ] as const) {
    assert.ok(line(text).includes(`,12000,${cell},,`), text)
  }
  for (const start of ['=', '+', '-', '@']) assert.ok(line(`${start}1`, 'spreadsheet').includes(`,'${start}1,`))
  for (const start of ['\t', '\r']) assert.ok(line(`${start}1`, 'spreadsheet').includes(`'${start}1`))
  assert.equal(csvHead('machine'), header)
})

describe('an export of 20,000 lines', async () => {
  const merchant = await newMerchant()
  const eur = currencyOf('eur')
  const captures = Array.from({ length: 10_000 }, (_, index) =>
    itemOf(
      merchant,
      postCaptured({ providerChargeRef: `ch_${index}`, total: BigInt(index + 1), currency: eur, effectiveAt }),
    ),
  )
  for (let start = 0; start < captures.length; start += 500) await post(db, captures.slice(start, start + 500))
  const total = (10_000n * 10_001n) / 2n

  test('comes in small pieces, complete, in order and balanced', async () => {
    const service = createTestLedger(db)
    const answer = await service.exportJournal(merchant, { format: 'csv', profile: 'machine' })
    let longest = 0
    let rest = ''
    let debit = 0n
    let sum = 0n
    const seen = new Set<string>()
    for await (const chunk of answer.chunks) {
      longest = Math.max(longest, chunk.length)
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines.filter((one) => one.startsWith('ltx_'))) {
        const cells = line.split(',')
        seen.add(`${cells[0]} ${cells[1]}`)
        sum += BigInt(cells[13] ?? '')
        if (cells[10]) debit += BigInt(cells[13] ?? '')
      }
    }
    assert.equal(seen.size, 20_000)
    assert.deepEqual([...seen], [...seen].sort())
    assert.equal(sum, 0n)
    assert.equal(toDecimalString(debit, eur), toDecimalString(total, eur))
    assert.ok(longest < 256 * 1024, `a piece of ${longest} characters`)
  })

  test('is one snapshot: what is booked meanwhile is not in it', async () => {
    const service = createTestLedger(db)
    const answer = await service.exportJournal(merchant, { format: 'csv', profile: 'machine' })
    let lines = 0
    let isFirst = true
    for await (const chunk of answer.chunks) {
      lines += String(chunk).split('\r\n').length - 1
      if (!isFirst) continue
      isFirst = lines <= 1
      if (!isFirst)
        await post(db, [itemOf(merchant, postFee({ balanceRef: newUuid(), amount: 1n, currency: eur, effectiveAt }))])
    }
    assert.equal(lines, 20_001)
  })

  test('gives its connection back when the client goes away, and refuses a fifth at once', async () => {
    const aborts = Array.from({ length: 4 }, () => new AbortController())
    const readers = await Promise.all(
      aborts.map(async ({ signal }) => {
        const reader = (await stream(merchant, 'format=csv', signal)).body?.getReader()
        await reader?.read()
        return reader
      }),
    )
    await until(async () => (await countReaders()) === 4)
    const fifth = await stream(merchant, 'format=csv')
    assert.equal(fifth.status, 503)
    assert.ok(Number(fifth.headers.get('retry-after')) > 0)
    await fifth.arrayBuffer()
    for (const abort of aborts) abort.abort()
    await Promise.allSettled(readers.map((reader) => reader?.closed))
    await until(async () => (await countReaders()) === 0)
    assert.equal((await (await stream(merchant, 'format=csv&account=5010')).text()).split('\r\n').length, 3)
  })
})

/** Sessions that hold a journal cursor open. */
const countReaders = async (): Promise<number> => {
  const { rows } = await watcher.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and state = 'idle in transaction' and query like 'fetch%'`,
  )
  return rows[0]?.count ?? 0
}

const until = async (isDone: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 10_000
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error('the condition was not met within 10 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
