import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { delayMs, inboxSchedule, lookupSchedule, notificationSchedule } from '#kernel/backoff.ts'
import { addMs, unixSeconds } from '#kernel/clock.ts'
import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { type IdKind, idPrefixes, newUuid, parseId, showId } from '#kernel/ids.ts'

const kinds = Object.keys(idPrefixes) as IdKind[]
const anyKind = fc.constantFrom(...kinds)
const anyUuid = fc.uuid()

describe('ids', () => {
  test('round trip', () => {
    fc.assert(fc.property(anyKind, anyUuid, (kind, uuid) => assert.equal(parseId(kind, showId(kind, uuid)), uuid)))
  })

  test('have the text form of TypeID', () => {
    // The example of the TypeID specification.
    assert.equal(showId('paymentIntent', '00000000-0000-0000-0000-000000000000'), 'pi_00000000000000000000000000')
    assert.equal(showId('paymentIntent', 'ffffffff-ffff-ffff-ffff-ffffffffffff'), 'pi_7zzzzzzzzzzzzzzzzzzzzzzzzz')
    assert.equal(showId('paymentIntent', '01890a5d-ac96-774b-bcce-b302099a8057'), 'pi_01h455vb4pex5vsknk084sn02q')
  })

  test('sort as their UUIDs do, so new ones sort by time', () => {
    fc.assert(fc.property(anyUuid, anyUuid, (a, b) => assert.equal(showId('event', a) < showId('event', b), a < b)))
    const made = Array.from({ length: 2000 }, () => showId('event', newUuid()))
    // To the millisecond: the first 48 bits, which are ten letters but two bits.
    const times = made.map((id) => id.slice('evt_'.length, 'evt_'.length + 9))
    assert.deepEqual(times.toSorted(), times)
    assert.equal(new Set(made).size, made.length)
  })

  test('of another kind, and what is no id at all, is not read', () => {
    const uuid = newUuid()
    for (const kind of kinds) {
      for (const other of kinds)
        assert.equal(parseId(other, showId(kind, uuid)), idPrefixes[kind] === idPrefixes[other] ? uuid : undefined)
    }
    const good = showId('refund', uuid)
    const bad = [
      '',
      're_',
      uuid,
      good.slice(0, -1),
      `${good}0`,
      good.toUpperCase(),
      good.replace('_', '-'),
      ` ${good}`,
      're_8zzzzzzzzzzzzzzzzzzzzzzzzz', // 129 bits
      're_0000000000000000000000000u', // u, i, l and o are not in the alphabet
      're_0000000000000000000000000i',
      're_000000000000000000000000\n0',
    ]
    for (const text of bad) assert.equal(parseId('refund', text), undefined, JSON.stringify(text))
    fc.assert(fc.property(fc.string(), (text) => assert.equal(parseId('refund', text), undefined)))
  })

  test('have prefixes of their own', () => {
    assert.equal(new Set(Object.values(idPrefixes)).size, kinds.length)
  })
})

describe('back-off', () => {
  const table: [string, readonly number[], number, number, number][] = [
    ['the first look-up is soon', lookupSchedule, 1, 0, 1800],
    ['at most a tenth more than its step', lookupSchedule, 1, 0.999_999, 2200],
    ['the second waits longer', lookupSchedule, 2, 0, 4500],
    ['the last wait repeats', inboxSchedule, 6, 0, 3_240_000],
    ['for ever', inboxSchedule, 6000, 0, 3_240_000],
  ]
  for (const [name, schedule, attempt, random, wait] of table)
    test(name, () => assert.equal(delayMs(schedule, attempt, random), wait))

  test('stays within a tenth of its step', () => {
    const schedule = fc.constantFrom(lookupSchedule, inboxSchedule, notificationSchedule)
    fc.assert(
      fc.property(
        schedule,
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, attempt, random) => {
          const step = steps[Math.min(attempt, steps.length) - 1] ?? 0
          const wait = delayMs(steps, attempt, random)
          assert.ok(wait >= step * 0.9 && wait <= step * 1.1)
          assert.ok(delayMs(steps, attempt + 1, random) >= wait)
        },
      ),
    )
  })

  test('of notifications lasts about three days, as Stripe’s does', () => {
    const days = notificationSchedule.reduce((sum, wait) => sum + wait, 0) / 86_400_000
    assert.ok(days > 2.5 && days < 3.5, String(days))
  })
})

describe('the error catalogue', () => {
  const entries = Object.entries(errorCatalogue) as [ErrorCode, (typeof errorCatalogue)[ErrorCode]][]
  for (const [code, { status, type, title, retryable }] of entries) {
    test(`${code} has a status, a type and a sentence`, () => {
      assert.match(code, /^[a-z0-9]+(_[a-z0-9]+)*$/)
      assert.ok([400, 401, 402, 403, 404, 405, 409, 413, 429, 500, 502, 503].includes(status))
      assert.ok(['api_error', 'card_error', 'idempotency_error', 'invalid_request_error'].includes(type))
      assert.match(title, /^[A-Z].+\.$/)
      assert.equal(type === 'card_error', status === 402)
      assert.equal(retryable, status >= 500 || status === 409 || status === 429, 'retryable says what the status says')
    })
  }

  test('an error shows its title unless something better is known, and keeps its cause to itself', () => {
    const cause = new Error('the password is swordfish')
    const plain = new AppError('internal_error', { cause })
    assert.equal(plain.message, errorCatalogue.internal_error.title)
    assert.equal(plain.cause, cause)
    assert.equal(plain.status, 500)
    const missing = notFound('refund', 're_1')
    assert.deepEqual(
      [missing.code, missing.status, missing.message],
      ['resource_missing', 404, "No such refund: 're_1'"],
    )
  })
})

describe('time', () => {
  test('is cut to whole seconds on the wire, and added in ms', () => {
    assert.equal(unixSeconds(new Date(1_795_334_461_999)), 1_795_334_461)
    assert.equal(addMs(new Date(1000), 500).getTime(), 1500)
  })
})
