import { createHmac } from 'node:crypto'
import {
  deliver,
  type FakeReply,
  type FakeServer,
  type FakeUpdate,
  type Fault,
  readJson,
  startFakeServer,
} from './fake-server.ts'
import { complainOfCall, type Invoice } from './telegram-limits.ts'
import { createTelegramCheck, noTelegramSpec } from './telegram-spec.ts'

type Json = Record<string, unknown>

export interface SentTelegram {
  id: number
  method: string
  body: Json
}

export interface StarTransaction {
  id: string
  amount: number
  date: number
  source?: object
  receiver?: object
}

export interface Pressed {
  /** What the bot said to the question; undefined: nothing within ten seconds. */
  answer: Json | undefined
  /** The news of the payment, if it was let through and charged; not delivered yet. */
  paid: FakeUpdate | undefined
  chargeId: string
}

export interface FakeTelegram extends FakeServer {
  readonly sent: SentTelegram[]
  readonly faults: Fault[]
  readonly stars: StarTransaction[]
  /** Answers to questions by the question's id. */
  readonly answers: Map<string, Json>
  /** Chats that the bot may not write to. */
  readonly blocked: Set<number>
  /** Old chat id → new. */
  readonly moved: Map<number, number>
  invoice(payload: string): Invoice
  /** Made by `createInvoiceLink`, by their addresses. */
  readonly links: ReadonlyMap<string, Invoice>
  /** What a person sees who opens such an address. */
  opened(url: string): Invoice
  /** With the secret token, as Telegram posts it. */
  update(content: Json): FakeUpdate
  person(id: number, more?: Json): FakePerson
}

export interface FakePerson {
  says(text: string, chat?: Json): FakeUpdate
  taps(data: string, chat?: Json): FakeUpdate
  /** The question before a charge; `total` and the rest as the payer chose. */
  asks(invoice: Invoice, more?: Json & { id?: string; total?: number }): FakeUpdate
  /** The news of a charge. */
  pays(invoice: Invoice, chargeId: string, more?: Json & { total?: number; processor?: string }): FakeUpdate
  asksForShipping(invoice: Invoice, address: Json, id: string): FakeUpdate
  /** `initData` of a Mini App that the person has opened; `token`: of another bot. */
  opens(at: Date, token?: string): string
  /** Presses Pay: the question goes to `url`; when the bot says yes, the card is charged. */
  presses(url: string, invoice: Invoice, more?: Json & { total?: number; processor?: string }): Promise<Pressed>
}

export interface FakeTelegramOptions {
  token: string
  secret: string
  botId?: number
  now?: () => Date
}

/** The Bot API as far as a bot that sells needs it; every call is checked against its published description. */
export const startFakeTelegram = async (options: FakeTelegramOptions): Promise<FakeTelegram> => {
  const { token, secret, botId = 700, now = () => new Date() } = options
  const check = noTelegramSpec === false ? createTelegramCheck() : undefined
  const state = createState(now)
  const methods = createMethods(state, botId)
  const server = await startFakeServer(({ path, body: bytes }) => {
    const fault = state.faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    const [, bot, method = ''] = /^\/bot([^/]+)\/(?:test\/)?(\w+)$/.exec(path) ?? []
    if (bot !== token) return fail(401, 'Unauthorized')
    const body = bytes.length > 0 ? readJson(bytes) : {}
    const complaint = check?.method(method, body)[0] ?? complainOfCall(method, body)
    if (complaint !== undefined) return fail(400, `Bad Request: ${complaint}`)
    const reply = methods[method]?.(body) ?? send(state, method, body)
    return fault === 'lost' ? 'cut' : reply
  })
  const update = (content: Json): FakeUpdate => {
    const whole = { update_id: state.nextId(), ...content }
    const complaint = check?.type('Update', whole)[0]
    if (complaint !== undefined) throw new Error(`the fake sends what Telegram would not: ${complaint}`)
    const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret }
    return { body: Buffer.from(JSON.stringify(whole)), headers, query: {} }
  }
  const { sent, faults, stars, answers, blocked, moved, links } = state
  const person: FakeTelegram['person'] = (id, more) =>
    createPerson(state, update, { id, is_bot: false, first_name: 'Ana', ...more }, token)
  return {
    ...server,
    sent,
    faults,
    stars,
    answers,
    blocked,
    moved,
    links,
    update,
    person,
    opened: (url) => {
      const invoice = links.get(url)
      if (!invoice) throw new Error(`no invoice behind ${url}`)
      return invoice
    },
    invoice: (payload) => findInvoice(state, payload),
  }
}

