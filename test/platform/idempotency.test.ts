import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, mock, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import { type Database, inTransaction, openDatabase } from '#platform/database.ts'
import { type Claim, claimKey, fingerprint, forgetOldKeys, holdKey, settleKey } from '#platform/idempotency.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

describe('an Idempotency-Key', () => {
  let database: TestDatabase
  let db: Database
  before(async () => {
    database = await createTestDatabase()
    db = openDatabase({ url: database.url, poolMax: 4, onError: () => undefined })
  })
  after(async () => {
    await db.close()
    await database[Symbol.asyncDispose]()
  })

  const start = Date.UTC(2026, 10, 22)
  const at = (claim: Claim, ms: number): Claim => ({ ...claim, now: new Date(start + ms) })
  const newClaim = (): Claim => ({
    merchantId: newUuid(),
    key: newUuid(),
    fingerprint: fingerprint('POST', '/v1/refunds', { amount: 1 }),
    now: new Date(start),
  })
  const inUse = { code: 'idempotency_key_in_use' }

  test('belongs to one of many who claim it at once', async () => {
    const claim = newClaim()
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => claimKey(db, claim)))
    assert.equal(all.filter((one) => one.status === 'fulfilled').length, 1)
    for (const one of all) if (one.status === 'rejected') assert.equal(one.reason.code, 'idempotency_key_in_use')
  })

  test('of a dead process is free within five seconds, for the same resource', async () => {
    const claim = newClaim()
    const first = await claimKey(db, claim)
    await assert.rejects(claimKey(db, at(claim, 4900)), inUse)
    const second = await claimKey(db, at(claim, 5000))
    assert.ok(first.claimed && second.claimed)
    assert.equal(second.resourceId, first.resourceId)
    await assert.rejects(claimKey(db, at(claim, 9900)), inUse)
  })

  test('stays with a request that lives, however long it takes', async () => {
    const claim = newClaim()
    await claimKey(db, claim)
    mock.timers.enable({ apis: ['setInterval'] })
    const letGo = holdKey(db, claim, () => new Date(start + 60_000))
    mock.timers.tick(1500)
    mock.timers.reset()
    letGo()
    const isRenewed = async () => {
      const row = await inTransaction(db, claim.merchantId, (tx) =>
        tx.selectFrom('idempotency_keys').select('locked_until').where('key', '=', claim.key).executeTakeFirstOrThrow(),
      )
      return row.locked_until?.getTime() === start + 65_000
    }
    await until('the hold to be renewed', isRenewed)
    await assert.rejects(claimKey(db, at(claim, 64_900)), inUse)
  })

  test('answers the same bytes for ever after, and only to the same request', async () => {
    const claim = newClaim()
    await claimKey(db, claim)
    const answer = { status: 402, body: '{"error":{"code":"card_declined"}}' }
    await settleKey(db, claim, answer)
    await settleKey(db, claim, { status: 200, body: '{}' })
    assert.deepEqual(await claimKey(db, at(claim, 86_400_000)), { claimed: false, ...answer })
    const other = { ...claim, fingerprint: fingerprint('POST', '/v1/refunds', { amount: 2 }) }
    await assert.rejects(claimKey(db, other), { code: 'idempotency_error' })
    const elsewhere = await claimKey(db, { ...other, merchantId: newUuid() })
    assert.equal(elsewhere.claimed, true, 'another merchant may use the same key')
  })

  test('given back after an error is free at once', async () => {
    const claim = newClaim()
    const first = await claimKey(db, claim)
    await settleKey(db, claim, undefined)
    assert.deepEqual(await claimKey(db, claim), first)
  })

  test('is forgotten after two days, not before', async () => {
    const claim = newClaim()
    await claimKey(db, claim)
    await settleKey(db, claim, { status: 200, body: '{}' })
    await forgetOldKeys(db, new Date(start + 48 * 3_600_000))
    assert.equal((await claimKey(db, claim)).claimed, false)
    await forgetOldKeys(db, new Date(start + 48 * 3_600_000 + 1))
    assert.equal((await claimKey(db, claim)).claimed, true)
  })

  test('does not care in which order parameters were sent', () => {
    const print = (parameters: Parameters<typeof fingerprint>[2]) =>
      fingerprint('POST', '/v1/x', parameters).toString('hex')
    assert.equal(print({ a: '1', b: { c: '2', d: '3' } }), print({ b: { d: '3', c: '2' }, a: '1' }))
    const different = [{ a: '1' }, { a: 1 }, { a: ['1'] }, { a: { 0: '1' } }, { b: '1' }, {}].map(print)
    assert.equal(new Set(different).size, different.length)
  })

  test('tells requests apart by their query, and keeps what was stored without one', () => {
    const print = (query?: Parameters<typeof fingerprint>[3]) =>
      fingerprint('POST', '/v1/x', { a: '1' }, query).toString('hex')
    const kept = createHash('sha256').update('POST\n/v1/x\n{"a":"1"}').digest('hex')
    assert.deepEqual([print(), print({})], [kept, kept])
    const different = [{}, { preview: 'true' }, { preview: 'false' }, { preview: 'true', channels: ['line'] }].map(
      print,
    )
    assert.equal(new Set(different).size, different.length)
    assert.equal(print({ a: '1', b: '2' }), print({ b: '2', a: '1' }))
  })
})
