import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { openDesk } from '../checkout/checkout-desk.ts'
import { deliver, type FakeUpdate } from '../support/fake-server.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'

/** A chat platform with one person in it. */
export interface ChatSide {
  channel: string
  /** As the merchant sends it to `POST /v1/connections`. */
  account: { settings: object; secrets: object }
  order: object
  /** What the person pays in the end, shipping included; minor units. */
  total: number
  /** How this person writes; signed. */
  says(text: string): FakeUpdate
  /** Everything that this person was shown as a new message, oldest first, as JSON. */
  shown(): string[]
  /** How often the platform was asked for anything that can be seen. */
  calls(): number
  /** Pays what the card asks for; what the platform tells of it goes through `send`. */
  pay(card: string, send: (update: FakeUpdate) => Promise<void>): Promise<void>
  /** What else the platform tells before this person writes, and in the end: how they came, what they tapped and read. */
  comes?(): FakeUpdate[]
  stays?(): FakeUpdate[]
  /** Where the platform tells only later that the money went back. */
  givesBack?(): FakeUpdate
}

export const bouquets = {
  currency: 'eur',
  line_items: [
    { name: 'Bouquet “Nanterre”', quantity: 2, unit_amount: 2100 },
    { name: 'Vase', quantity: 1, unit_amount: 1250 },
  ],
  requires: { email: true, shipping: true },
  shipping_options: [
    { id: 'bike', title: 'By bike', amount: 350 },
    { id: 'van', title: 'By van', amount: 900 },
  ],
}
export const bouquetsTotal = 5800
const refunded = 1800

/** From the connection to the refund notice, as merchant, bot and payer do it. */
export const playTheSale = async (world: World, side: ChatSide): Promise<Play> => {
  const bot = caller(world, 'bot')
  const connection = await caller(world, 'merchant').post('/v1/connections', { channel: side.channel, ...side.account })
  const updates: FakeUpdate[] = []
  const send = async (update: FakeUpdate): Promise<void> => {
    updates.push(update)
    const answer = await deliver(connection.webhook_url, update)
    assert.equal(answer.status, 200, await answer.text())
    await until('the update to be worked off', () => isWorkedOff(world))
  }
  for (const update of side.comes?.() ?? []) await send(update)
  await send(side.says('I would like to buy flowers'))
  const heard = (await bot.get('/v1/events?type=thread.message.received&limit=1')).data[0].data.object
  assert.deepEqual([heard.text, heard.direction], ['I would like to buy flowers', 'in'])
  const checkout = await bot.post('/v1/checkouts', { thread: heard.thread, ...side.order })
  await bot.post(`/v1/threads/${heard.thread}/messages`, { checkout: checkout.id })
  await world.settle()
  const [card, ...more] = side.shown()
  assert.ok(card && more.length === 0, `${side.shown().length} messages were shown`)
  await side.pay(card, send)
  await world.settle()
  const paid = await bot.get(`/v1/checkouts/${checkout.id}`)
  assert.deepEqual([paid.status, paid.amount_total], ['completed', side.total], await heardSoFar(world))
  assert.equal(side.shown().length, 2, 'the receipt, once')
  const refund = await caller(world, 'merchant').post('/v1/refunds', {
    payment_intent: checkout.payment_intent,
    amount: refunded,
  })
  await world.settle()
  const late = side.givesBack?.()
  if (late) await send(late)
  const { status } = await bot.get(`/v1/refunds/${refund.id}`)
  assert.equal(status, 'succeeded')
  assert.equal(side.shown().length, 3, 'the refund notice, once')
  for (const update of side.stays?.() ?? []) await send(update)
  return { thread: heard.thread, intent: checkout.payment_intent, updates, connection }
}

export interface Play {
  thread: string
  intent: string
  connection: { webhook_url: string }
  /** Everything that the platform told, in order. */
  updates: FakeUpdate[]
}

/** On a busy machine a look-up may come too late and be made again after a moment. */
const isWorkedOff = async (world: World): Promise<boolean> => {
  await world.settle()
  const { rows } = await sql`select from channel_updates where state = 'received'`.execute(world.app.db.maintenance)
  return rows.length === 0
}

/** What became of the platform's updates, for whoever must find out why nothing was bought. */
const heardSoFar = async (world: World): Promise<string> =>
  JSON.stringify((await caller(world, 'merchant').get('/v1/channel_updates?limit=20')).data)

