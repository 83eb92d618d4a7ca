import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { addMonths, type Month, monthOf, nextMonth, startOf } from '#finance/month.ts'
import { createFinanceService } from '#finance/service.ts'
import { newUuid } from '#kernel/ids.ts'
import { postCaptured, postFee } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import { inTransaction } from '#platform/database.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { createTestDatabase, currencyOf, itemOf, post } from '../ledger/ledger-database.ts'
import { movableClock } from '../support/clock.ts'
import { until } from '../support/until.ts'

const { db, newMerchant, connectAs } = await createTestDatabase()
const clock = movableClock()
const sealer = createSealer({
  db,
  clock,
  logger: createLogger('silent'),
  metrics: createMetrics(),
  secrets: createSecrets('a secret of at least thirty-two characters'),
})
const finance = createFinanceService({ db, clock, sealer, fourEyes: false, queue: { wake: () => undefined } })
const eur = currencyOf('eur')
const thisMonth = monthOf(clock.now())
const month = addMonths(thisMonth, -1)
const earlier = addMonths(thisMonth, -2)
const middleOf = (of: Month) => new Date(startOf(of).getTime() + 15 * 86_400_000)

const scopeOf = (merchantId: string) => ({ merchantId, apiKeyId: newUuid(), livemode: false, resourceId: newUuid() })
const capture = (merchantId: string, of: Month, total = 1000n) =>
  itemOf(merchantId, postCaptured({ providerChargeRef: newUuid(), total, currency: eur, effectiveAt: middleOf(of) }))
const close = (merchantId: string, of: Month) => finance.proposeClosing(scopeOf(merchantId), of)
const statusOf = async (merchantId: string, of: Month) => (await finance.retrievePeriod(merchantId, of)).status
const notReady = (message: RegExp) => ({ code: 'ledger_period_not_ready', message })

/** Other databases of this server hold the sealer's horizon back while they write. */
const untilClosed = (merchantId: string, of: Month) =>
  until(`${of} is closed`, async () => {
    await finance.sweep()
    return (await statusOf(merchantId, of)) === 'closed'
  })

interface Booked {
  seq: bigint
  effective_at: Date
  original_effective_at: Date | null
}
const bookedBy = async (merchantId: string): Promise<Booked[]> => {
  const { rows } = await sql<Booked>`select s.seq, t.effective_at, t.original_effective_at from ledger_transactions t
    left join ledger_seals s on s.merchant_id = t.merchant_id and s.transaction_id = t.id
    where t.merchant_id = ${merchantId} order by s.seq`.execute(db.maintenance)
  return rows
}

/** The hash of a closed month made by another way: entry by entry, in the order of the seals. */
const foldedHash = async (merchantId: string, of: Month, asOfSeq: number): Promise<string> => {
  const { rows } = await sql<{ code: string; currency: string; amount: bigint; base_amount: bigint }>`
    select a.code, e.currency, e.amount, e.base_amount from ledger_seals s
    join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.transaction_id
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where s.merchant_id = ${merchantId} and s.seq <= ${asOfSeq} and t.effective_at < ${startOf(nextMonth(of))}
    order by s.seq, e.line`.execute(db.maintenance)
  const sums = new Map<string, [debit: bigint, credit: bigint, base: bigint]>()
  for (const { code, currency, amount, base_amount: value } of rows) {
    const key = `${code},${currency}`
    const [debit, credit, base] = sums.get(key) ?? [0n, 0n, 0n]
    sums.set(key, [debit + (amount > 0n ? amount : 0n), credit - (amount < 0n ? amount : 0n), base + value])
  }
  const lines = [...sums].sort().map(([key, numbers]) => [...key.split(','), ...numbers.map(String)])
  const text = JSON.stringify(['trial_balance', of, String(asOfSeq), 'eur', lines])
  return createHash('sha256').update(text).digest('hex')
}