type State = ReturnType<typeof createState>

const createState = (now: () => Date) => {
  let ids = 0
  return {
    sent: [] as SentTelegram[],
    faults: [] as Fault[],
    stars: [] as StarTransaction[],
    answers: new Map<string, Json>(),
    blocked: new Set<number>(),
    moved: new Map<number, number>(),
    links: new Map<string, Invoice>(),
    nextId: (): number => {
      ids += 1
      return ids
    },
    seconds: (): number => Math.floor(now().getTime() / 1000),
  }
}

const send = (state: State, method: string, body: Json): FakeReply => {
  const chat = Number(body.chat_id)
  const newChat = state.moved.get(chat)
  if (newChat !== undefined)
    return fail(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: newChat })
  if (state.blocked.has(chat)) return fail(403, 'Forbidden: bot was blocked by the user')
  if (method.startsWith('edit')) return edit(state, method, body)
  const id = state.nextId()
  state.sent.push({ id, method, body })
  return ok({ message_id: id, date: state.seconds(), chat: { id: chat, type: chat > 0 ? 'private' : 'supergroup' } })
}

const edits = { sendMessage: 'editMessageText', sendPhoto: 'editMessageCaption', sendInvoice: 'editMessageReplyMarkup' }

const edit = ({ sent, seconds }: State, method: string, body: Json): FakeReply => {
  const original = sent.find((one) => one.id === body.message_id && !one.method.startsWith('edit'))
  if (!original) return fail(400, 'Bad Request: message to edit not found')
  if (edits[original.method as keyof typeof edits] !== method)
    return fail(
      400,
      `Bad Request: there is no ${method === 'editMessageCaption' ? 'caption' : 'text'} in the message to edit`,
    )
  const last = sent.findLast((one) => one.body.message_id === body.message_id)
  if (last && JSON.stringify(last.body) === JSON.stringify(body))
    return fail(400, 'Bad Request: message is not modified: specified new message content is exactly the same')
  sent.push({ id: original.id, method, body })
  return ok({ message_id: original.id, date: seconds(), chat: { id: Number(body.chat_id), type: 'private' } })
}

const createMethods = (state: State, botId: number): Record<string, ((body: Json) => FakeReply) | undefined> => {
  const keep = (id: string, body: Json): FakeReply => {
    if (state.answers.has(id)) return fail(400, 'Bad Request: query is too old and response timeout expired')
    state.answers.set(id, body)
    return ok(true)
  }
  return {
    getMe: () => ok({ id: botId, is_bot: true, first_name: 'Fleurs', username: 'fleurs_bot' }),
    answerPreCheckoutQuery: (body) => keep(String(body.pre_checkout_query_id), body),
    answerShippingQuery: (body) => keep(String(body.shipping_query_id), body),
    createInvoiceLink: (body) => {
      const url = `https://t.me/$invoice${state.nextId()}`
      state.links.set(url, body as unknown as Invoice)
      return ok(url)
    },
    refundStarPayment: (body) => refund(state, body),
    getStarTransactions: ({ offset = 0, limit = 100 }) =>
      ok({ transactions: state.stars.slice(Number(offset), Number(offset) + Number(limit)) }),
  }
}