/** What was sold is what was paid less what was given back; and all that holds always, holds. */
export const checkTheBooks = async (
  world: World,
  side: Pick<ChatSide, 'total'>,
  { intent }: Pick<Play, 'intent'>,
): Promise<void> => {
  const booked = await openDesk(world).booked(intent)
  const sales = Object.entries(booked).filter(([code]) => code.startsWith('4'))
  assert.equal(
    sales.reduce((sum, [, amount]) => sum + amount, 0),
    side.total - refunded,
    JSON.stringify(booked),
  )
  const { amount_received, amount_refunded } = await caller(world, 'service').get(`/v1/payment_intents/${intent}`)
  assert.deepEqual([amount_received, amount_refunded], [side.total, refunded])
  await world.trialBalanceIsZero()
}

/** Every update comes twice more, the newest first. */
export const repeatEverything = async (world: World, side: ChatSide, { updates, connection }: Play): Promise<void> => {
  const look = async () => ({
    rows: await countRows(world),
    states: await readStates(world),
    shown: side.shown(),
    calls: side.calls(),
  })
  const before = await look()
  for (const update of [...updates, ...updates].toReversed())
    assert.equal((await deliver(connection.webhook_url, update)).status, 200)
  await world.settle()
  assert.deepEqual(await look(), before)
}

const tables = [
  'threads',
  'participants',
  'messages',
  'checkouts',
  'payment_intents',
  'charges',
  'refunds',
  'operations',
  'native_payments',
  'channel_updates',
  'events',
  'ledger_transactions',
  'ledger_entries',
]

const countRows = async (world: World): Promise<Record<string, number>> => {
  const counts = tables.map(async (table): Promise<[string, number]> => {
    const { rows } = await sql<{ n: bigint }>`select count(*) as n from ${sql.table(table)}`.execute(
      world.app.db.maintenance,
    )
    return [table, Number(rows[0]?.n)]
  })
  return Object.fromEntries(await Promise.all(counts))
}

/** How far each message has come, and how each person came. */
const readStates = async (world: World): Promise<unknown[]> => {
  const { rows: messages } = await sql`select id, state, platform_ref from messages order by id`.execute(
    world.app.db.maintenance,
  )
  const { rows: threads } = await sql`select id, first_touch, last_touch from threads order by id`.execute(
    world.app.db.maintenance,
  )
  return [...messages, ...threads]
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes, read by assertions
type Json = any

export const caller = (world: World, role: 'bot' | 'merchant' | 'service', shop = world.shop) => {
  const client = world.request(role, shop)
  const read = async (answer: PromiseLike<{ status: number; body: Json }>): Promise<Json> => {
    const { status, body } = await answer
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  return {
    get: (path: string) => read(client.get(path)),
    post: (path: string, body: object) => read(client.post(path).send(body)),
  }
}

const fields = {
  do: 'pay',
  name: 'Ana Lima',
  email: 'ana@example.com',
  country: 'FR',
  line1: '1 rue de la Paix',
  postal_code: '75002',
  city: 'Paris',
  shipping_option: 'bike',
}

/** Opens the link of a card, fills in the page, agrees to the new total, and types a test card at the provider. */
export const payOnThePage = async (card: string, world: World, more: Record<string, string> = {}): Promise<void> => {
  const [link] = /https?:\/\/[^"\\\s]+\/pay\/[\w-]+/.exec(card) ?? []
  assert.ok(link, `no link in ${card}`)
  const first = await submit(link, { ...fields, ...more, total: await totalOn(link) })
  const changed = new URL(first.headers.get('location') ?? '', link).href
  assert.match(changed, /changed=1$/, 'a new total is told before it is paid')
  const second = await submit(link, { ...fields, ...more, total: await totalOn(changed) })
  const page = second.headers.get('location') ?? ''
  assert.ok(page.startsWith(world.sandbox.url), `${second.status} ${page}`)
  const typed = { method: 'card', card_number: '4242424242424242', exp: '12 / 34', cvc: '123', name: 'Ana Lima' }
  assert.equal((await submit(page, typed)).status, 303)
}

const totalOn = async (url: string): Promise<string> =>
  /name="total" value="(\d+)"/.exec(await (await fetch(url)).text())?.[1] ?? ''

const submit = (url: string, content: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(content), redirect: 'manual' })
