import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { z } from 'zod'
import { newUuid, showId } from '#kernel/ids.ts'
import { trialBalanceSchema } from '#ledger/balance-schemas.ts'
import { postCaptured, postFee, postRefunded } from '#ledger/posting-rules.ts'
import { ledgerRoutes } from '#ledger/routes.ts'
import { accountList, accountSchema, entryList, transactionList, transactionSchema } from '#ledger/schemas.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { createTestLedger, keyOf, startLedgerServer } from './ledger-server.ts'

const { db, newMerchant } = await createTestDatabase()
const base = await startLedgerServer(db)
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), param: z.string().optional() }),
})

const at = (text: string) => new Date(`2026-11-${text}Z`)
const seconds = (text: string): number => at(text).getTime() / 1000
const intentId = newUuid()
const merchant = await newMerchant()
const other = await newMerchant()
const eur = currencyOf('eur')
const jpy = currencyOf('jpy')
const ties = { paymentIntentId: intentId }

const dates = { captured: at('02T09:00:00'), fee: at('03T09:00:00'), refunded: at('05T09:00:00.500') }
const events = [
  itemOf(
    merchant,
    postCaptured({ providerChargeRef: 'ch_1', total: 13000n, currency: eur, effectiveAt: dates.captured }),
    ties,
  ),
  itemOf(merchant, postFee({ balanceRef: 'txn_1', amount: 220n, currency: eur, effectiveAt: dates.fee }), ties),
  itemOf(merchant, postCaptured({ providerChargeRef: 'ch_2', total: 12000n, currency: jpy, effectiveAt: dates.fee })),
  itemOf(merchant, postRefunded({ refundId: 're_1', amount: 3000n, currency: eur, effectiveAt: dates.refunded }), ties),
]
for (const event of events) await post(db, [event], at('06T00:00:00'))
await post(db, [
  itemOf(other, postCaptured({ providerChargeRef: 'ch_1', total: 99n, currency: eur, effectiveAt: dates.fee })),
])

const get = async <T>(schema: z.ZodType<T>, path: string, headers = keyOf(merchant)): Promise<T> => {
  const response = await fetch(base + path, { headers })
  const body: unknown = await response.json()
  assert.equal(response.status, 200, JSON.stringify(body))
  return schema.parse(body)
}
const refuse = async (path: string, status: number, headers = keyOf(merchant)) => {
  const response = await fetch(base + path, { headers })
  assert.equal(response.status, status)
  return errorSchema.parse(await response.json()).error
}

describe('trial balance', () => {
  const lines = (balance: z.output<typeof trialBalanceSchema>) =>
    balance.data.map((row) => `${row.code} ${row.currency} ${row.debit} ${row.credit} ${row.balance}`)

  test('shows every account that has entries, and every total is 0', async () => {
    const balance = await get(trialBalanceSchema, '/v1/ledger/trial_balance')
    assert.deepEqual(lines(balance), [
      '1110 eur 13000 3220 9780',
      '1110 jpy 12000 0 12000',
      '4010 eur 0 13000 -13000',
      '4010 jpy 0 12000 -12000',
      '4090 eur 3000 0 3000',
      '5010 eur 220 0 220',
    ])
    assert.deepEqual(balance.totals, [
      { currency: 'eur', debit: 16220, credit: 16220, balance: 0 },
      { currency: 'jpy', debit: 12000, credit: 12000, balance: 0 },
    ])
    assert.equal(balance.as_of, null)
    assert.equal(balance.as_of_seq, 0)
    assert.equal(balance.unsealed, 4)
    assert.equal(balance.base_currency, 'eur')
  })

  test('as of a second includes that second, and one currency stands alone', async () => {
    const asOf = seconds('05T09:00:00')
    const whole = await get(trialBalanceSchema, `/v1/ledger/trial_balance?as_of=${asOf}&currency=EUR`)
    assert.deepEqual(lines(whole), [
      '1110 eur 13000 3220 9780',
      '4010 eur 0 13000 -13000',
      '4090 eur 3000 0 3000',
      '5010 eur 220 0 220',
    ])
    const earlier = await get(trialBalanceSchema, `/v1/ledger/trial_balance?as_of=${asOf - 1}&currency=eur`)
    assert.deepEqual(lines(earlier), ['1110 eur 13000 220 12780', '4010 eur 0 13000 -13000', '5010 eur 220 0 220'])
    assert.equal(earlier.as_of, asOf - 1)
    assert.deepEqual(earlier.totals, [{ currency: 'eur', debit: 13220, credit: 13220, balance: 0 }])
    assert.deepEqual((await get(trialBalanceSchema, '/v1/ledger/trial_balance?as_of=1')).data, [])
  })

  test('a parameter that is not served is named', async () => {
    assert.equal((await refuse('/v1/ledger/trial_balance?as_of_seq=-3', 400)).param, 'as_of_seq')
    assert.equal((await refuse('/v1/ledger/trial_balance?currency=xxx', 400)).param, 'currency')
    assert.equal((await refuse('/v1/ledger/trial_balance?as_of=yesterday', 400)).param, 'as_of')
  })
})

