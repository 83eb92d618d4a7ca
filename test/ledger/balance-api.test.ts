import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { newUuid, showId } from '#kernel/ids.ts'
import {
  balanceSheetSchema,
  incomeStatementSchema,
  statementSchema,
  trialBalanceSchema,
} from '#ledger/balance-schemas.ts'
import { checkpointText } from '#ledger/canonical.ts'
import type { Posting } from '#ledger/posting.ts'
import { postLedger } from '#ledger/repo.ts'
import { accountList, entryList, transactionList } from '#ledger/schemas.ts'
import { headSchema, sealKeySchema, sealList, verificationSchema } from '#ledger/seal-schemas.ts'
import { isSignedBy } from '#platform/crypto.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { createTestSealer, keyOf, startLedgerServer } from './ledger-server.ts'

const { db, newMerchant, connectAsSuperuser } = await createTestDatabase()
const base = await startLedgerServer(db)
const sealer = createTestSealer(db)
const [eur, usd] = [currencyOf('eur'), currencyOf('usd')]
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), param: z.string().optional() }),
})
const patientMs = 20_000

const at = (text: string) => new Date(`2026-${text}Z`)
const seconds = (text: string): number => Math.floor(at(text).getTime() / 1000)
const get = async <T>(schema: z.ZodType<T>, path: string, merchant: string): Promise<T> => {
  const response = await fetch(base + path, { headers: keyOf(merchant) })
  const body: unknown = await response.json()
  assert.equal(response.status, 200, JSON.stringify(body))
  return schema.parse(body)
}
const refuse = async (path: string, merchant: string) => {
  const response = await fetch(base + path, { headers: keyOf(merchant) })
  const { error } = errorSchema.parse(await response.json())
  return { status: response.status, ...error }
}

type Leg = Posting['legs'][number]
const book = async (
  merchant: string,
  eventKey: string,
  effective: string,
  legs: readonly Leg[],
  more: Partial<Posting> = {},
) =>
  post(db, [
    itemOf(merchant, {
      eventKey,
      kind: 'adjustment',
      description: eventKey,
      effectiveAt: at(effective),
      legs,
      ...more,
    }),
  ])
const leg = (code: Leg['code'], amount: bigint, holder?: string, currency = eur): Leg => ({
  code,
  currency,
  amount,
  ...(holder === undefined ? {} : { holder }),
})

/** October: a sale, and dollars without a rate; November: a fee, a wallet, and a fee of October that is booked late. */
const bookMonths = async (): Promise<string> => {
  const merchant = await newMerchant()
  await book(merchant, 'sale', '10-30T09:00:00', [leg('1110', 12_100n), leg('4010', -10_000n), leg('2310', -2100n)])
  await book(merchant, 'sale in dollars', '10-31T09:00:00', [leg('1110', 500n, '', usd), leg('4010', -500n, '', usd)])
  await book(merchant, 'hold', '11-01T08:00:00', [leg('9010', 700n), leg('9011', -700n)])
  await book(merchant, 'fee', '11-01T09:00:00', [leg('5010', 220n), leg('1110', -220n)], {
    valueAt: at('11-03T00:00:00'),
  })
  await book(merchant, 'top up', '11-02T09:00:00', [
    leg('1110', 900n),
    leg('2020', -400n, 'u1'),
    leg('2020', -500n, 'u2'),
  ])
  await book(merchant, 'late fee', '10-31T10:00:00', [leg('5010', 30n), leg('1110', -30n)], {
    refs: { object: 'ch_1' },
  })
  assert.equal(await sealer.catchUp(merchant, patientMs), true)
  return merchant
}
const merchant = await bookMonths()

