import { createHmac, randomUUID } from 'node:crypto'
import type { Notification } from './provider-harness.ts'

/** What the bank keeps of an order. Amounts are whole minor units, times ISO 8601. */
export interface BankOrder {
  number: string
  status: 'OPEN' | 'PAID' | 'CLOSED'
  amount: number
  currency: string
  tags: Record<string, string>
  pay_url: string
  expires_at: string
  payment: { id: string; at: string; fee_id: string; fee: number } | null
}

export interface BankRefund {
  number: string
  order: string
  status: 'WAITING' | 'DONE' | 'BOUNCED'
  amount: number
  currency: string
  at: string
  tags: Record<string, string>
}

export interface BankRequest {
  method: 'GET' | 'POST'
  path: string
  body?: Record<string, unknown>
}

/** The wire: rejects when the connection breaks. */
export type BankWire = (request: BankRequest) => Promise<{ status: number; body: unknown }>

type Fault = 'fails_before' | 'fails_after' | 'answer_lost'

/** A bank in memory: pages that are paid, refunds that settle later, and signed notifications. */
export const createBank = (secret: string) => {
  const orders = new Map<string, BankOrder>()
  const refunds = new Map<string, BankRefund>()
  const bouncing = new Set<string>()
  let fault: Fault | undefined
  let isTwice = false
  let sent: Notification[] = []
  const sign = (text: string): Notification => {
    const time = String(Math.floor(Date.now() / 1000))
    const mac = createHmac('sha256', secret).update(`${time}.${text}`).digest('hex')
    return { body: Buffer.from(text), headers: { 'bank-time': time, 'bank-signature': mac } }
  }
  const tell = (type: string, data: object): void => {
    const news = sign(JSON.stringify({ id: `n_${randomUUID()}`, type, at: new Date().toISOString(), data }))
    sent.push(news, ...(isTwice ? [news] : []))
    isTwice = false
  }
  const work = ({ method, path, body = {} }: BankRequest): { status: number; body: unknown } => {
    const [, kind, id = '', what] = path.split('/')
    const found = kind === 'refunds' ? refunds.get(id) : findOrder(id)
    if (method === 'POST' && what === undefined) return kind === 'orders' ? open(body) : refund(body)
    if (!found) return refuse(404, 'not_found', 'There is nothing by this number.')
    if (what === 'refunds') return done([...refunds.values()].filter(({ order }) => order === id))
    return what === 'close' && 'pay_url' in found ? close(found) : done(found)
  }
  const findOrder = (id: string) => orders.get(id) ?? [...orders.values()].find(({ payment }) => payment?.id === id)
  const open = ({ number, amount, currency, tags, expires_at }: Record<string, unknown>) => {
    const known = orders.get(String(number))
    if (known)
      return known.amount === amount ? done(known) : refuse(409, 'number_used', 'Another order has this number.')
    if (Number(amount) < 1) return refuse(400, 'amount', 'The amount is too small.')
    const url = `https://bank.example/pay/${String(number)}`
    const order = { number, amount, currency, tags, expires_at, pay_url: url, status: 'OPEN', payment: null }
    orders.set(String(number), order as BankOrder)
    return done(order)
  }
  const close = (order: BankOrder) => {
    if (order.status === 'PAID') return refuse(400, 'paid', 'The order is paid.')
    order.status = 'CLOSED'
    return done(order)
  }
  const refund = ({ number, order: of, amount, tags }: Record<string, unknown>) => {
    const known = refunds.get(String(number))
    if (known)
      return known.amount === amount ? done(known) : refuse(409, 'number_used', 'Another refund has this number.')
    const order = orders.get(String(of))
    const taken = [...refunds.values()].filter((one) => one.order === of && one.status !== 'BOUNCED')
    const left = (order?.payment ? order.amount : 0) - taken.reduce((sum, one) => sum + one.amount, 0)
    if (!order || Number(amount) > left) return refuse(400, 'too_much', 'Less than that is left to give back.')
    const made = { number, order: of, amount, tags, currency: order.currency, status: 'WAITING' }
    refunds.set(String(number), { ...made, at: new Date().toISOString() } as BankRefund)
    return done(refunds.get(String(number)))
  }
  return {
    wire: async (request: BankRequest) => {
      const struck = request.method === 'POST' ? fault : undefined
      if (struck) fault = undefined
      const broken = { status: 500, body: { code: 'broken', message: 'Try later.' } }
      if (struck === 'fails_before') return broken
      const answer = structuredClone(work(request))
      if (struck === 'answer_lost') throw new Error('the connection broke')
      return struck ? broken : answer
    },
    spoil: (how: Fault) => {
      fault = how
    },
    duplicateNext: () => {
      isTwice = true
    },
    pay: (number: string, { bounces = false } = {}) => {
      const order = orders.get(number)
      if (order?.status !== 'OPEN') throw new Error(`${number} is not open`)
      const fee = Math.ceil(order.amount / 100)
      order.payment = { id: `pay_${randomUUID()}`, at: new Date().toISOString(), fee_id: `fee_${randomUUID()}`, fee }
      order.status = 'PAID'
      if (bounces) bouncing.add(number)
      tell('order.paid', { order: number, tags: order.tags })
    },
    settle: () => {
      for (const refund of refunds.values()) {
        if (refund.status !== 'WAITING') continue
        refund.status = bouncing.has(refund.order) ? 'BOUNCED' : 'DONE'
        tell('refund.settled', { refund: refund.number, order: refund.order, tags: refund.tags })
      }
    },
    sign,
    take: () => {
      const taken = sent
      sent = []
      return taken
    },
  }
}

const done = (body: unknown) => ({ status: 200, body })
const refuse = (status: number, code: string, message: string) => ({ status, body: { code, message } })
