import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { firstLook, lookPauseMs, lookSince } from '#disputes/look-rules.ts'
import { createDisputeService } from '#disputes/service.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import type { DisputePage, ProviderDispute } from '#providers/disputes.ts'
import type { PaymentProvider, ProviderAnswer } from '#providers/provider.ts'
import { createWorld, type World } from '../support/world.ts'
import { dispute, movement } from './dispute-stories.ts'

const hour = 3_600_000
const at = (text: string) => new Date(`2026-11-${text}:00Z`)

describe('where a look begins', () => {
  const cases = [
    ['in the same day, two hours before the last one', '20T10:00', '20T11:00', at('20T08:00')],
    ['on a new day, sixty days back', '20T23:30', '21T00:30', new Date('2026-09-22T00:30:00Z')],
    ['after a long pause, further back still', '20T10:00', '20T10:00', at('20T08:00')],
  ] as const
  for (const [what, until, started, since] of cases)
    test(what, () => assert.deepEqual(lookSince({ lookedUntil: at(until), startedAt: at(started) }), since))

  test('never after the last one, whatever the distance, and at first sixty days back', () => {
    const lookedUntil = new Date('2026-01-01T00:00:00Z')
    assert.deepEqual(lookSince({ lookedUntil, startedAt: at('20T10:00') }), new Date('2025-12-31T22:00:00Z'))
    assert.deepEqual(firstLook(at('20T00:00')), new Date('2026-09-21T00:00:00Z'))
  })

  test('failures are spaced out, up to an hour', () =>
    assert.deepEqual([0, 1, 2, 6, 7, 99].map(lookPauseMs), [30_000, 60_000, 120_000, 1_920_000, hour, hour]))
})