describe('a statement', () => {
  const lines = ({ data }: z.output<typeof statementSchema>) =>
    data.map((row) => `${row.description} ${row.amount} ${row.balance}`)

  test('runs from the opening to the closing balance, by the moment of effect', async () => {
    const path = '/v1/ledger/statements?account=1110&currency=eur'
    const whole = await get(statementSchema, path, merchant)
    assert.deepEqual(lines(whole), ['sale 12100 12100', 'late fee -30 12070', 'fee -220 11850', 'top up 900 12750'])
    assert.deepEqual(
      [whole.opening_balance, whole.closing_balance, whole.as_of_seq, whole.has_more],
      [0, 12750, 6, false],
    )
    const november = await get(statementSchema, `${path}&from=2026-11-01&to=2026-11-01`, merchant)
    assert.deepEqual(lines(november), ['fee -220 11850'])
    assert.deepEqual([november.opening_balance, november.closing_balance], [12070, 11850])
    const [fee] = november.data
    assert.equal(fee?.value_at, seconds('11-03T00:00:00'))
    assert.equal(fee?.effective_at, seconds('11-01T09:00:00'))
    assert.equal(fee?.base_balance, 11850)
    const earlier = await get(statementSchema, `${path}&as_of_seq=5&to=${seconds('10-31T10:00:00')}`, merchant)
    assert.deepEqual(lines(earlier), ['sale 12100 12100'])
    assert.equal(earlier.closing_balance, 12100)
  })

  test('goes on after any line with the same books', async () => {
    const path = '/v1/ledger/statements?account=1110&currency=eur&from=2026-10-31&limit=1'
    const pages: string[] = []
    for (let cursor = ''; ; ) {
      const page = await get(statementSchema, `${path}${cursor}`, merchant)
      assert.deepEqual([page.opening_balance, page.closing_balance], [12100, 12750])
      pages.push(...lines(page))
      if (!page.has_more) break
      cursor = `&as_of_seq=${page.as_of_seq}&starting_after=${page.data[0]?.id}`
    }
    assert.deepEqual(pages, ['late fee -30 12070', 'fee -220 11850', 'top up 900 12750'])
  })

  test('keeps the order of transactions of the same moment over pages', async () => {
    const same = await newMerchant()
    for (let n = 1; n <= 5; n++)
      await book(same, `n${n}`, '11-05T05:05:05.005', [leg('1110', BigInt(n)), leg('4010', BigInt(-n))])
    assert.equal(await sealer.catchUp(same, patientMs), true)
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const page = await get(statementSchema, `/v1/ledger/statements?account=1110&limit=2${cursor}`, same)
      found.push(...lines(page))
      if (!page.has_more) break
      cursor = `&starting_after=${page.data.at(-1)?.id}`
    }
    assert.deepEqual(found, ['n1 1 1', 'n2 2 3', 'n3 3 6', 'n4 4 10', 'n5 5 15'])
  })

  test('is of one account, and says what is missing or wrong', async () => {
    const path = '/v1/ledger/statements'
    const codes = async (query: string) => {
      const { status, param } = await refuse(`${path}?${query}`, merchant)
      return `${status} ${param}`
    }
    assert.equal(await codes('account=1110'), '400 currency')
    assert.equal(await codes('account=2020'), '400 holder')
    assert.match((await refuse(`${path}?account=2020`, merchant)).message, /'u1' or 'u2'/)
    assert.equal(await codes(''), '400 account')
    assert.equal(await codes('account=1130'), '404 account')
    assert.equal(await codes('account=lac_1'), '404 account')
    assert.equal(await codes('account=1110&currency=xxx'), '400 currency')
    assert.equal(await codes('account=1110&currency=eur&from=2026-11-31'), '400 from')
    assert.equal(await codes('account=1110&currency=eur&from=2026-11-02&to=2026-11-01'), '400 to')
    const [other] = (await get(entryList, '/v1/ledger/entries?account=4010', merchant)).data
    assert.equal(await codes(`account=1110&currency=eur&starting_after=${other?.id}`), '404 starting_after')
    const wallet = await get(statementSchema, `${path}?account=2020&holder=u2`, merchant)
    assert.deepEqual([wallet.holder, wallet.closing_balance, wallet.normal_side], ['u2', -500, 'credit'])
  })
})

