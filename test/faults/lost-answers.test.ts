import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { showId } from '#kernel/ids.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { WechatpaySandbox } from '#sandbox/wechatpay/options.ts'
import { openDatabase } from '../contracts/database.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'
import { assertSound, type ProviderPaymentRow, planFault, post } from './fault-kit.ts'
import { seeded } from './shoppers.ts'

/** How many answers of each kind are lost. The whole number is 200, which takes its time. */
const cases = Number(process.env.LOST_ANSWERS ?? 25)
/** Decides who does what; which request meets which fault is up to the race. */
const seed = Number(process.env.LOST_ANSWERS_SEED ?? Date.now() % 1_000_000)
const random = seeded(seed)
const pick = (below: number): number => Math.floor(random() * below)
const oneOf = <T>(list: readonly [T, ...T[]]): T => list[pick(list.length)] ?? list[0]

interface Sale {
  order: string
  amount: number
  captured: number
  refunds: number[]
}

const sales = (): Sale[] =>
  Array.from({ length: cases }, () => ({ order: randomUUID(), amount: 500 + pick(9000), captured: 0, refunds: [] }))

type Control = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>

interface Troubles {
  control: Control
  /** Work that is done and not told: by a connection that breaks, at once or late, or by a server that fails after it. */
  losses: readonly [string, ...string[]]
  strays: readonly [string, ...string[]]
  lookupFault: string
}

/** Loses each answer to a command on that path while `act` runs, lets some look-ups fail, and the news go astray. */
const losing = async (troubles: Troubles, path: string, act: () => Promise<void>): Promise<void> => {
  const { control, losses, strays, lookupFault } = troubles
  const plan = (fault: string, count: number, match: object) => control('POST', 'faults', { fault, count, match })
  const remaining = async () => {
    const { faults } = await control<{ faults: { path: string | null; remaining: number }[] }>('GET', 'faults')
    return faults.filter((one) => one.path === path).reduce((sum, one) => sum + one.remaining, 0)
  }
  for (let count = 0; count < cases * 10; count += 10) await plan(oneOf(losses), 10, { method: 'POST', path })
  for (let count = 0; count < cases; count += 5) await plan(oneOf(strays), 3, {})
  for (let count = 0; count < cases; count += 10) await plan(lookupFault, 2, { method: 'GET' })
  const planned = await remaining()
  await act()
  const left = await remaining()
  assert.ok(planned - left >= cases, `only ${planned - left} answers were lost`)
  assert.ok(left > 0, 'some answers were told')
  await control('DELETE', 'faults')
}

const atOnce = 12

