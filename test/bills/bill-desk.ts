import assert from 'node:assert/strict'
import type { Bill } from '#bills/schemas.ts'
import { parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { World } from '../support/world.ts'

export type { Bill }
export type BillDesk = ReturnType<typeof openBillDesk>

interface Change extends Record<string, unknown> {
  weights?: number[]
}

/** A table of three who share a bill, and everything a test asks of them. */
export const openBillDesk = (world: World) => {
  let tables = 0
  const body = ({ weights, ...change }: Change): Record<string, unknown> => ({
    thread: { channel: 'webchat', external_id: `table-${++tables}-of-many` },
    title: 'Dinner',
    currency: 'eur',
    amount: 10_000,
    participants: ['ana', 'ben', 'chloe'].map((external_id, index) => ({
      participant: { external_id },
      ...(weights ? { weight: weights[index] } : {}),
    })),
    ...change,
  })
  const sent = async (path: string, content: object): Promise<Bill> => {
    const answer = await world.request().post(path).send(content)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const pathOf = ({ id }: Bill, action = '') => `/v1/bills/${id}${action === '' ? '' : `/${action}`}`
  const shareOf = (bill: Bill, index: number) => {
    const share = bill.shares[index]
    assert.ok(share)
    return share
  }
  const confirm = async (bill: Bill, index: number, method = 'pm_card_visa'): Promise<void> => {
    const path = `/v1/payment_intents/${shareOf(bill, index).payment_intent}/confirm`
    const answer = await world.request().post(path).send({ payment_method: method })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
  }
  const balances = async (): Promise<Record<string, number>> => {
    const { data } = await world.app.services.ledger.trialBalance(world.shop.uuid, {})
    const sums: Record<string, number> = {}
    for (const { code, balance } of data) sums[code] = (sums[code] ?? 0) + balance
    return sums
  }
  const events = async (bill: Bill, type = 'bill.*') => {
    const { data } = await world.stripe().events.list({ limit: 100, type })
    return data.filter((event) => (event.data.object as { id?: string }).id === bill.id)
  }
  return {
    body,
    confirm,
    balances,
    events,
    create: (change: Change) => sent('/v1/bills', body(change)),
    read: async (bill: Bill): Promise<Bill> => (await world.request().get(pathOf(bill))).body,
    act: (bill: Bill, action: string, content: object = {}) => sent(pathOf(bill, action), content),
    refused: async (bill: Bill, action: string, content: object = {}): Promise<{ code: string; param?: string }> => {
      const answer = await world.request().post(pathOf(bill, action)).send(content)
      assert.notEqual(answer.status, 200, JSON.stringify(answer.body))
      return answer.body.error
    },
    /** One after the other, and then all is heard of. */
    pay: async (bill: Bill, ...indexes: number[]): Promise<void> => {
      for (const index of indexes) await confirm(bill, index)
      await world.settle()
    },
    /** What the simulator takes of a payment. */
    fee: (amount: number) => Math.round(amount * 0.015) + 25,
    /** By account, without those that are as they were. */
    moved: async (before: Record<string, number>): Promise<Record<string, number>> => {
      const after = await balances()
      const changes = Object.entries(after).map(([code, balance]) => [code, balance - (before[code] ?? 0)] as const)
      return Object.fromEntries(changes.filter(([, change]) => change !== 0))
    },
    eventsOf: async (bill: Bill) => (await events(bill)).map((event): string => event.type).toReversed(),
    /** Puts every event of the bill's payments into the outbox once more. */
    retell: async (bill: Bill): Promise<void> => {
      const ids = bill.shares.map((share) => parseId('paymentIntent', share.payment_intent) ?? '')
      await inTransaction(world.app.db, world.shop.uuid, (tx) =>
        tx
          .insertInto('outbox')
          .columns(['merchant_id', 'event_id', 'created_at'])
          .expression((select) =>
            select
              .selectFrom('events')
              .select(['merchant_id', 'id', 'created_at'])
              .where('merchant_id', '=', world.shop.uuid)
              .where('payment_intent_id', 'in', ids),
          )
          .execute(),
      )
      await world.settle()
    },
    /** Pays on the hosted pages while no notification gets through. */
    payUnheard: async (bill: Bill, index: number): Promise<void> => {
      const { checkout_url: url } = shareOf(bill, index)
      await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 1000 })
      const page = await submit(url ?? '', {})
      const card = { method: 'card', card_number: '4242424242424242', exp: '12 / 34', cvc: '123', name: 'Ana' }
      assert.equal((await submit(page.headers.get('location') ?? '', card)).status, 303)
      await world.settle()
      await world.sandboxControl('DELETE', 'faults')
    },
    sweep: async (): Promise<void> => {
      // What one pass finds may leave work for the next: events of payments, then what the bill makes of them.
      for (let pass = 0; pass < 3; pass++) {
        await world.app.services.payments.sweep()
        await world.app.services.bills.sweep()
        await world.settle()
      }
    },
  }
}

const submit = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
