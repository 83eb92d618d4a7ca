import assert from 'node:assert/strict'
import type { CheckoutView } from '#checkout/schemas.ts'
import { parseId } from '#kernel/ids.ts'
import type { Shop } from '../support/shop.ts'
import type { Client, World } from '../support/world.ts'

export const tulips = { name: 'Tulips', quantity: 3, unit_amount: 1000 }

export interface Desk {
  create(body?: object): Promise<CheckoutView>
  read(id: string): Promise<CheckoutView>
  post(path: string, body?: object, key?: string): ReturnType<Client['post']>
  /** Types of the events of an object, in their order. */
  events(id: string): Promise<string[]>
  /** What the ledger holds of a payment by account: credits positive. */
  booked(intentId: string | null): Promise<Record<string, number>>
  intentOf(checkout: CheckoutView): string
}

/** A merchant's checkouts over HTTP. */
export const openDesk = (world: World, shop: Shop = world.shop): Desk => {
  const client = world.request('service', shop)
  const post: Desk['post'] = (path, body = {}, key) => {
    const request = client.post(path)
    return (key === undefined ? request : request.set('Idempotency-Key', key)).send(body)
  }
  return {
    post,
    create: async (body = {}) =>
      (await post('/v1/checkouts', { currency: 'eur', line_items: [tulips], ...body }).expect(200)).body,
    read: async (id) => (await client.get(`/v1/checkouts/${id}`).expect(200)).body,
    events: async (id) => {
      const { body } = await client.get('/v1/events?limit=100').expect(200)
      return body.data
        .filter(({ data }: { data: { object: { id: string } } }) => data.object.id === id)
        .map(({ type }: { type: string }) => type)
        .reverse()
    },
    booked: async (intentId) => {
      const { body } = await world
        .request('finance', shop)
        .get(`/v1/ledger/transactions?payment_intent=${intentId}&limit=100`)
        .expect(200)
      const sums: Record<string, number> = {}
      for (const { entries } of body.data)
        for (const { account_code: code, amount } of entries) sums[code] = (sums[code] ?? 0) - amount
      return Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0))
    },
    intentOf: ({ payment_intent: id }) => {
      const uuid = id === null ? undefined : parseId('paymentIntent', id)
      assert.ok(uuid)
      return uuid
    },
  }
}