describe('closing a month', () => {
  test('while eight writers book into it loses and changes nothing', async () => {
    const merchant = await newMerchant()
    await post(db, [capture(merchant, month)])
    let written = 1
    const write = async () => {
      await post(db, [capture(merchant, month), capture(merchant, thisMonth)])
      written += 2
    }
    const writers = Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 30; round++) await write()
    })
    await until('writers are at work', () => written > 50)
    await close(merchant, month)
    await untilClosed(merchant, month)
    await Promise.all([...writers, write()])

    const period = await finance.retrievePeriod(merchant, month)
    assert.ok(period.as_of_seq)
    assert.ok(await sealer.catchUp(merchant, 20_000))
    const rows = await bookedBy(merchant)
    assert.equal(rows.length, written)
    const end = startOf(nextMonth(month))
    const [inside, moved] = [
      rows.filter((row) => row.effective_at < end),
      rows.filter((row) => row.original_effective_at),
    ]
    assert.ok(inside.length > 0 && moved.length > 0)
    for (const row of inside) assert.ok(row.seq <= BigInt(period.as_of_seq), `${row.seq} came after the closing`)
    for (const row of moved) {
      assert.deepEqual([row.effective_at, row.original_effective_at], [end, middleOf(month)])
    }
    assert.equal(inside.length + moved.length + (written - 1) / 2, rows.length)
    assert.equal(period.trial_balance_sha256, await foldedHash(merchant, month, period.as_of_seq))
  })

  test('waits for a writer that began before, and has what it wrote', async () => {
    const merchant = await newMerchant()
    await post(db, [capture(merchant, month)])
    const held = Promise.withResolvers<void>()
    const wrote = Promise.withResolvers<void>()
    const writer = inTransaction(db, merchant, async (tx) => {
      await postLedger(tx, [capture(merchant, month, 77n)], clock.now())
      wrote.resolve()
      await held.promise
    })
    await wrote.promise
    const closing = close(merchant, month)
    await until('the lock is there', async () => {
      const { rows } = await sql`select from ledger_period_locks where merchant_id = ${merchant}`.execute(
        db.maintenance,
      )
      return rows.length === 1
    })
    // Whoever comes after the lock is moved, while the one before it is still at work.
    await post(db, [capture(merchant, month, 88n)])
    assert.equal(await statusOf(merchant, month), 'closing')
    await assert.rejects(close(merchant, nextMonth(month)), notReady(/is being closed|not over/))
    held.resolve()
    await Promise.all([writer, closing])
    await untilClosed(merchant, month)
    const { as_of_seq: asOfSeq } = await finance.retrievePeriod(merchant, month)
    const { rows } = await sql<{ sum: bigint }>`select sum(amount)::bigint as sum from ledger_entries e
      join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
      join ledger_seals s on s.merchant_id = t.merchant_id and s.transaction_id = t.id
      where t.merchant_id = ${merchant} and e.amount > 0 and s.seq <= ${asOfSeq} and t.original_effective_at is null`.execute(
      db.maintenance,
    )
    assert.equal(rows[0]?.sum, 1077n)
  })

  test('that dies after the lock is finished by the sweep, once', async () => {
    const merchant = await newMerchant()
    await post(db, [capture(merchant, month)])
    const dying = createFinanceService({
      db,
      clock,
      fourEyes: false,
      queue: { wake: () => undefined },
      sealer: {
        ...sealer,
        catchUp: (_, ms) => (ms <= 1000 ? Promise.resolve(true) : Promise.reject(new Error('died'))),
      },
    })
    await assert.rejects(dying.proposeClosing(scopeOf(merchant), month), /died/)
    await until('it is closed', async () => {
      await Promise.all([finance.sweep(), finance.sweep(), finance.sweep()])
      return (await statusOf(merchant, month)) === 'closed'
    })
    await finance.sweep()
    const { rows } = await sql<{ action: string }>`
      select action from ledger_period_locks where merchant_id = ${merchant} order by number`.execute(db.maintenance)
    assert.deepEqual(
      rows.map((row) => row.action),
      ['closing', 'closed'],
    )
    const { rows: told } = await sql<{ type: string; data: { status: string } }>`
      select type, data from events where merchant_id = ${merchant}`.execute(db.maintenance)
    assert.deepEqual(
      told.map(({ type, data }) => [type, data.status]),
      [['ledger.period.closed', 'closed']],
    )
  })

  test('goes month by month, reopens from the last, and keeps the history', async () => {
    const merchant = await newMerchant()
    await assert.rejects(close(merchant, month), notReady(/Nothing is booked/))
    await post(db, [capture(merchant, earlier), capture(merchant, month)])
    await assert.rejects(close(merchant, month), notReady(new RegExp(`the next one is ${earlier}`)))
    await close(merchant, earlier)
    await untilClosed(merchant, earlier)
    await assert.rejects(close(merchant, earlier), notReady(new RegExp(`the next one is ${month}`)))
    await close(merchant, month)
    await untilClosed(merchant, month)
    await assert.rejects(close(merchant, thisMonth), notReady(/is not over/))
    const reopen = (of: Month) => finance.proposeReopening(scopeOf(merchant), of, 'The fee invoice came late')
    await assert.rejects(reopen(earlier), notReady(new RegExp(`last one closed, which is ${month}`)))
    const first = await finance.retrievePeriod(merchant, month)
    await reopen(month)
    assert.equal(await statusOf(merchant, month), 'open')
    await post(db, [capture(merchant, month, 5n)])
    await close(merchant, month)
    await untilClosed(merchant, month)
    const again = await finance.retrievePeriod(merchant, month)
    assert.notEqual(again.trial_balance_sha256, first.trial_balance_sha256)
    assert.deepEqual(
      again.history.map((one) => [one.action, one.trial_balance_sha256, one.reason]),
      [
        ['closed', first.trial_balance_sha256, `Close ${month}`],
        ['reopened', null, 'The fee invoice came late'],
        ['closed', again.trial_balance_sha256, `Close ${month}`],
      ],
    )
    const { data } = await finance.listPeriods(merchant)
    assert.deepEqual(
      data.map((one) => [one.month, one.status, one.checklist !== null]),
      [
        [thisMonth, 'open', true],
        [month, 'closed', false],
        [earlier, 'closed', false],
      ],
    )
    assert.equal((await bookedBy(merchant)).filter((row) => row.original_effective_at).length, 0)
  })

  test('is refused while something on the check-list stops it, and says what', async () => {
    const merchant = await newMerchant()
    const suspense = (amount: number) => ({
      description: 'Unknown receipt',
      reason: 'x',
      effective_at: middleOf(month).toISOString().slice(0, 10),
      entries: [
        { account: '1010', currency: eur, amount },
        { account: '2090', currency: eur, amount: -amount },
      ],
    })
    await finance.proposeAdjustment(scopeOf(merchant), suspense(1234))
    await assert.rejects(close(merchant, month), notReady(/suspense \(2090 -12\.34 eur\)/))
    await finance.proposeAdjustment(scopeOf(merchant), suspense(-1234))
    const careful = createFinanceService({ db, clock, sealer, fourEyes: true, queue: { wake: () => undefined } })
    const open = await careful.proposeAdjustment(scopeOf(merchant), suspense(1))
    await assert.rejects(close(merchant, month), notReady(new RegExp(`proposals \\(undecided: ${open.id}\\)`)))
    await careful.reject(scopeOf(merchant), open.id)
    // Found all right by who proposes, and no longer by who approves.
    const proposed = await careful.proposeClosing(scopeOf(merchant), month)
    assert.deepEqual(
      proposed.checklist?.filter((item) => !item.ok),
      [],
    )
    await finance.proposeAdjustment(scopeOf(merchant), suspense(7))
    await assert.rejects(careful.approve(scopeOf(merchant), proposed.id), notReady(/suspense/))
    await finance.proposeAdjustment(scopeOf(merchant), suspense(-7))
    assert.equal((await careful.approve(scopeOf(merchant), proposed.id)).status, 'approved')
    await untilClosed(merchant, month)
    await assert.rejects(finance.proposeAdjustment(scopeOf(merchant), suspense(1)), { code: 'ledger_period_closed' })
  })

  test('warns of what is under way, of missing rates and of foreign revenue, and does not stop', async () => {
    const merchant = await newMerchant()
    const usd = currencyOf('usd')
    const effectiveAt = middleOf(month)
    await post(db, [
      itemOf(merchant, postCaptured({ providerChargeRef: 'ch_1', total: 500n, currency: usd, effectiveAt })),
      itemOf(merchant, postFee({ balanceRef: 'txn_1', amount: 20n, currency: usd, effectiveAt })),
    ])
    const adjust = (day: number, ...entries: { account: string; currency: typeof eur; amount: number }[]) =>
      finance.proposeAdjustment(scopeOf(merchant), {
        description: 'x',
        reason: 'x',
        effective_at: `${month}-${String(day).padStart(2, '0')}`,
        entries,
      })
    const payout = (day: number, amount: number) =>
      adjust(day, { account: '1140', currency: eur, amount }, { account: '1120', currency: eur, amount: -amount })
    // Empty on the 4th, and under way since the 10th.
    await payout(2, 100)
    await payout(4, -100)
    await payout(10, 300)
    await payout(20, -50)
    const { checklist } = await finance.retrievePeriod(merchant, month)
    const wrong = Object.fromEntries(checklist?.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]) ?? [])
    const days = Math.floor((clock.now().getTime() - Date.parse(`${month}-10T00:00:00Z`)) / 86_400_000)
    assert.deepEqual(wrong, {
      open_items: `1140 2.50 eur for ${days} days`,
      rates: 'booked without a rate: 4 in usd',
      foreign_revenue: 'not translated: 4010 -5.00 usd',
    })
    assert.equal((await close(merchant, month)).status, 'approved')
  })
})