test('the income statement has natural signs, adds up and knows its span', async () => {
  const path = '/v1/ledger/income_statement'
  const whole = await get(incomeStatementSchema, path, merchant)
  assert.deepEqual(
    [...whole.revenue, ...whole.expenses].map((row) => `${row.code} ${row.currency} ${row.amount} ${row.base_amount}`),
    ['4010 eur 10000 10000', '4010 usd 500 0', '5010 eur 250 250'],
  )
  assert.deepEqual(whole.totals, [
    { currency: 'eur', revenue: 10000, expenses: 250, result: 9750 },
    { currency: 'usd', revenue: 500, expenses: 0, result: 500 },
  ])
  assert.deepEqual(whole.base_totals, { revenue: 10000, expenses: 250, result: 9750 })
  const october = await get(incomeStatementSchema, `${path}?from=2026-10-31&to=2026-10-31`, merchant)
  assert.deepEqual(
    [october.from, october.revenue.length, october.base_totals],
    ['2026-10-31', 1, { revenue: 0, expenses: 30, result: -30 }],
  )
  const before = await get(incomeStatementSchema, `${path}?to=2026-10-31&as_of_seq=5`, merchant)
  assert.equal(before.base_totals.result, 10000)
  assert.equal((await refuse(`${path}?from=2026-10-31&to=2026-10-30`, merchant)).param, 'to')
})

test('the balance sheet adds up in every currency, with the result beside the equity', async () => {
  const path = '/v1/ledger/balance_sheet'
  const sheet = await get(balanceSheetSchema, path, merchant)
  assert.deepEqual(
    [...sheet.assets, ...sheet.liabilities].map((row) => `${row.code} ${row.currency} ${row.amount}`),
    ['1110 eur 12750', '1110 usd 500', '2020 eur 900', '2310 eur 2100'],
  )
  const october = await get(balanceSheetSchema, `${path}?as_of=2026-10-31`, merchant)
  assert.deepEqual(october.totals[0], { currency: 'eur', assets: 12070, liabilities: 2100, equity: 0, result: 9970 })
  for (const { totals, base_totals } of [sheet, october]) {
    for (const sums of [...totals, base_totals]) assert.equal(sums.assets, sums.liabilities + sums.equity + sums.result)
  }
})

describe('as of a seal', () => {
  test('a balance is the same for ever, and says what it covers', async () => {
    const read = (query: string) => get(trialBalanceSchema, `/v1/ledger/trial_balance?${query}`, merchant)
    const third = await read('as_of_seq=3&currency=eur')
    assert.deepEqual(
      third.data.map((row) => `${row.code} ${row.balance}`),
      ['1110 12100', '2310 -2100', '4010 -10000', '9010 700', '9011 -700'],
    )
    assert.deepEqual([third.as_of_seq, third.unsealed], [3, 0])
    const { data } = await get(accountList, '/v1/ledger/accounts?holder=u1&as_of_seq=4', merchant)
    assert.deepEqual(
      data.map((row) => [row.code, row.holder, row.balance, row.as_of_seq]),
      [['2020', 'u1', 0, 4]],
    )
    const now = await get(accountList, `/v1/ledger/accounts?holder=u1&as_of=${seconds('11-02T09:00:00')}`, merchant)
    assert.deepEqual(
      now.data.map((row) => [row.balance, row.base_balance]),
      [[-400, -400]],
    )
  })

  test('what is not sealed yet is waited for, and what is not there is refused by name', async () => {
    const fresh = await newMerchant()
    await book(fresh, 'one', '11-01T00:00:00', [leg('1110', 5n), leg('4010', -5n)])
    const soon = await get(trialBalanceSchema, '/v1/ledger/trial_balance?as_of_seq=1', fresh)
    assert.deepEqual([soon.as_of_seq, soon.data.length], [1, 2])
    for (const path of [
      'trial_balance?',
      'accounts?',
      'statements?account=1110&',
      'income_statement?',
      'balance_sheet?',
    ]) {
      const { status, code, param, message } = await refuse(`/v1/ledger/${path}as_of_seq=2`, fresh)
      assert.deepEqual([status, code, param], [409, 'ledger_seq_not_sealed', 'as_of_seq'])
      assert.match(message, /sealed up to 1, not up to 2/)
    }
  })

  test('transactions and entries say their number, value and names', async () => {
    const { data } = await get(transactionList, '/v1/ledger/transactions?limit=1', merchant)
    const [late] = data
    assert.deepEqual([late?.seq, late?.refs, late?.reverses, late?.base_currency], [6, { object: 'ch_1' }, null, 'eur'])
    const wallets = await get(entryList, '/v1/ledger/entries?holder=u2', merchant)
    assert.deepEqual(
      wallets.data.map((row) => [row.account_code, row.holder, row.seq, row.base_amount]),
      [['2020', 'u2', 5, -500]],
    )
    assert.equal((await refuse('/v1/ledger/entries?holder=nobody', merchant)).param, 'holder')
    await book(merchant, 'unsealed', '11-03T00:00:00', [leg('1120', 1n), leg('4010', -1n)])
    const [fresh] = (await get(entryList, '/v1/ledger/entries?account=1120', merchant)).data
    assert.equal(fresh?.seq, null)
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
  })
})

