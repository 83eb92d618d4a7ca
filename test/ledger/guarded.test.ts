import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { postAdjusted } from '#ledger/correction-rules.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import { postPacketClaimed, postPacketFunded, postToppedUp, postWalletTransferred } from '#ledger/wallet-rules.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'

const { db, newMerchant } = await createTestDatabase()
const cny = { currency: currencyOf('cny'), effectiveAt: new Date('2026-11-22T10:00:00Z') }
const overdrawn = { code: '23514', constraint: 'ledger_never_negative' }

const topup = (merchantId: string, user: string, amount: bigint): LedgerItem =>
  itemOf(merchantId, postToppedUp({ ...cny, providerChargeRef: `ch_${user}`, user, amount }))
const pay = (merchantId: string, ref: string, amount: bigint, from = 'u1', to = 'u2'): LedgerItem =>
  itemOf(merchantId, postWalletTransferred({ ...cny, transferId: ref, amount, from, to }))

/** What the holders of wallets and holds have, as the entries say and as it is watched; both must agree. */
const balances = (merchantId: string): Promise<Record<string, bigint>> =>
  inTransaction(db, merchantId, async (tx) => {
    const { rows } = await sql<{ name: string; entered: bigint; watched: bigint }>`
      select a.code || '/' || a.holder as name, -g.balance as watched,
        (select coalesce(-sum(e.amount), 0)::bigint from ledger_entries e where e.account_id = a.id) as entered
      from ledger_accounts a left join ledger_guarded_balances g on g.account_id = a.id
      where a.code like '20%' order by 1`.execute(tx)
    for (const { name, entered, watched } of rows) assert.equal(watched, entered, name)
    return Object.fromEntries(rows.map((row) => [row.name, row.entered]))
  })

describe('a wallet never goes below zero', () => {
  for (const round of ['first', 'second']) {
    test(`however many spend it at once (${round} run)`, async () => {
      const merchant = await newMerchant()
      await post(db, [topup(merchant, 'u1', 1000n)])
      const spends = Array.from({ length: 64 }, (_, n) =>
        post(db, [pay(merchant, `p2p_${n}`, 70n, 'u1', `u${2 + (n % 5)}`)]),
      )
      const outcomes = await Promise.allSettled(spends)
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason)
      assert.equal(refused.length, 64 - 14)
      for (const error of refused) assert.deepEqual({ code: error.code, constraint: error.constraint }, overdrawn)
      assert.equal((await balances(merchant))['2020/u1'], 20n)
    })
  }

  test('and wallets that pay each other at once neither wait for each other forever nor lose a unit', async () => {
    const merchant = await newMerchant()
    const users = ['u1', 'u2', 'u3', 'u4']
    await post(
      db,
      users.map((user) => topup(merchant, user, 1000n)),
    )
    const payments = Array.from({ length: 64 }, (_, n) => {
      const [from = '', to = ''] = [users[n % 4], users[(n + 1 + (n % 3)) % 4]]
      return post(db, [pay(merchant, `p2p_${n}`, BigInt(1 + n), from, to)])
    })
    await Promise.all(payments)
    const all = Object.values(await balances(merchant))
    assert.equal(
      all.reduce((sum, balance) => sum + balance),
      4000n,
    )
  })

  test('not by an adjustment either, but down to zero it may go', async () => {
    const merchant = await newMerchant()
    await post(db, [topup(merchant, 'u1', 1000n)])
    const takeBack = (ref: string, amount: bigint): LedgerItem =>
      itemOf(
        merchant,
        postAdjusted({
          adjustmentRef: ref,
          effectiveAt: cny.effectiveAt,
          legs: [
            { code: '2020', holder: 'u1', currency: cny.currency, amount },
            { code: '1010', currency: cny.currency, amount: -amount },
          ],
        }),
      )
    await assert.rejects(post(db, [takeBack('a', 1001n)]), overdrawn)
    await post(db, [takeBack('b', 1000n)])
    assert.deepEqual(await balances(merchant), { '2020/u1': 0n })
  })

  test('and one that was never filled has nothing to spend', async () => {
    const merchant = await newMerchant()
    await assert.rejects(post(db, [pay(merchant, 'p2p', 1n)]), overdrawn)
    assert.deepEqual(await balances(merchant), {})
  })
})

test('a red packet gives away no more than was put in', async () => {
  const merchant = await newMerchant()
  const packet = { ...cny, packetId: 'rp' }
  await post(db, [
    topup(merchant, 'u1', 5000n),
    itemOf(merchant, postPacketFunded({ ...packet, user: 'u1', amount: 5000n })),
  ])
  const claims = Array.from({ length: 20 }, (_, n) =>
    post(db, [itemOf(merchant, postPacketClaimed({ ...packet, user: `c${n}`, amount: 499n }))]),
  )
  const outcomes = await Promise.allSettled(claims)
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10)
  assert.equal((await balances(merchant))['2030/rp'], 10n)
})

test('a payment that dies before its commit leaves the wallet and its balance as they were', async () => {
  const merchant = await newMerchant()
  await post(db, [topup(merchant, 'u1', 1000n)])
  const killed = inTransaction(db, merchant, async (tx) => {
    await postLedger(tx, [pay(merchant, 'p2p', 900n)], cny.effectiveAt)
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
  })
  await assert.rejects(killed)
  assert.deepEqual(await balances(merchant), { '2020/u1': 1000n })
  assert.equal(await post(db, [pay(merchant, 'p2p', 900n)]), 1)
  assert.equal(await post(db, [pay(merchant, 'p2p', 900n)]), 0)
  assert.deepEqual(await balances(merchant), { '2020/u1': 100n, '2020/u2': 900n })
})

test('what is not somebody’s money may stand on either side', async () => {
  const merchant = await newMerchant()
  const legs = [
    { code: '2090', currency: cny.currency, amount: 500n },
    { code: '1010', currency: cny.currency, amount: -500n },
  ] as const
  assert.equal(
    await post(db, [itemOf(merchant, postAdjusted({ adjustmentRef: 'a', effectiveAt: cny.effectiveAt, legs }))]),
    1,
  )
})
