import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../support/until.ts'

/** What a shopper was promised, to be held against the provider's book at the end. */
export interface Promised {
  name: string
  id: string
  status: 'succeeded' | 'canceled'
  captured: number
  refunded: number
  refunds: string[]
}

interface Place {
  url: string
  sandboxUrl: string
  key: string
}

export interface Street {
  /** Requests that were answered for good so far. */
  answers(): number
  /** Requests that had to be sent again. */
  repeats(): number
  shop(name: string, random: () => number): Promise<Promised>
  /** Sends everybody home: requests that are not answered yet are given up. */
  close(): void
}

interface Reply {
  status: number
  body: { id: string; status: string; checkout_url: string; error?: { code: string; message: string } }
}

const requestsAtOnce = 16
const repeatEveryMs = 100

/** Clients that send again with the same Idempotency-Key until they have an answer, as every client of money should. */
export const createStreet = (place: Place): Street => {
  let answers = 0
  let repeats = 0
  const closing = new AbortController()
  const slots = createSlots(requestsAtOnce)
  const attempt = async (method: string, path: string, key: string, body?: object): Promise<Reply | undefined> => {
    try {
      const answer = await fetch(place.url + path, {
        method,
        headers: { authorization: `Bearer ${place.key}`, 'content-type': 'application/json', 'idempotency-key': key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(30_000)]),
      })
      return { status: answer.status, body: await answer.json() }
    } catch {
      return undefined
    }
  }
  const send = async (method: string, path: string, key: string, body?: object): Promise<Reply['body']> => {
    for (;;) {
      closing.signal.throwIfAborted()
      const reply = await slots(() => attempt(method, path, key, body))
      const isFinal = reply && reply.status < 500 && reply.status !== 409 && reply.status !== 429
      if (isFinal) {
        answers++
        assert.ok(reply.status === 200 || reply.status === 402, `${path}: ${JSON.stringify(reply.body)}`)
        return reply.body
      }
      repeats++
      await pause(repeatEveryMs) // a client's patience, not a wait for a condition
    }
  }
  const visit = async (url: string, fields?: Record<string, string>): Promise<string> => {
    const init = fields === undefined ? {} : { method: 'POST', body: new URLSearchParams(fields) }
    try {
      const answer = await slots(() => fetch(url, { ...init, redirect: 'manual', headers: { origin: place.url } }))
      await answer.text()
      return answer.headers.get('location') ?? ''
    } catch {
      return ''
    }
  }
  const payByPage = async (id: string, checkoutUrl: string): Promise<void> => {
    const card = { method: 'card', card_number: '4242424242424242', exp: '12 / 34', cvc: '123', name: 'A Payer' }
    const isPaid = async () => {
      closing.signal.throwIfAborted()
      const page = await visit(checkoutUrl, {})
      if (page.startsWith(place.sandboxUrl)) await visit(page, card)
      // The browser comes back, and we look; the notification may have been given up on in the meantime.
      await visit(`${checkoutUrl}?returned=1`)
      const seen = await slots(() => attempt('GET', `/v1/payment_intents/${id}`, ''))
      return seen?.body.status === 'succeeded'
    }
    await until(`${id} to be paid on the page`, isPaid, { withinMs: 300_000 })
    answers++
  }
  return {
    answers: () => answers,
    repeats: () => repeats,
    shop: (name, random) => shop({ send, payByPage }, name, random),
    close: () => closing.abort(),
  }
}

interface Means {
  send(method: string, path: string, key: string, body?: object): Promise<Reply['body']>
  payByPage(id: string, checkoutUrl: string): Promise<void>
}

const kinds = ['confirm', 'confirm', 'at_once', 'manual', 'manual', 'declined', 'cancel', 'page'] as const

/** One visit: a payment in one of the usual ways, and mostly some of the money back. */
const shop = async (means: Means, name: string, random: () => number): Promise<Promised> => {
  const pick = (below: number) => Math.floor(random() * below)
  const kind = kinds[pick(kinds.length)] ?? 'confirm'
  const amount = 500 + pick(9000)
  const isManual = kind === 'manual' || kind === 'cancel'
  const order = { amount, currency: pick(4) === 0 ? 'usd' : 'eur', metadata: { visit: name } }
  const path = '/v1/payment_intents'
  const made = await means.send('POST', path, `${name}:create`, {
    ...order,
    ...(isManual ? { capture_method: 'manual' } : {}),
    ...(kind === 'at_once' ? { confirm: true, payment_method: 'pm_card_visa' } : {}),
  })
  const { id } = made
  const act = (what: string, body: object = {}, step = what) =>
    means.send('POST', `${path}/${id}/${what}`, `${name}:${step}`, body)
  if (kind === 'page') await means.payByPage(id, made.checkout_url)
  if (kind === 'declined') {
    const refused = await act('confirm', { payment_method: 'pm_card_visa_chargeDeclined' }, 'decline')
    assert.equal(refused.error?.code, 'card_declined')
  }
  if (kind !== 'page' && kind !== 'at_once') await act('confirm', { payment_method: 'pm_card_visa' })
  if (kind === 'cancel') {
    await act('cancel')
    return { name, id, status: 'canceled', captured: 0, refunded: 0, refunds: [] }
  }
  const captured = kind === 'manual' ? amount - pick(300) : amount
  if (kind === 'manual') await act('capture', { amount_to_capture: captured })
  const refunds: string[] = []
  let refunded = 0
  for (let n = pick(3); n > 0; n--) {
    const part = 1 + pick(Math.floor(captured / 3))
    const refund = await means.send('POST', '/v1/refunds', `${name}:refund:${n}`, { payment_intent: id, amount: part })
    refunds.push(refund.id)
    refunded += part
  }
  return { name, id, status: 'succeeded', captured, refunded, refunds }
}

/** At most so many at once; who waits is taken in any order, so that all kinds of requests mix. */
const createSlots = (size: number) => {
  let free = size
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => void waiting.splice(waiting.length >> 1, 0, resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

/** Random numbers in [0, 1) that a seed repeats (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
