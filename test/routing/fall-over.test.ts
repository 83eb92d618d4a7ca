import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import { findIntent } from '#payments/repo.ts'
import { inTransaction } from '#platform/database.ts'
import { createWorld, type World } from '../support/world.ts'
import { createFakeAccount, type FakeAccount, type Turn } from './fake-account.ts'

const first = createFakeAccount('stripe')
const second = createFakeAccount('wechatpay', ['cny', 'eur'])
let world: World

before(async () => {
  const providers = { stripe: first.provider, wechatpay: second.provider }
  world = await createWorld({ work: false, overrides: { providers } })
  const rule = { name: 'both', when: { currencies: ['cny'] }, use: [{ provider: 'stripe' }, { provider: 'wechatpay' }] }
  await world
    .request('merchant')
    .post('/v1/routing')
    .send({ rules: [rule] })
    .expect(200)
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  for (const account of [first, second]) {
    account.script.length = 0
    account.asked.length = 0
    account.onAsked = () => {}
  }
})

const create = async (more: object = {}): Promise<string> => {
  const body = { amount: 4200, currency: 'cny', ...more }
  return (await world.request().post('/v1/payment_intents').send(body).expect(200)).body.id
}
const uuidOf = (id: string) => parseId('paymentIntent', id) ?? ''
const rowOf = async (id: string) => {
  const { uuid } = world.shop
  const row = await inTransaction(world.app.db, uuid, (tx) => findIntent(tx, uuid, uuidOf(id)))
  assert.ok(row)
  return row
}
/** The payer's tap: a URL, or the code of what came instead. */
const tap = async (id: string): Promise<string> => {
  const links = { returnUrl: 'https://shop.example/', cancelUrl: 'https://shop.example/', title: 'Tea' }
  try {
    return (await world.app.services.payments.openPage(await rowOf(id), links)) ?? ''
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}
const attempts = async (id: string) =>
  (await world.request().get(`/v1/payment_intents/${id}/attempts`).expect(200)).body.data
const sync = (id: string, from: FakeAccount, paymentRef?: string) =>
  world.app.services.payments.sync(world.shop.uuid, uuidOf(id), paymentRef, { provider: from.id, connectionId: null })
/** Works off what waits, as the sweep would. */
const resolveLater = async (ms: number) => {
  await world.advance(ms)
  const due = await world.app.db.maintenance
    .selectFrom('operations')
    .select(['merchant_id', 'id'])
    .where('state', 'in', ['sent', 'unknown'])
    .execute()
  for (const { merchant_id, id } of due) await world.app.services.payments.resolve(merchant_id, id)
}

describe('the next account', () => {
  test('is asked when the first cannot, for whatever reason of its own, and takes the money', async () => {
    for (const fault of ['credentials', 'not_enabled', 'currency', 'amount', 'gone'] as const) {
      first.script.push(fault)
      const id = await create()
      assert.match(await tap(id), /^https:\/\/wechatpay\.example\//, fault)
      const [taken, refused, ...more] = await attempts(id)
      assert.deepEqual(more, [])
      const route = { rule: 'both', reason: 'currency is cny', of: 2 }
      assert.deepEqual(
        [taken.provider, taken.status, taken.route, taken.decline, taken.request_id],
        ['wechatpay', 'opened', { ...route, choice: 2 }, null, `req_${second.asked.length}`],
      )
      assert.deepEqual(
        [refused.provider, refused.status, refused.route, refused.decline.account_fault, refused.request_id],
        ['stripe', 'failed', { ...route, choice: 1 }, fault, 'req_no'],
      )
      const page = (await rowOf(id)).page_ref ?? ''
      second.pay(page)
      assert.equal((await sync(id, second)).verdict, 'change')
      assert.equal((await sync(id, second)).verdict, 'unchanged')
      const [paid] = await attempts(id)
      assert.deepEqual([paid.status, paid.charges.length, paid.charges[0].provider], ['succeeded', 1, 'wechatpay'])
      const { body } = await world.request().get(`/v1/payment_intents/${id}/explain`).expect(200)
      const texts: string[] = body.story.map((chapter: { text: string }) => chapter.text)
      assert.ok(texts.includes("rule 'both': currency is cny → stripe, then wechatpay"))
      assert.ok(texts.includes(`page failed at stripe (choice 1 of 2 by rule 'both'): ${fault} at stripe`))
      assert.ok(texts.includes("page succeeded at wechatpay (choice 2 of 2 by rule 'both')"))
    }
    assert.deepEqual(first.open(), [])
    await world.trialBalanceIsZero()
  })

  test('is asked for the same payer who taps again, and the first not any more', async () => {
    first.script.push('credentials')
    const id = await create()
    const url = await tap(id)
    assert.equal(await tap(id), url)
    assert.deepEqual([first.asked.length, second.asked.length], [1, 1])
  })

  test('is asked by one of those who tap at once, and they all get its page or are told to wait', async () => {
    for (let round = 0; round < 5; round++) {
      first.script.splice(0, first.script.length, 'credentials', 'credentials', 'credentials')
      second.asked.length = 0
      const id = await create()
      const came = await Promise.all([tap(id), tap(id), tap(id)])
      const urls = came.filter((one) => one.startsWith('https:'))
      const others = came.filter((one) => !one.startsWith('https:') && one !== 'lock_timeout')
      assert.deepEqual([new Set(urls).size, others, second.asked.length], [1, [], 1], came.join(' '))
    }
  })

  test('refuses as well: whoever pays reads why, and the next tap begins at the first again', async () => {
    first.script.push('credentials')
    second.script.push('not_enabled')
    const id = await create()
    assert.equal(await tap(id), 'provider_error')
    assert.match(await tap(id), /^https:\/\/stripe\.example\//)
    assert.deepEqual(
      (await attempts(id)).map((one: { provider: string }) => one.provider),
      ['stripe', 'wechatpay', 'stripe'],
    )
  })

  test('is not asked when the terms have led the payment elsewhere meanwhile', async () => {
    const id = await create()
    first.script.push('credentials')
    await tap(id)
    await world.request().post(`/v1/payment_intents/${id}`).send({ amount: 4300 }).expect(200)
    assert.equal((await rowOf(id)).provider, 'stripe')
    assert.match(await tap(id), /^https:\/\/stripe\.example\//)
  })
})

describe('nobody else is asked', () => {
  const cases: [string, Turn[], string][] = [
    ['when it is the payer’s fault', ['payer'], 'card_declined'],
    ['when the answer is lost', ['lost', 'silent'], 'provider_unknown_outcome'],
    ['when nothing is heard at all', ['silent', 'silent'], 'provider_unknown_outcome'],
    ['when a lost call is refused the second time', ['lost', 'credentials'], 'provider_error'],
  ]
  for (const [name, script, want] of cases)
    test(name, async () => {
      first.script.push(...script)
      const id = await create()
      assert.equal(await tap(id), want)
      if (want === 'provider_unknown_outcome') {
        assert.equal(await tap(id), 'lock_timeout', 'while it is being looked up')
        await resolveLater(60_000)
        assert.match(await tap(id), /^https:\/\/stripe\.example\//)
      }
      assert.deepEqual(second.asked, [])
    })

  test('when a call was lost before, whatever the account says now', async () => {
    first.script.push('lost', 'credentials', 'gone')
    const id = await create()
    assert.equal(await tap(id), 'provider_error')
    assert.equal(await tap(id), 'provider_error')
    assert.deepEqual(second.asked, [])
  })

  test('once somebody had a payment for it', async () => {
    const id = await create({ payment_method: 'pm_card_visa' })
    await world.request().post(`/v1/payment_intents/${id}/confirm`).send({}).expect(402)
    const { db } = world.app
    const charge = { merchant_id: world.shop.uuid, payment_intent_id: uuidOf(id) }
    await inTransaction(db, world.shop.uuid, (tx) =>
      tx
        .insertInto('charges')
        .values({
          ...charge,
          id: uuidOf(id),
          status: 'failed',
          amount: 4200n,
          amount_captured: 0n,
          currency: 'cny',
          captured: false,
          provider: 'stripe',
          provider_ref: `ch_${id}`,
          created_at: world.clock.now(),
        })
        .execute(),
    )
    first.script.push('credentials')
    assert.equal(await tap(id), 'provider_error')
    assert.deepEqual(second.asked, [])
  })

  test('by a built-in rule, which names no second account', async () => {
    first.script.push('credentials')
    const id = await create({ currency: 'eur' })
    assert.equal(await tap(id), 'provider_error')
    assert.deepEqual(second.asked, [])
  })
})

describe('an account that lied', () => {
  /** It says that it cannot, and has opened a page all the same, on which somebody pays. */
  const lie = async (then: Turn) => {
    const id = await create()
    first.script.push('lie')
    second.script.push(then)
    await tap(id)
    assert.equal((await rowOf(id)).provider, 'wechatpay')
    return { id, payment: first.pay(first.open().at(-1) ?? '') }
  }

  test('keeps the money that it took, while nobody else has anything of the payment', async () => {
    const { id, payment } = await lie('payer')
    assert.equal((await sync(id, first, payment.ref)).verdict, 'change')
    const row = await rowOf(id)
    assert.deepEqual([row.status, row.provider, row.provider_ref], ['succeeded', 'stripe', payment.ref])
    assert.equal((await sync(id, first, payment.ref)).verdict, 'unchanged')
    await world.trialBalanceIsZero()
  })

  test('is a conflict when another account has a page open, and nothing is booked', async () => {
    const { id, payment } = await lie('ok')
    const { verdict, reason } = await sync(id, first, payment.ref)
    assert.equal(verdict, 'conflict')
    assert.match(reason ?? '', /a second payment .* while another account/)
    assert.deepEqual([(await rowOf(id)).provider, (await rowOf(id)).amount_captured], ['wechatpay', 0n])
  })
})

test('whatever the first account does, the second is never asked while the first may hold anything', async () => {
  const turns = fc.constantFrom<Turn>('ok', 'credentials', 'gone', 'payer', 'lost', 'silent')
  const step = fc.constantFrom('tap', 'twice', 'resolve', 'change', 'pay')
  await fc.assert(
    fc.asyncProperty(
      fc.array(turns, { maxLength: 6 }),
      fc.array(step, { minLength: 1, maxLength: 6 }),
      async (script, steps) => {
        const id = await create()
        first.script.splice(0, first.script.length, ...script)
        second.script.length = 0
        const before = first.open().length
        second.onAsked = () => {
          assert.equal(first.open().length, before, 'the first has a page open')
          assert.equal(
            first.payments().filter(({ tags }) => tags.paymentIntent === id).length,
            0,
            'the first has money',
          )
        }
        for (const one of steps) {
          if (one === 'tap') await tap(id)
          if (one === 'twice') await Promise.all([tap(id), tap(id)])
          if (one === 'resolve') await resolveLater(30_000)
          if (one === 'change') await world.request().post(`/v1/payment_intents/${id}`).send({ amount: 5000 })
          if (one === 'pay') await payWhatIsOpen(id)
        }
        const taken = [first, second].flatMap((account) =>
          account.payments().filter(({ tags }) => tags.paymentIntent === id),
        )
        assert.ok(taken.length <= 1, 'paid once')
        // What is left open stays out of the next run's way.
        first.script.length = 0
        await resolveLater(3_600_000)
        await world.request().post(`/v1/payment_intents/${id}/cancel`).send({})
        const leftover = first.open().length
        assert.ok(leftover >= before)
      },
    ),
    { numRuns: 60 },
  )
})

const payWhatIsOpen = async (id: string) => {
  const row = await rowOf(id)
  const account = row.provider === 'stripe' ? first : second
  if (row.page_ref === null || !account.open().includes(row.page_ref)) return
  account.pay(row.page_ref)
  await sync(id, account)
}
