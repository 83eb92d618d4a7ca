import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { World } from '../support/world.ts'

/** The part of an API answer that the fault tests look at. */
export interface Answer {
  status: number
  body: {
    id: string
    status: string
    amount: number
    amount_received: number
    amount_capturable: number
    latest_charge: string | null
    checkout_url: string
    error?: { code: string; message: string }
  }
}

export interface ProviderPaymentRow {
  id: string
  status: string
  amount: number
  authorized: number
  captured: number
  refunded: number
  charges: number
  failed_charges: number
  metadata: { parley_payment_intent?: string }
}

export const post = async (
  world: World,
  path: string,
  body: object = {},
  key: string = randomUUID(),
): Promise<Answer> => {
  const answer = await world.request().post(path).set('Idempotency-Key', key).send(body)
  return { status: answer.status, body: answer.body }
}

export const read = async (world: World, id: string): Promise<Answer['body']> =>
  (await world.request().get(`/v1/payment_intents/${id}`)).body

export const createIntent = async (world: World, fields: object = {}): Promise<string> => {
  const { status, body } = await post(world, '/v1/payment_intents', { amount: 4200, currency: 'eur', ...fields })
  assert.equal(status, 200, JSON.stringify(body))
  return body.id
}

export const confirm = (world: World, id: string, method = 'pm_card_visa', key?: string): Promise<Answer> =>
  post(world, `/v1/payment_intents/${id}/confirm`, { payment_method: method }, key)

export const paid = async (world: World, fields: object = {}): Promise<string> => {
  const id = await createIntent(world, fields)
  const { status, body } = await confirm(world, id)
  assert.equal(status, 200, JSON.stringify(body))
  return id
}

/** The provider's payments for one of ours, out of its book. */
export const bookOf = async (world: World, id: string): Promise<ProviderPaymentRow[]> => {
  const book = await world.sandboxControl<{ payment_intents: ProviderPaymentRow[] }>('GET', 'book')
  return book.payment_intents.filter((one) => one.metadata.parley_payment_intent === id)
}

/** What the provider has taken for one of our payments, over all its attempts. */
export const takenFor = async (world: World, id: string): Promise<number> =>
  (await bookOf(world, id)).reduce((sum, one) => sum + one.captured, 0)

export const planFault = (
  world: World,
  fault: string,
  match: { method?: string; path?: string } = {},
  count = 1,
): Promise<unknown> => world.sandboxControl('POST', 'faults', { fault, count, match })

/** Sends the client's command again with its key until the answer is final, as a sane client does. */
export const postUntilFinal = async (world: World, path: string, body: object, key: string): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await post(world, path, body, key)
    const isFinal = answer.status < 500 && answer.status !== 409 && answer.status !== 429
    if (isFinal || attempt === 30) return answer
    await world.settle({ throughTime: true })
  }
}

/** The payer's tap on Pay: the URL of the provider's page. */
export const tapPay = async (world: World, id: string): Promise<string | undefined> => {
  const { checkout_url: url } = await read(world, id)
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers: { origin: world.url } })
  await answer.text()
  const location = answer.headers.get('location') ?? undefined
  return location?.startsWith(world.sandbox.url) ? location : undefined
}

/** The payer fills in the provider's own page. */
export const payOnPage = async (pageUrl: string, cardNumber = '4242424242424242'): Promise<number> => {
  const fields = { method: 'card', card_number: cardNumber, exp: '12 / 34', cvc: '123', name: 'A Payer' }
  const answer = await fetch(pageUrl, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
  await answer.text()
  return answer.status
}

/** Everything is quiet, the provider's book is ours to the unit, and the ledger adds up. */
export const assertSound = async (world: World): Promise<void> => {
  await world.settle({ throughTime: true })
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
}