/** All of them, so many at a time. */
const each = async <T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> => {
  const left = items.values()
  const work = async () => {
    for (const item of left) await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

/** A client who sends once more, at once or later, under the same key or a new one, or is content with knowing nothing. */
const insist = async (world: World, path: string, body: object, again: 'same key' | 'any key'): Promise<void> => {
  const key = randomUUID()
  const mood = pick(4)
  const first = post(world, path, body, key)
  if (mood === 0) await post(world, path, body, again === 'same key' ? key : randomUUID())
  await first
  if (mood === 1) await post(world, path, body, key)
}

const ours = async (world: World) => {
  const rows = await world.app.db.maintenance.selectFrom('payment_intents').selectAll().execute()
  return new Map(rows.map((row) => [(row.metadata as { order?: string }).order ?? '', row]))
}
type Ours = Awaited<ReturnType<typeof ours>>
const needed = (rows: Ours, { order }: Sale) => rows.get(order) ?? assert.fail(`${order} is not there`)
const refundsOf = async (world: World): Promise<Map<string, string[]>> => {
  const { rows } = await sql<{ id: string; refunds: string[] }>`
    select payment_intent_id as id, array_agg(status || ' ' || amount order by amount) as refunds
    from refunds group by 1`.execute(world.app.db.maintenance)
  return new Map(rows.map(({ id, refunds }) => [id, refunds]))
}
/** The order is the seed's, not the race's. */
const giveBack = (world: World, rows: Ours, list: readonly Sale[]) => {
  for (const sale of list) sale.refunds = [1 + pick(200), 1 + pick(200)].slice(pick(2)).sort((a, b) => a - b)
  return each(list, (sale) =>
    each(sale.refunds, (amount) => {
      const body = { payment_intent: showId('paymentIntent', needed(rows, sale).id), amount }
      return insist(world, '/v1/refunds', body, 'same key')
    }),
  )
}
/** What jobs do belongs to it; a client of the provider that hears nothing waits a while before it asks again. */
const quiet = ({ app }: World): Promise<void> =>
  until(
    'the jobs to be done',
    async () => {
      await pause(100) // the question costs a query, and the answer takes seconds
      await app.queue.flush()
      return Object.values(await app.queue.depth()).every((count) => count === 0)
    },
    { withinMs: 200_000 },
  )
const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0)

describe(`Stripe does the work and its answer is lost, ${cases} of each kind, seed ${seed}`, () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  const trouble = async (path: string, act: () => Promise<void>): Promise<void> => {
    const troubles: Troubles = {
      control: world.sandboxControl,
      losses: ['lost_answer', 'error_after', 'timeout:20'],
      strays: ['webhook_duplicate', 'webhook_reorder', 'webhook_delay:200', 'webhook_drop'],
      lookupFault: 'error_503',
    }
    await losing(troubles, path, async () => {
      await act()
      await quiet(world)
    })
    await world.settle({ throughTime: true })
  }
  const create =
    (fields: object) =>
    ({ order, amount }: Sale) => {
      const body = { amount, currency: oneOf(['eur', 'usd']), confirm: true, metadata: { order }, ...fields }
      return insist(world, '/v1/payment_intents', body, 'same key')
    }
  const commandAll = async (list: readonly Sale[], what: string, body: (sale: Sale) => object) => {
    const rows = await ours(world)
    await each(list, (sale) => {
      const path = `/v1/payment_intents/${showId('paymentIntent', needed(rows, sale).id)}/${what}`
      return insist(world, path, body(sale), 'any key')
    })
  }
  /** What the provider has of each sale, and that it is what we have. */
  const compare = async (list: readonly Sale[], status: string): Promise<void> => {
    const { payment_intents: book } = await world.sandboxControl<{ payment_intents: ProviderPaymentRow[] }>(
      'GET',
      'book',
    )
    const rows = await ours(world)
    const refunds = await refundsOf(world)
    for (const sale of list) {
      const row = needed(rows, sale)
      const theirs = book.filter((one) => one.metadata.parley_payment_intent === showId('paymentIntent', row.id))
      const told = theirs.map((one) => [one.id, one.status, one.captured, one.refunded, one.charges])
      assert.deepEqual(told, [[row.provider_ref, status, sale.captured, sumOf(sale.refunds), 1]], sale.order)
      assert.deepEqual([row.status, Number(row.amount_captured)], [status, sale.captured], sale.order)
      const wanted = sale.refunds.map((amount) => `succeeded ${amount}`)
      assert.deepEqual(refunds.get(row.id) ?? [], wanted, sale.order)
    }
    assert.equal(book.length, rows.size, 'payments that nobody asked for')
  }

  const held = sales()
  const second = sales()

  test('to create: one payment each', async () => {
    const fields = { payment_method: 'pm_card_visa', capture_method: 'manual' }
    await trouble('/v1/payment_intents', () => each(held, create(fields)))
    await compare(held, 'requires_capture')
  })

  test('to confirm, after a decline: one charge each', async () => {
    await each(second, create({ payment_method: 'pm_card_visa_chargeDeclined' }))
    await world.settle()
    const body = () => ({ payment_method: 'pm_card_visa' })
    await trouble('/v1/payment_intents/*', () => commandAll(second, 'confirm', body))
    for (const sale of second) sale.captured = sale.amount
    await compare(second, 'succeeded')
  })

  test('to capture: one capture each', async () => {
    for (const sale of held) sale.captured = sale.amount - pick(90)
    await trouble('*/capture', () => commandAll(held, 'capture', ({ captured }) => ({ amount_to_capture: captured })))
    await compare(held, 'succeeded')
  })

  test('to refund, in parts: each once', async () => {
    const rows = await ours(world)
    await trouble('/v1/refunds', () => giveBack(world, rows, held))
    await compare(held, 'succeeded')
  })

  test('to create, and all we hear is that the payment is disputed: both are booked', async () => {
    const sale = { order: randomUUID() }
    await world.stopWork()
    for (const path of ['payment_intent.*', 'charge.succeeded', 'charge.updated'])
      await planFault(world, 'webhook_drop', { path }, 20)
    await planFault(world, 'lost_answer', { method: 'POST', path: '/v1/payment_intents' }, 2)
    await planFault(world, 'error_503', { method: 'GET' }, 20)
    const fields = { amount: 4200, currency: 'eur', confirm: true, payment_method: 'pm_card_createDispute' }
    assert.equal((await post(world, '/v1/payment_intents', { ...fields, metadata: sale })).status, 503)
    await world.sandbox.drainWebhooks()
    const heard = async () => {
      const { rows } = await sql<{ type: string; state: string }>`select type, state from provider_events
        where type like 'charge.dispute.%' order by type`.execute(world.app.db.maintenance)
      return rows.map(({ type, state }) => `${type} ${state}`)
    }
    await world.sandboxControl('DELETE', 'faults')
    assert.equal((await ours(world)).get(sale.order)?.provider_ref, null)
    assert.deepEqual(await heard(), ['charge.dispute.created received', 'charge.dispute.funds_withdrawn received'])
    await world.startWork()
    await world.settle()
    assert.deepEqual(await heard(), ['charge.dispute.created processed', 'charge.dispute.funds_withdrawn processed'])
    const row = (await ours(world)).get(sale.order)
    assert.deepEqual([row?.status, row?.amount_captured], ['succeeded', 4200n])
    await assertSound(world)
  })

  test('and after all of that the books agree to the unit', () => assertSound(world))
})