describe('a closed month', () => {
  test('refuses what is written past the application, and a manual posting approved too late', async () => {
    const merchant = await newMerchant()
    await post(db, [capture(merchant, earlier), capture(merchant, month)])
    const careful = createFinanceService({ db, clock, sealer, fourEyes: true, queue: { wake: () => undefined } })
    await close(merchant, earlier)
    await untilClosed(merchant, earlier)
    const app = await connectAs('parley_app', merchant)
    const insert = app.query(
      `insert into ledger_transactions (merchant_id, id, event_key, kind, base_currency, effective_at, created_at)
       values ($1, gen_random_uuid(), 'x', 'test', 'eur', $2, now())`,
      [merchant, middleOf(earlier)],
    )
    await assert.rejects(insert, { constraint: 'ledger_period_closed' })
    // An open proposal keeps its month open, so the month is closed under it by hand.
    const late = await careful.proposeAdjustment(scopeOf(merchant), {
      description: 'x',
      reason: 'x',
      effective_at: middleOf(month).toISOString().slice(0, 10),
      entries: [
        { account: '1010', currency: eur, amount: 5 },
        { account: '1020', currency: eur, amount: -5 },
      ],
    })
    await app.query(
      `insert into ledger_period_locks (merchant_id, number, action, closed_until, proposal_id, created_at)
       select merchant_id, 3, 'closing', $1, proposal_id, now() from ledger_period_locks where number = 2`,
      [`${thisMonth}-01`],
    )
    await assert.rejects(careful.approve(scopeOf(merchant), late.id), { code: 'ledger_period_closed' })
    assert.equal((await careful.retrieveProposal(merchant, late.id)).status, 'proposed')
  })
})
