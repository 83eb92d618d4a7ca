import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import type { TrialBalance } from '#ledger/balance-schemas.ts'
import type { Leg } from '#ledger/posting.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { createTestLedger, createTestSealer } from './ledger-server.ts'

const { db, newMerchant } = await createTestDatabase()
const sealer = createTestSealer(db)
const ledger = createTestLedger(db)
const patientMs = 20_000
const [eur, usd] = [currencyOf('eur'), currencyOf('usd')]

/** Mulberry32: the same numbers in every run. */
const createRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
const random = createRandom(20_261_122)

const firstSecond = Date.UTC(2026, 8, 20) / 1000
const november = Date.UTC(2026, 10, 1) / 1000
/**
 * From 20 September, over two month ends, to 2 December; a third of it on the two days around 1 November, a quarter on the
 * beginning of an hour.
 */
const randomSecond = (): number => {
  const second = random(3) === 0 ? november + random(2 * 86_400) - 86_400 : firstSecond + random(73 * 86_400)
  return random(4) === 0 ? second - (second % 3600) : second
}

const codes = ['1110', '1120', '4010', '5010', '2310'] as const
const randomLegs = (): Leg[] => {
  const currency = random(4) === 0 ? usd : eur
  const amounts = Array.from(
    { length: 1 + random(3) },
    () => BigInt(1 + random(100_000)) * (random(2) === 0 ? 1n : -1n),
  )
  const legs = amounts.map((amount): Leg => ({ code: codes[random(codes.length)] ?? '1110', currency, amount }))
  const rest = -amounts.reduce((sum, amount) => sum + amount, 0n)
  if (rest === 0n) return randomLegs()
  const wallet = { code: '2020', currency, holder: `u${random(3)}`, amount: rest } as const
  return [...legs, rest < 0n && random(2) === 0 ? wallet : { code: '3100', currency, amount: rest }]
}

interface Booked {
  seq: bigint | null
  second: number
  account: string
  currency: string
  amount: bigint
  base_amount: bigint
}

const bookAtRandom = async (
  merchant: string,
  transactions: number,
  before = Number.MAX_SAFE_INTEGER,
): Promise<void> => {
  const items = Array.from({ length: transactions }, () => {
    const millisecond = random(4) === 0 ? 0 : random(1000)
    const effectiveAt = new Date(Math.min(randomSecond() * 1000 + millisecond, before * 1000 - 1))
    const event = { eventKey: newUuid(), kind: 'adjustment', description: '', effectiveAt } as const
    return itemOf(merchant, { ...event, legs: randomLegs() })
  })
  await post(db, items)
}

const readBooked = async (merchant: string): Promise<Booked[]> => {
  const { rows } = await sql<Booked>`
    select s.seq, floor(extract(epoch from t.effective_at))::int as second, a.code || ' ' || a.currency || ' ' || a.holder as account,
      e.currency, e.amount, e.base_amount
    from ledger_entries e join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    left join ledger_seals s on s.merchant_id = e.merchant_id and s.transaction_id = e.transaction_id
    where e.merchant_id = ${merchant}`.execute(db.maintenance)
  return rows
}

/** The fold of the entries, as lines of text. */
const fold = (
  booked: readonly Booked[],
  point: { as_of?: number | undefined; as_of_seq?: number | undefined },
): string[] => {
  const sums = new Map<string, { debit: bigint; credit: bigint; base: bigint }>()
  for (const { seq, second, account, amount, base_amount } of booked) {
    if (point.as_of !== undefined && second > point.as_of) continue
    if (point.as_of_seq !== undefined && (seq === null || seq > point.as_of_seq)) continue
    const sum = sums.get(account) ?? { debit: 0n, credit: 0n, base: 0n }
    if (amount > 0n) sum.debit += amount
    else sum.credit -= amount
    sum.base += base_amount
    sums.set(account, sum)
  }
  return [...sums]
    .map(([account, { debit, credit, base }]) => `${account}|${debit}|${credit}|${debit - credit}|${base}`)
    .sort()
}

const shown = ({ data }: TrialBalance): string[] =>
  data
    .map(
      (row) =>
        `${row.code} ${row.currency} ${row.holder}|${row.debit}|${row.credit}|${row.balance}|${row.base_balance}`,
    )
    .sort()

describe('every balance is the fold of its entries', () => {
  test('at random moments and seals, sealed in random steps, over marks and month ends', async () => {
    const merchant = await newMerchant()
    await inTransaction(db, merchant, (tx) =>
      tx
        .insertInto('ledger_exchange_rates')
        .values({
          merchant_id: merchant,
          id: newUuid(),
          currency: 'usd',
          effective_on: '2026-01-01',
          rate: '0.9183',
          created_at: new Date(),
        })
        .execute(),
    )
    // Up to the first mark all is before November, so that marks and months are both of use.
    await bookAtRandom(merchant, 1100, november)
    for (let left = 1000; left > 0; ) {
      const step = Math.min(left, 1 + random(250))
      await bookAtRandom(merchant, step)
      left -= step
      if (left === 0 || random(3) > 0) assert.equal(await sealer.catchUp(merchant, patientMs), true)
    }
    await bookAtRandom(merchant, 40)
    const booked = await readBooked(merchant)
    const head = Number(booked.reduce((max, { seq }) => (seq !== null && seq > max ? seq : max), 0n))
    assert.ok(head >= 2100 && booked.some(({ seq }) => seq === null))
    const unsealed = 2140 - head
    const points = [
      {},
      { as_of_seq: 0 },
      { as_of_seq: 1024 },
      { as_of_seq: head },
      { as_of: Date.UTC(2026, 9, 31) / 1000 - 1 },
      { as_of: Date.UTC(2026, 10, 1) / 1000 - 1, as_of_seq: 2048 },
      { as_of: november + 86_400, as_of_seq: 1300 },
      ...Array.from({ length: 30 }, () => ({
        as_of: random(4) === 0 ? undefined : randomSecond(),
        as_of_seq: random(4) === 0 ? undefined : random(head + 1),
      })),
      // Each side of where an hour of the crowded day begins, with most and with all of it sealed.
      ...Array.from({ length: 24 }, (_, n) => ({
        as_of: november + n * 3600 - (n % 2),
        as_of_seq: n % 3 === 0 ? head - 5 : undefined,
      })),
    ]
    for (const point of points) {
      const balance = await ledger.trialBalance(merchant, point)
      assert.deepEqual(shown(balance), fold(booked, point), JSON.stringify(point))
      for (const total of balance.totals) assert.equal(total.balance, 0)
      assert.equal(balance.as_of_seq, point.as_of_seq ?? head)
      if (point.as_of_seq !== undefined) assert.equal(balance.unsealed, 0)
      else if (point.as_of === undefined) assert.equal(balance.unsealed, unsealed)
    }
  })
})