describe(`WeChat Pay does the work and its answer is lost, ${cases} of each kind, seed ${seed}`, () => {
  const openingBalance = 1_000_000
  const refundSettleMs = 60_000
  let world: World
  let wechat: WechatpaySandbox
  const closing = new AsyncDisposableStack()
  before(async () => {
    const late: { world?: World } = {}
    const database = closing.adopt(await openDatabase(), (one) => one.close())
    wechat = await startWechatpaySandbox({
      databaseUrl: database.url,
      port: 0,
      seed: 'lost',
      now: () => (late.world?.clock.now() ?? new Date()).getTime(),
      refundSettleMs,
      merchants: [{ mchid: '1900000109', appids: ['wx8888888888888888'], openingBalance, feeRate: 0 }],
    })
    closing.defer(() => wechat.close())
    const { mchid, appid, privateKey, serialNo, apiV3Key, publicKey, publicKeyId } = wechat.credentials
    const secrets = {
      private_key: privateKey,
      serial_no: serialNo,
      api_v3_key: apiV3Key,
      public_key: publicKey,
      public_key_id: publicKeyId,
    }
    const own = { settings: { mchid, appid }, secrets, livemode: false }
    world = closing.use(await createWorld({ config: { wechatpay: { apiBase: wechat.url, own } } }))
    late.world = world
    const rule = { name: 'all', when: {}, use: [{ provider: 'wechatpay' }] }
    await world
      .request('merchant')
      .post('/v1/routing')
      .send({ rules: [rule] })
      .expect(200)
  })
  after(() => closing.disposeAsync())

  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      await wechat.drainWebhooks()
      await world.settle({ throughTime: true })
      world.clock.advance(refundSettleMs + 1)
    }
  }
  const trouble = async (path: string, act: () => Promise<void>): Promise<void> => {
    const troubles: Troubles = {
      control: wechat.control as Control,
      losses: ['lost_answer', 'error_after', 'timeout:20', 'bad_signature'],
      strays: ['notify_duplicate', 'notify_reorder', 'notify_delay:200', 'notify_drop', 'notify_probe'],
      lookupFault: 'error_500',
    }
    await losing(troubles, path, async () => {
      await act()
      await quiet(world)
    })
    await settle()
  }
  const list = sales()
  const links = { title: 'Tea', returnUrl: 'https://shop.example/back', cancelUrl: 'https://shop.example/no' }
  /** A payer taps, or taps twice; whoever learns nothing taps again later. */
  const open = async (sale: Sale): Promise<void> => {
    const row = needed(await ours(world), sale)
    const taps = pick(3) === 0 ? 2 : 1
    const tap = () => world.app.services.payments.openPage(row, links)
    await Promise.allSettled(Array.from({ length: taps }, tap))
  }
  interface WechatBook {
    orders: { out_trade_no: string; state: string; total: number; refunded: number; refunds: number }[]
    effects: { count: number }[]
    merchants: { balance: number }[]
  }
  const compare = async (): Promise<void> => {
    const book = (await wechat.control('GET', 'book')) as unknown as WechatBook
    const rows = await ours(world)
    const refunds = await refundsOf(world)
    const paid = new Map(
      book.orders
        .filter((one) => one.state !== 'NOTPAY' && one.state !== 'CLOSED')
        .map((one) => [one.out_trade_no, one]),
    )
    assert.equal(paid.size, list.length)
    for (const sale of list) {
      const row = needed(rows, sale)
      const theirs = paid.get(row.provider_ref ?? '')
      assert.deepEqual(
        [theirs?.total, theirs?.refunded, theirs?.refunds],
        [sale.amount, sumOf(sale.refunds), sale.refunds.length],
      )
      assert.deepEqual([row.status, Number(row.amount_captured)], ['succeeded', sale.amount])
      assert.deepEqual(
        refunds.get(row.id) ?? [],
        sale.refunds.map((amount) => `succeeded ${amount}`),
      )
    }
    assert.ok(book.effects.every(({ count }) => count === 1))
    const { rows: booked } = await sql<{ total: string }>`
      select sum(e.amount)::text as total from ledger_entries e join ledger_accounts a
        on a.merchant_id = e.merchant_id and a.id = e.account_id where a.code = '1110'`.execute(
      world.app.db.maintenance,
    )
    assert.equal(Number(booked[0]?.total), (book.merchants[0]?.balance ?? 0) - openingBalance)
  }

  test('to open an order: each is paid once', async () => {
    await each(list, ({ order, amount }) =>
      post(world, '/v1/payment_intents', { amount, currency: 'cny', metadata: { order } }),
    )
    await trouble('/v3/pay/transactions/*', () => each(list, open))
    await each(list, open)
    await settle()
    const rows = await ours(world)
    await each(list, (sale) => wechat.control('POST', `orders/${needed(rows, sale).page_ref}/pay`, {}))
    await settle()
    await compare()
  })

  test('to refund, in parts: each once', async () => {
    const rows = await ours(world)
    await trouble('/v3/refund/domestic/refunds', () => giveBack(world, rows, list))
    await compare()
  })

  test('and after all of that the books agree to the unit', () => assertSound(world))
})