describe('accounts', () => {
  test('each balance is the fold of its entries', async () => {
    const { data } = await get(accountList, '/v1/ledger/accounts?limit=100')
    assert.equal(data.length, 6)
    for (const account of data) {
      const { data: entries } = await get(entryList, `/v1/ledger/entries?limit=100&account=${account.id}`)
      assert.ok(entries.length > 0)
      assert.ok(entries.every((entry) => entry.account === account.id && entry.currency === account.currency))
      assert.equal(
        account.balance,
        entries.reduce((sum, entry) => sum + entry.amount, 0),
      )
      assert.equal(
        account.debit,
        entries.reduce((sum, entry) => sum + Math.max(entry.amount, 0), 0),
      )
      assert.deepEqual(await get(accountSchema, `/v1/ledger/accounts/${account.id}`), account)
    }
  })

  test('take a currency and a moment', async () => {
    const query = `currency=jpy&as_of=${seconds('02T10:00:00')}`
    const { data } = await get(accountList, `/v1/ledger/accounts?${query}`)
    assert.deepEqual(data.map((row) => [row.code, row.balance]).sort(), [
      ['1110', 0],
      ['4010', 0],
    ])
    const [first] = data
    const again = await get(accountSchema, `/v1/ledger/accounts/${first?.id}?as_of=${seconds('03T09:00:00')}`)
    assert.equal(Math.abs(again.balance), 12000)
    assert.equal(again.normal_side, again.code === '1110' ? 'debit' : 'credit')
  })

  test('of another merchant do not exist', async () => {
    const { data } = await get(accountList, '/v1/ledger/accounts?limit=100', keyOf(other))
    assert.deepEqual(data.map((row) => [row.code, row.balance]).sort(), [
      ['1110', 99],
      ['4010', -99],
    ])
    const foreign = data[0]?.id ?? ''
    assert.equal((await refuse(`/v1/ledger/accounts/${foreign}`, 404)).code, 'resource_missing')
    assert.equal((await refuse(`/v1/ledger/entries?account=${foreign}`, 404)).param, 'account')
    assert.equal((await refuse('/v1/ledger/accounts/lac_1', 404)).code, 'resource_missing')
  })
})

describe('transactions', () => {
  test('are listed newest first, with their entries, by payment intent and kind', async () => {
    const page = await get(
      transactionList,
      `/v1/ledger/transactions?payment_intent=${showId('paymentIntent', intentId)}`,
    )
    assert.deepEqual(
      page.data.map((row) => row.kind),
      ['refund', 'fee', 'capture'],
    )
    const [refund] = page.data
    assert.deepEqual(
      refund?.entries.map((entry) => [entry.line, entry.account_code, entry.amount]),
      [
        [1, '4090', 3000],
        [2, '1110', -3000],
      ],
    )
    assert.equal(refund?.effective_at, seconds('05T09:00:00'))
    assert.deepEqual(await get(transactionSchema, `/v1/ledger/transactions/${refund?.id}`), refund)
    const captures = await get(transactionList, '/v1/ledger/transactions?kind=capture&created[gte]=1')
    assert.deepEqual(
      captures.data.map((row) => row.event_key),
      ['ch_2:capture', 'ch_1:capture'],
    )
  })

  test('of another merchant do not exist', async () => {
    const { data } = await get(transactionList, '/v1/ledger/transactions', keyOf(other))
    assert.equal((await refuse(`/v1/ledger/transactions/${data[0]?.id}`, 404)).code, 'resource_missing')
  })
})

