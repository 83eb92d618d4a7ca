import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { parseId } from '#kernel/ids.ts'
import { refused as refusal } from '../support/stripe-client.ts'
import type { World } from '../support/world.ts'

/** A setup intent as we show it. */
export type Setup = Stripe.SetupIntent & { setup_url: string }

export type SetupKit = ReturnType<typeof createSetupKit>

/** What tests of setup intents do again and again, in their world. */
export const createSetupKit = (world: World) => {
  const stripe = world.stripe()
  const onlyRow = async <T>(query: ReturnType<typeof sql<T>>): Promise<T> => {
    const [row] = (await query.execute(world.app.db.maintenance)).rows
    assert.ok(row)
    return row
  }
  const atProvider = async <T>(path: string): Promise<T> => {
    const headers = { authorization: 'Bearer sk_test_world' }
    return (await (await fetch(`${world.sandbox.url}/v1/${path}`, { headers })).json()) as T
  }
  const refOfCustomer = async (customer: string): Promise<string> => {
    const id = parseId('customer', customer)
    return (await onlyRow(sql<{ ref: string }>`select ref from customer_refs where customer_id = ${id}`)).ref
  }
  return {
    onlyRow,
    /** As the provider tells it, whatever we believe. */
    atProvider,
    refOfCustomer,
    newCustomer: async () => (await stripe.customers.create({ name: 'Léa' })).id,
    setUp: async (customer: string, params: Partial<Stripe.SetupIntentCreateParams> = {}): Promise<Setup> =>
      (await stripe.setupIntents.create({
        customer,
        confirm: true,
        payment_method: 'pm_card_visa',
        ...params,
      })) as unknown as Setup,
    read: (id: string) => stripe.setupIntents.retrieve(id),
    methodsOf: async (customer: string) => (await stripe.paymentMethods.list({ customer })).data.map(({ id }) => id),
    refused: async (call: Promise<unknown>, code: string) => {
      const error = await refusal(call)
      assert.equal(error.code, code, error.message)
      return error
    },
    submit,
    answerBank: (setup: Stripe.SetupIntent, answer = 'approve') =>
      submit(setup.next_action?.redirect_to_url?.url ?? '', { answer }),
    /** What was told of an object, in order, without its kind. */
    eventsOf: async (id: string): Promise<string[]> => {
      await world.settle()
      const { data } = await stripe.events.list({ limit: 100 })
      return data
        .filter(({ data: { object } }) => 'id' in object && object.id === id)
        .map(({ type }) => type.replace(/^\w+\./, ''))
        .toReversed()
    },
    /** The setups that the provider has for our customer. */
    setupsAtProvider: async (customer: string): Promise<string[]> => {
      const path = `setup_intents?limit=100&customer=${await refOfCustomer(customer)}`
      return (await atProvider<{ data: Stripe.SetupIntent[] }>(path)).data.map(({ status }) => status)
    },
    spoil: (path: string, fault = 'lost_answer', count = 2) =>
      world.sandboxControl('POST', 'faults', { fault, count, match: { method: 'POST', path } }),
  }
}

const submit = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' })
