import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MoneyCalls, MoneyPage, ProviderBalanceEntry } from '#providers/money.ts'
import type { ProviderAnswer, ProviderPayment } from '#providers/provider.ts'
import { ok, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'
import type { MoneyHarness } from './provider-harness.ts'

/** The account that the provider keeps for us: what moved it, and what went to the bank. */
export const accountOfMoney = (kit: ContractKit): void => {
  describe('the account at the provider', () => {
    if (!kit.offers('money')) {
      test('is not told line by line', () => assert.equal(kit.harness.provider.money, undefined))
      return
    }
    entries(kit)
    payouts(kit)
  })
}

const callsOf = (kit: ContractKit): MoneyCalls => kit.harness.provider.money ?? assert.fail('no account')
const worldOf = (kit: ContractKit): MoneyHarness => kit.harness.money ?? assert.fail('nothing moves')

/** Every page of a list, and how many there were. */
const all = async <T>(read: (cursor: string | undefined) => Promise<ProviderAnswer<MoneyPage<T>>>) => {
  const found: T[] = []
  let pages = 0
  for (let cursor: string | undefined; ; pages++) {
    const { data, next } = ok(await read(cursor))
    found.push(...data)
    if (next === undefined) return { found, pages: pages + 1 }
    cursor = next
  }
}
const entriesOf = async (kit: ContractKit, of: { since: Date } | { payoutRef: string } = { since: kit.started }) =>
  all<ProviderBalanceEntry>((cursor) => callsOf(kit).listEntries({ ...of, cursor }))
const netOf = (list: readonly ProviderBalanceEntry[]): bigint => list.reduce((sum, { net }) => sum + net, 0n)

const entries = (kit: ContractKit): void => {
  const { paid, refundOf } = kit
  const about = async ({ charge }: ProviderPayment) =>
    (await entriesOf(kit)).found.filter(({ source }) => source?.chargeRef === charge?.ref)
  test('has an entry for what was paid, with its fee, and one for what was given back', async () => {
    const payment = await paid()
    ok(await refundOf(payment, 1000n))
    const [given, taken, ...others] = (await about(payment)).sort((a, b) => (a.amount < b.amount ? -1 : 1))
    assert.deepEqual(others, [])
    assert.deepEqual([taken?.kind, taken?.amount, given?.kind, given?.amount], ['charge', 4200n, 'refund', -1000n])
    assert.deepEqual([taken?.ref, taken?.fee], [payment.charge?.fee?.ref, payment.charge?.fee?.amount])
    for (const entry of [taken, given]) {
      assert.equal(entry?.net, (entry?.amount ?? 0n) - (entry?.fee ?? 0n))
      assert.deepEqual(ok(await callsOf(kit).findEntry({ entryRef: entry?.ref ?? '' })), entry)
    }
    // Ours says whose a charge is, and a refund by its charge at least.
    assert.equal(taken?.source?.tags.paymentIntent, payment.tags.paymentIntent)
  })

  test('tells each entry once over all its pages, and what the provider did by itself, to the unit', async () => {
    const world = worldOf(kit)
    const before = netOf((await entriesOf(kit)).found)
    const fees = Array.from({ length: world.moreThanAPage }, (_, index) => -BigInt(index + 1))
    for (const fee of fees) await world.move('fee', fee)
    await world.move('reserve', -500n)
    await world.move('reserve', 200n)
    await world.move('other', 77n)
    const { found, pages } = await entriesOf(kit)
    assert.ok(pages > 1, 'all entries came on one page')
    assert.equal(new Set(found.map(({ ref }) => ref)).size, found.length)
    assert.equal(netOf(found) - before, fees.reduce((sum, fee) => sum + fee, 0n) - 500n + 200n + 77n)
    for (const kind of ['fee', 'reserve_hold', 'reserve_release', 'other'] as const)
      assert.ok(
        found.some((entry) => entry.kind === kind),
        kind,
      )
  })

  test('of an amount below zero is told as it is', async () => {
    const { found } = await entriesOf(kit)
    const missing = netOf(found)
    await worldOf(kit).move('other', -missing - 100_000n)
    assert.equal(netOf((await entriesOf(kit)).found), -100_000n)
    await worldOf(kit).move('other', missing + 100_000n)
  })

  test('does not know what is not there, and says nothing of states that nobody knows', async () => {
    const { missing } = worldOf(kit)
    assert.equal(ok(await callsOf(kit).findEntry({ entryRef: missing.entry })), undefined)
    assert.equal(ok(await callsOf(kit).findPayout({ payoutRef: missing.payout })), undefined)
    const strange = kit.harness.stranger.money ?? assert.fail('no account')
    unknown(await strange.listEntries({ since: kit.started }))
  })
}

const payouts = (kit: ContractKit): void => {
  const available = () => kit.paid({ method: worldOf(kit).availableMethod })
  const find = async (payoutRef: string) =>
    ok(await callsOf(kit).findPayout({ payoutRef })) ?? assert.fail(`${payoutRef} is not there`)
  const made = async () => {
    await available()
    // What was given back and disputed before may have left less than nothing.
    await worldOf(kit).move('other', 1_000_000n)
    const ref = await worldOf(kit).payOut()
    return find(ref)
  }
  test('pays out what it says, composed of entries that add up, and says when it has arrived', async () => {
    await kit.harness.notifications()
    const payout = await made()
    assert.ok(payout.amount > 0n && payout.isComposed && payout.automatic)
    const { found } = await entriesOf(kit, { payoutRef: payout.ref })
    assert.equal(found.find(({ ref }) => ref === payout.entryRef)?.net, -payout.amount)
    assert.equal(netOf(found), 0n)
    const listed = await all((cursor) => callsOf(kit).listPayouts({ since: kit.started, cursor }))
    assert.deepEqual(
      listed.found.filter(({ ref }) => ref === payout.ref),
      [payout],
    )
    await kit.harness.settle()
    assert.equal((await find(payout.ref)).state, 'paid')
    const notices = (await kit.harness.notifications()).map((sent) => {
      const read = kit.harness.provider.verifyWebhook({ ...sent, now: kit.harness.now() })
      return read.ok ? read.notice.subject : undefined
    })
    assert.ok(notices.some((subject) => subject?.kind === 'payout' && subject.ref === payout.ref))
  })

  test('says when the bank sends a payout back, and by which entry the money returned', async () => {
    const payout = await made()
    await kit.harness.settle()
    await worldOf(kit).bounce(payout.ref)
    const failed = await find(payout.ref)
    assert.equal(failed.state, 'failed')
    assert.ok(failed.failureCode)
    const back = ok(await callsOf(kit).findEntry({ entryRef: failed.failureEntryRef ?? '' }))
    assert.deepEqual([back?.kind, back?.amount], ['payout_reversal', payout.amount])
  })

  test('of a payout in a state that nobody knows says nothing', async () => {
    const { ref } = await made()
    unknown(await (kit.harness.stranger.money ?? assert.fail('no account')).findPayout({ payoutRef: ref }))
  })
}