describe('entries', () => {
  test('page forwards and backwards without a gap, also inside a transaction', async () => {
    const all = await get(entryList, '/v1/ledger/entries?limit=100')
    assert.equal(all.data.length, 8)
    assert.equal(all.has_more, false)
    const forwards: string[] = []
    for (let cursor = ''; ; ) {
      const page = await get(entryList, `/v1/ledger/entries?limit=3${cursor}`)
      forwards.push(...page.data.map((entry) => entry.id))
      if (!page.has_more) break
      cursor = `&starting_after=${forwards.at(-1)}`
    }
    assert.deepEqual(
      forwards,
      all.data.map((entry) => entry.id),
    )
    const back = await get(entryList, `/v1/ledger/entries?limit=3&ending_before=${forwards[5]}`)
    assert.deepEqual(
      back.data.map((entry) => entry.id),
      forwards.slice(2, 5),
    )
    assert.equal(back.has_more, true)
  })

  test('are narrowed by account code, currency, payment intent and transaction', async () => {
    const count = async (query: string) => (await get(entryList, `/v1/ledger/entries?limit=100&${query}`)).data.length
    const [transaction] = (await get(transactionList, '/v1/ledger/transactions?kind=fee')).data
    assert.equal(await count('account=1110'), 4)
    assert.equal(await count('account=1110&currency=jpy'), 1)
    assert.equal(await count(`payment_intent=${showId('paymentIntent', intentId)}`), 6)
    assert.equal(await count(`transaction=${transaction?.id}`), 2)
  })

  test('a cursor that is none is refused', async () => {
    assert.equal((await refuse('/v1/ledger/entries?starting_after=len_1_1', 404)).param, 'starting_after')
    const id = (await get(entryList, '/v1/ledger/entries?limit=1')).data[0]?.id
    assert.equal(
      (await refuse(`/v1/ledger/entries?starting_after=${id}&ending_before=${id}`, 400)).code,
      'parameters_exclusive',
    )
  })
})

test('an entry of a month without a partition is kept, shown and balanced, and the month stays where it is', async () => {
  const far = await newMerchant()
  const capture = postCaptured({ providerChargeRef: 'ch_9', total: 700n, currency: eur, effectiveAt: dates.fee })
  await post(db, [itemOf(far, capture)])
  const id = await inTransaction(db, far, async (tx) => {
    const accounts = await tx.selectFrom('ledger_accounts').select('id').execute()
    const { rows } = await sql<{ id: string }>`select parley_uuid_at('2031-05-01T00:00:00Z') as id`.execute(tx)
    const [first, second] = accounts
    const transaction = rows[0]?.id ?? ''
    const moment = { effective_at: new Date(), created_at: new Date() }
    await tx
      .insertInto('ledger_transactions')
      .values({
        merchant_id: far,
        id: transaction,
        event_key: 'far',
        kind: 'test',
        payment_intent_id: null,
        refund_id: null,
        thread_id: null,
        base_currency: 'eur',
        ...moment,
      })
      .execute()
    const entry = { merchant_id: far, transaction_id: transaction, currency: 'eur' }
    await tx
      .insertInto('ledger_entries')
      .values([
        { ...entry, line: 1, account_id: first?.id ?? '', amount: 5n, base_amount: 5n },
        { ...entry, line: 2, account_id: second?.id ?? '', amount: -5n, base_amount: -5n },
      ])
      .execute()
    return transaction
  })
  const partitionOf = await sql<{ name: string }>`
    select tableoid::regclass::text as name from ledger_entries where transaction_id = ${id}::uuid`.execute(
    db.maintenance,
  )
  assert.deepEqual(
    partitionOf.rows.map((row) => row.name),
    ['ledger_entries_default', 'ledger_entries_default'],
  )
  const shown = await get(transactionSchema, `/v1/ledger/transactions/${showId('ledgerTransaction', id)}`, keyOf(far))
  assert.deepEqual(
    shown.entries.map((one) => one.amount),
    [5, -5],
  )
  const { totals } = await get(trialBalanceSchema, '/v1/ledger/trial_balance', keyOf(far))
  assert.deepEqual(totals, [{ currency: 'eur', debit: 705, credit: 705, balance: 0 }])

  const create = async (month: string) =>
    (await sql<{ made: boolean }>`select ledger_create_partition(${month}::date) as made`.execute(db.maintenance))
      .rows[0]?.made
  assert.equal(await create('2031-05-01'), false)
  assert.equal(await create('2031-06-01'), true)
  assert.equal(await create('2031-06-01'), false)
})

test('a bot may read none of it', async () => {
  for (const path of ['accounts', 'transactions', 'entries', 'trial_balance']) {
    assert.equal((await refuse(`/v1/ledger/${path}`, 403, keyOf(merchant, 'bot'))).code, 'permission_denied')
    for (const role of ['merchant', 'service', 'platform'] as const)
      await get(z.unknown(), `/v1/ledger/${path}`, keyOf(merchant, role))
  }
})

test('the examples of the documentation fit their schemas', () => {
  for (const route of ledgerRoutes(createTestLedger(db))) {
    assert.ok(route.response.safeParse(route.example).success, route.operationId)
  }
})
