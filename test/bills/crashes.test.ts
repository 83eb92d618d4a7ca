import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseId } from '#kernel/ids.ts'
import { createWorld, type World } from '../support/world.ts'
import { type Bill, type BillDesk, openBillDesk } from './bill-desk.ts'

let world: World
let desk: BillDesk
before(async () => {
  world = await createWorld()
  desk = openBillDesk(world)
})
after(() => world[Symbol.asyncDispose]())

/** A bill of which the first two have paid. */
const paidByTwo = async (): Promise<Bill> => {
  const bill = await desk.create({})
  await desk.pay(bill, 0, 1)
  return bill
}

const send = (bill: Bill, action: string, key: string, body: object = {}) =>
  world.request().post(`/v1/bills/${bill.id}/${action}`).set('Idempotency-Key', key).send(body)

/** The process dies at the second refund: before it is made, or after it is made and before that is written down. */
const dying = async (when: 'before' | 'after', work: () => Promise<unknown>): Promise<void> => {
  const { refunds } = world.app.services
  const create = refunds.create
  let calls = 0
  refunds.create = async (...given) => {
    const isLast = ++calls === 2
    if (isLast && when === 'before') throw new Error('died')
    const made = await create(...given)
    if (isLast) throw new Error('died')
    return made
  }
  try {
    await work()
  } finally {
    refunds.create = create
  }
  assert.ok(calls >= 2) // the sweep may have come in between, too
}

const refundsOf = async (bill: Bill): Promise<number[]> => {
  const lists = await Promise.all(
    bill.shares.map((share) => world.stripe().refunds.list({ payment_intent: share.payment_intent })),
  )
  return lists.map(({ data }) => data.reduce((sum, refund) => sum + refund.amount, 0))
}

describe('a process that dies while everybody gets their money back', () => {
  for (const when of ['before', 'after'] as const) {
    test(`${when} a refund: the same request finishes it`, async () => {
      const bill = await paidByTwo()
      await dying(when, async () => assert.equal((await send(bill, 'cancel', `c-${when}`)).status, 500))
      const answer = await send(bill, 'cancel', `c-${when}`)
      assert.deepEqual([answer.status, answer.body.status], [200, 'canceled'])
      await world.settle()
      assert.deepEqual(await refundsOf(bill), [3334, 3333, 0])
      assert.deepEqual(
        (await desk.eventsOf(bill)).filter((type) => type === 'bill.canceled'),
        ['bill.canceled'],
      )
    })

    test(`${when} a refund: so does the sweep, when nobody asks again`, async () => {
      const bill = await paidByTwo()
      await dying(when, () => send(bill, 'refund', `r-${when}`, { amount: 101 }))
      await desk.sweep()
      assert.deepEqual(await refundsOf(bill), [51, 50, 0])
      assert.deepEqual((await send(bill, 'refund', `r-${when}`, { amount: 101 })).body.amount_refunded, 101)
      assert.deepEqual(await refundsOf(bill), [51, 50, 0])
    })
  }

  test('and the rest is handed to the organizer once', async () => {
    const bill = await desk.create({ organizer: { external_id: 'ana' } })
    const ask = () => send(bill, 'close', 'rest', { organizer_pays_rest: true })
    const [one, two] = [await ask(), await ask()]
    assert.deepEqual(one.body, two.body)
    assert.equal((await desk.read(bill)).shares.filter((share) => share.is_rest).length, 1)
  })
})

describe('at the same time', () => {
  const outcomes = (answers: { status: number }[]) => answers.map(({ status }) => status).toSorted()

  test('two refunds of everything give everything back once', async () => {
    const bill = await paidByTwo()
    const answers = await Promise.all([send(bill, 'refund', 'one'), send(bill, 'refund', 'two')])
    assert.deepEqual(outcomes(answers), [200, 400])
    await world.settle()
    assert.deepEqual(await refundsOf(bill), [3334, 3333, 0])
  })

  test('closing and canceling: one of them', async () => {
    const bill = await paidByTwo()
    const answers = await Promise.all([send(bill, 'close', 'close'), send(bill, 'cancel', 'cancel')])
    assert.deepEqual(outcomes(answers), [200, 400])
    await world.settle()
    const after = await desk.read(bill)
    assert.deepEqual(await refundsOf(bill), after.status === 'closed' ? [0, 0, 0] : [3334, 3333, 0])
  })

  test('the job twice, and a payer who pays while it is closed: nothing is lost or kept wrongly', async () => {
    const bill = await paidByTwo()
    const { bills } = world.app.services
    const settle = () => bills.settle(world.shop.uuid, parseId('bill', bill.id) ?? '')
    const paying = desk.confirm(bill, 2).catch(() => undefined)
    await Promise.all([paying, send(bill, 'close', 'last second'), settle(), settle()])
    await world.advance(61_000)
    await desk.sweep()
    const after = await desk.read(bill)
    const [, , last] = after.shares
    const isPaid = after.status === 'paid'
    assert.equal(after.amount_paid, isPaid ? 10_000 : 6667)
    assert.equal(last?.amount_refunded, isPaid ? 0 : last?.amount_paid)
    await world.verifyInvariants()
  })
})