const refund = ({ stars, seconds }: State, { user_id, telegram_payment_charge_id: id }: Json): FakeReply => {
  const paid = stars.find((one) => one.id === id && one.source)
  if (!paid || (paid.source as { user: { id: number } }).user.id !== user_id)
    return fail(400, 'Bad Request: CHARGE_NOT_FOUND')
  if (stars.some((one) => one.id === id && one.receiver)) return fail(400, 'Bad Request: CHARGE_ALREADY_REFUNDED')
  stars.push({ id: paid.id, amount: paid.amount, date: seconds(), receiver: paid.source as object })
  return ok(true)
}

const createPerson = (
  state: State,
  update: FakeTelegram['update'],
  from: Json & { id: number },
  ownToken: string,
): FakePerson => {
  const message = (content: Json, chat: Json = { id: from.id, type: 'private', first_name: 'Ana' }) => ({
    message_id: state.nextId(),
    date: state.seconds(),
    chat,
    from,
    ...content,
  })
  const asks: FakePerson['asks'] = (invoice, { id = `q${state.nextId()}`, total = totalOf(invoice), ...rest } = {}) => {
    const { currency, payload: invoice_payload } = invoice
    return update({ pre_checkout_query: { id, from, currency, total_amount: total, invoice_payload, ...rest } })
  }
  const pays: FakePerson['pays'] = (invoice, chargeId, { total = totalOf(invoice), processor, ...rest } = {}) => {
    if (invoice.currency === 'XTR' && !state.stars.some((one) => one.id === chargeId)) {
      const source = { type: 'user', transaction_type: 'invoice_payment', user: from }
      state.stars.push({ id: chargeId, amount: total, date: state.seconds(), source })
    }
    const successful_payment = {
      currency: invoice.currency,
      total_amount: total,
      invoice_payload: invoice.payload,
      telegram_payment_charge_id: chargeId,
      provider_payment_charge_id: processor ?? `ext_${chargeId}`,
      ...rest,
    }
    return update({ message: message({ successful_payment }) })
  }
  return {
    says: (text, chat) => update({ message: message({ text }, chat) }),
    taps: (data, chat) => {
      const card = message({ text: 'A card' }, chat)
      return update({ callback_query: { id: `cb${state.nextId()}`, from, chat_instance: 'c', data, message: card } })
    },
    asks,
    pays,
    asksForShipping: ({ payload }, shipping_address, id) =>
      update({ shipping_query: { id, from, invoice_payload: payload, shipping_address } }),
    opens: (at, token = ownToken) => {
      const auth_date = `${Math.floor(at.getTime() / 1000)}`
      return signInitData({ query_id: 'AAH', user: JSON.stringify(from), auth_date }, token)
    },
    presses: async (url, invoice, { total = totalOf(invoice), processor, ...rest } = {}) => {
      const id = `q${state.nextId()}`
      const chargeId = `tg_${id}`
      await deliver(url, asks(invoice, { id, total, ...rest }))
      const answer = state.answers.get(id)
      const news = { total, ...rest, ...(processor === undefined ? {} : { processor }) }
      return { answer, chargeId, paid: answer?.ok === true ? pays(invoice, chargeId, news) : undefined }
    },
  }
}

/** https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app, from Telegram's side. */
const signInitData = (fields: Record<string, string>, token: string): string => {
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
  const secret = createHmac('sha256', 'WebAppData').update(token).digest()
  const hash = createHmac('sha256', secret).update(lines.sort().join('\n')).digest('hex')
  return `${new URLSearchParams({ ...fields, hash })}`
}

const findInvoice = ({ sent }: State, payload: string): Invoice => {
  const found = sent.find((one) => one.method === 'sendInvoice' && one.body.payload === payload)
  if (!found) throw new Error(`no invoice ${payload}`)
  return found.body as unknown as Invoice
}

const totalOf = (invoice: Invoice): number => invoice.prices.reduce((sum, price) => sum + price.amount, 0)

const ok = (result: unknown): FakeReply => ({ status: 200, json: { ok: true, result } })

export const fail = (error_code: number, description: string, parameters?: Json): Exclude<FakeReply, 'cut'> => ({
  status: error_code,
  json: { ok: false, error_code, description, ...(parameters ? { parameters } : {}) },
})