describe('seals', () => {
  test('of an empty ledger begin at zero', async () => {
    const empty = await newMerchant()
    const head = await get(headSchema, '/v1/ledger/seals/head', empty)
    assert.deepEqual(
      [head.seq, head.hash, head.sealed_at, head.lag_ms, head.checkpoint],
      [0, '0'.repeat(64), null, 0, null],
    )
    assert.deepEqual((await get(sealList, '/v1/ledger/seals', empty)).data, [])
    assert.equal((await get(verificationSchema, '/v1/ledger/seals/verify', empty)).valid, true)
  })

  test('are listed in their order, and the head is signed', async () => {
    const signed = await newMerchant()
    for (const n of ['a', 'b', 'c']) await book(signed, n, '11-01T00:00:00', [leg('1110', 5n), leg('4010', -5n)])
    assert.equal(await sealer.catchUp(signed, patientMs), true)
    // One that has just started signs at once.
    await createTestSealer(db).seal()
    const head = await get(headSchema, '/v1/ledger/seals/head', signed)
    assert.deepEqual([head.seq, head.lag_ms], [3, 0])
    const first = await get(sealList, '/v1/ledger/seals?limit=2', signed)
    assert.deepEqual([first.data.map((seal) => seal.seq), first.has_more], [[1, 2], true])
    const rest = await get(sealList, '/v1/ledger/seals?limit=2&starting_after=2', signed)
    assert.deepEqual([rest.data.map((seal) => seal.hash), rest.has_more], [[head.hash], false])
    const key = await get(sealKeySchema, '/v1/ledger/seals/key', signed)
    const { checkpoint } = head
    assert.ok(checkpoint)
    assert.equal(checkpoint.key_id, key.key_id)
    const text = checkpointText(showId('merchant', signed), BigInt(checkpoint.seq), checkpoint.hash)
    assert.equal(isSignedBy(key.public_key, text, Buffer.from(checkpoint.signature, 'base64')), true)
  })

  test('say how long the oldest open transaction waits', async () => {
    const waiting = await newMerchant()
    await inTransaction(db, waiting, (tx) =>
      postLedger(
        tx,
        [
          itemOf(waiting, {
            eventKey: newUuid(),
            kind: 'adjustment',
            description: '',
            effectiveAt: at('11-01T00:00:00'),
            legs: [leg('1110', 5n), leg('4010', -5n)],
          }),
        ],
        at('11-22T11:59:58.500'),
      ),
    )
    assert.equal((await get(headSchema, '/v1/ledger/seals/head', waiting)).lag_ms, 1500)
  })

  test('are verified page by page, and what was changed is named', async (context) => {
    const superuser = await connectAsSuperuser()
    if (!superuser) return context.skip('needs the superuser')
    const good = await get(verificationSchema, '/v1/ledger/seals/verify?limit=2', merchant)
    assert.deepEqual([good.valid, good.from_seq, good.to_seq, good.has_more], [true, 0, 2, true])
    await superuser.query('alter table ledger_transactions disable trigger append_only')
    await superuser.query(
      `update ledger_transactions set kind = 'sale' where merchant_id = $1 and event_key = 'hold'`,
      [merchant],
    )
    await superuser.query('alter table ledger_transactions enable always trigger append_only')
    assert.equal((await get(verificationSchema, '/v1/ledger/seals/verify?limit=2', merchant)).valid, true)
    const bad = await get(verificationSchema, '/v1/ledger/seals/verify?starting_after=2', merchant)
    assert.deepEqual([bad.valid, bad.has_more], [false, false])
    assert.deepEqual(
      bad.problems.map((problem) => problem.seq),
      [3],
    )
    assert.match(bad.problems[0]?.message ?? '', /ltx_\w+ or one of its entries was changed/)
  })
})