describe('a look', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(async () => {
    await world.trialBalanceIsZero()
    await world[Symbol.asyncDispose]()
  })

  const read = async <T>(query: ReturnType<typeof sql<T>>): Promise<T[]> =>
    (await query.execute(world.app.db.maintenance)).rows
  const pay = async () => {
    const params = { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true }
    const { body } = await world.request().post('/v1/payment_intents').send(params).expect(200)
    await world.settle()
    const [charge] = await read(
      sql<{ ref: string }>`select provider_ref as ref from charges order by created_at desc, id desc limit 1`,
    )
    return { id: body.id as string, charge: charge?.ref ?? assert.fail('no charge') }
  }
  const told = (ref: string) =>
    read(sql<{ type: string }>`select e.type from events e join disputes d on d.id::text = e.object_id
      where d.provider_ref = ${ref} order by e.created_at, e.id`).then((rows) =>
      rows.map(({ type }) => type.replace('charge.dispute.', '')),
    )
  const bookings = async (ref: string) =>
    (
      await read(sql<{ n: number }>`select count(*)::int as n from ledger_transactions where refs->>'object' = ${ref}`)
    )[0]?.n
  const looks = () =>
    read(sql<{
      id: string
      attempts: number
      last_error: string | null
      round_cursor: string | null
      looked_until: Date
      next_attempt_at: Date
    }>`
      select * from dispute_looks where provider = 'stripe' and connection = ''`).then(
      ([row]) => row ?? assert.fail('no look'),
    )
  const due = async (now = world.clock.now()) => {
    const { id } = await looks()
    await sql`update dispute_looks set next_attempt_at = ${now}`.execute(world.app.db.maintenance)
    return id
  }
  const later = async (ms: number) => {
    await world.advance(ms)
    await (await world.startWork()).sweep()
    await world.settle()
  }
  const silence = () =>
    world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 5, match: { path: 'charge.dispute.*' } })

  test('finds a dispute whose news were dropped, books it once, and so do its news that come later, twice', async () => {
    const { id, charge } = await pay()
    await silence()
    const { id: ref } = await world.sandboxControl<{ id: string }>('POST', 'disputes', { charge })
    await world.settle()
    assert.deepEqual(await told(ref), [], 'nobody has told')
    await later(61 * 60_000)
    assert.deepEqual(await told(ref), ['created', 'funds_withdrawn'])
    const [found] = (await world.stripe().disputes.list({ payment_intent: id })).data
    assert.deepEqual([found?.status, found?.amount], ['needs_response', 4200])
    const booked = await bookings(ref)
    const late = await fetch(`${world.sandbox.url}/v1/events?type=charge.dispute.created&limit=1`, {
      headers: { authorization: 'Bearer sk_test_world' },
    })
    const [event] = ((await late.json()) as { data: { id: string }[] }).data
    await world.sandboxControl('DELETE', 'faults')
    for (const _ of [1, 2]) await world.sandboxControl('POST', `events/${event?.id}/resend`)
    await world.settle()
    await later(25 * hour)
    assert.deepEqual([await told(ref), await bookings(ref)], [['created', 'funds_withdrawn'], booked])
  })

  test('of the next day sees what became of an old one', async () => {
    const { charge } = await pay()
    const { id: ref } = await world.sandboxControl<{ id: string }>('POST', 'disputes', { charge })
    await world.settle()
    await world.sandboxControl('POST', `disputes/${ref}/win`)
    await world.settle()
    await silence()
    await world.sandboxControl('POST', `disputes/${ref}/reopen`)
    await later(25 * hour)
    const [row] = await read(sql<{ state: string }>`select state from disputes where provider_ref = ${ref}`)
    assert.equal(row?.state, 'appeal_needs_response')
    await world.sandboxControl('DELETE', 'faults')
  })

  describe('at a provider of many pages', () => {
    let pages: Record<string, DisputePage>
    let asked: string[]
    let answers: (cursor: string) => ProviderAnswer<DisputePage>
    let disputes: ProviderDispute[]
    before(async () => {
      const mine = (await Promise.all([pay(), pay(), pay()])).map(({ charge }, index) => {
        const ref = `du_page_${index}`
        return dispute({ ref, chargeRef: charge, amount: 4200n, movements: [movement({ ref: `${ref}_txn` })] })
      })
      await world.stopWork()
      const foreign = dispute({ ref: 'du_foreign', chargeRef: 'ch_theirs', paymentRef: 'pi_theirs' })
      disputes = [...mine, foreign]
    })

    /** The service with that provider at a moment that stands still; it is killed at the `dies`-th look at the clock. */
    const service = (moment: Date, dies = Number.POSITIVE_INFINITY) => {
      let looked = 0
      const die = () => {
        if (looked >= dies) throw new Error('killed')
      }
      const now = () => {
        looked += 1
        die()
        return moment
      }
      const payment = async (ref: string) => {
        const [row] = await read(sql<{ ref: string }>`select i.provider_ref as ref from charges c
          join payment_intents i on i.id = c.payment_intent_id where c.provider_ref = ${ref}`)
        return row?.ref
      }
      const provider = {
        id: 'stripe',
        findCharge: async ({ chargeRef }: { chargeRef: string }) => {
          const paymentRef = await payment(chargeRef)
          return { outcome: 'ok', value: paymentRef === undefined ? undefined : { paymentRef } }
        },
        disputes: {
          find: async ({ disputeRef }: { disputeRef: string }) => {
            asked.push(disputeRef)
            return { outcome: 'ok', value: disputes.find(({ ref }) => ref === disputeRef) }
          },
          list: async ({ cursor = '' }: { cursor?: string }) => {
            asked.push(`page ${cursor}`)
            return answers(cursor)
          },
        },
      } as unknown as PaymentProvider
      const providers = { open: async () => provider, hasOwn: () => true, routable: () => ['stripe'] }
      const secrets = createSecrets('a secret of at least thirty-two characters')
      // Whoever is killed writes nothing down, not even that it failed.
      const logger = { ...world.app.logger, warn: die, error: die }
      const deps = { ...world.app, logger, secrets, publicUrl: world.url, providers, clock: { now } }
      return createDisputeService(deps as unknown as PaymentDeps)
    }
    const begin = () => {
      const [a, b, c, d] = disputes
      assert.ok(a && b && c && d)
      pages = { '': { data: [d, a], next: 'two' }, two: { data: [b], next: 'three' }, three: { data: [c] } }
      answers = (cursor) => ({ outcome: 'ok', value: pages[cursor] ?? { data: [] } })
      asked = []
    }

    test('it goes on where it was when the provider gives no answer, later each time', async () => {
      begin()
      answers = (cursor) =>
        cursor === 'two'
          ? { outcome: 'unknown', reason: 'no answer' }
          : { outcome: 'ok', value: pages[cursor] ?? { data: [] } }
      const before = (await looks()).looked_until
      const pauses: number[] = []
      const moment = world.clock.now()
      for (let turn = 0; turn < 3; turn++) {
        await service(moment).looks.look(await due(moment))
        pauses.push((await looks()).next_attempt_at.getTime() - moment.getTime())
      }
      const row = await looks()
      assert.deepEqual(pauses, [30_000, 60_000, 120_000])
      assert.deepEqual([row.attempts, row.last_error, row.round_cursor], [3, 'no answer', 'two'])
      assert.deepEqual(row.looked_until, before, 'what was not read counts as not looked at')
      assert.deepEqual(asked, ['page ', 'du_page_0', 'page two', 'page two', 'page two'])
      assert.deepEqual(await told('du_page_0'), ['created', 'funds_withdrawn'])
    })

    test('killed at each step, and twice at once, it finds each dispute once, and asks after no stranger', async () => {
      let deaths = 0
      begin()
      const moment = world.clock.now()
      for (let step = 1; step <= 16; step++) {
        const id = await due(moment)
        await service(moment, step)
          .looks.look(id)
          .catch(() => deaths++)
      }
      assert.ok(deaths >= 6, `it died ${deaths} times`)
      begin()
      const id = await due(moment)
      await Promise.all([service(moment).looks.look(id), service(moment).looks.look(id)])
      for (const ref of ['du_page_0', 'du_page_1', 'du_page_2']) {
        assert.deepEqual([ref, await told(ref)], [ref, ['created', 'funds_withdrawn']])
        assert.equal(await bookings(ref), 1)
      }
      assert.ok(!asked.includes('du_foreign'))
      assert.deepEqual((await looks()).attempts, 0)
      assert.deepEqual(
        asked.filter((what) => what.startsWith('du_')),
        [],
        'what is known as it is costs no call',
      )
    })
  })
})
