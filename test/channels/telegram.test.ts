import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Card, NativeOffer } from '#channels/card.ts'
import { CardRefusedError, type Connection, type WebhookInput } from '#channels/channel.ts'
import type { Inbound } from '#channels/inbound.ts'
import type { OfferedCard } from '#channels/payments.ts'
import { createTelegramChannel } from '#channels/telegram/channel.ts'
import { fromTelegramAmount, toTelegramAmount } from '#channels/telegram/money.ts'
import { currencies } from '#kernel/currencies.ts'
import type { FakeUpdate } from '../support/fake-server.ts'
import { type FakeTelegram, fail, startFakeTelegram } from '../support/fake-telegram.ts'
import { currencyOf, renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'
import type { Invoice } from '../support/telegram-limits.ts'
import { noTelegramSpec } from '../support/telegram-spec.ts'

const token = '700:AAtoken'
const secret = 'the_secret_token_of_the_bot'
const payload = 'pi_01jd2q8p1xf0srd3q7m9w1c4zm'
const chat = 9

let telegram: FakeTelegram
before(async () => {
  telegram = await startFakeTelegram({ token, secret })
})
after(() => telegram[Symbol.asyncDispose]())

const channel = () => createTelegramChannel({ apiBase: telegram.url })
const connectionWith = (settings: object = {}, secrets: object = {}): Connection => ({
  merchantId: '0199aaaa-0000-7000-8000-000000000001',
  id: '0199aaaa-0000-7000-8000-000000000002',
  channel: 'telegram',
  externalId: '700',
  name: '@fleurs_bot',
  settings: { psp: 'stripe', stars: true, ...settings },
  secrets: { bot_token: token, secret_token: secret, provider_token: 'stripe:TEST', ...secrets },
  livemode: false,
})
const offer = (card: Card, change: Partial<NativeOffer> = {}): Card => ({
  ...card,
  native: {
    payload,
    description: 'Two bouquets and a vase',
    prices: [{ label: 'Order 1042', amount: card.amount }],
    needs: { name: false, phone: false, email: true, shipping: false },
    isFlexible: false,
    isDigital: false,
    isOpenToAll: false,
    ...change,
  },
})
const noNeeds = { name: false, phone: false, email: false, shipping: false }
const render = (card: Card | undefined, change: object = {}, connection = connectionWith()) =>
  channel().render(
    renderRequest(connection, { text: 'Hello', ...(card ? { card } : {}) }, { threadExternalId: `${chat}`, ...change }),
  )
const post = async (card: Card | undefined, change: object = {}, connection = connectionWith()) => {
  const rendered = render(card, change, connection)
  return { rendered, answer: await channel().send(connection, rendered, { key: 'k' }) }
}
const refOf = (answer: { outcome: string; ref?: string | undefined }): string => {
  assert.equal(answer.outcome, 'sent', JSON.stringify(answer))
  return answer.ref ?? ''
}

describe('cards in Telegram', { skip: noTelegramSpec }, () => {
  for (const [code, units] of [
    ['eur', 6080],
    ['jpy', 60],
    ['kwd', 60800],
    ['brl', 6080],
  ] as const)
    test(`an invoice in ${code} is one that the Bot API takes`, async () => {
      const { rendered, answer } = await post(offer(sampleCard('payment_request', code)))
      assert.match(refOf(answer), /^9:\d+:invoice$/)
      assert.equal(rendered.method, 'sendInvoice')
      const invoice = rendered.payload as unknown as Invoice
      assert.deepEqual(invoice.prices, [{ label: 'Order 1042', amount: units }])
      assert.equal(invoice.currency, code.toUpperCase())
      assert.equal(invoice.start_parameter, payload, 'a forwarded copy leads to the bot')
      assert.ok(!JSON.stringify(rendered).includes('stripe:TEST'), 'what is shown holds no secret')
      assert.equal(telegram.invoice(payload).provider_token, 'stripe:TEST')
      telegram.sent.length = 0
    })

  test('Stars: one price, no token, nothing that only money has', async () => {
    const card = offer(sampleCard('payment_request', 'xtr'), {
      needs: noNeeds,
      isDigital: true,
      prices: [
        { label: 'A', amount: 50n },
        { label: 'B', amount: 10n },
      ],
      tip: { max: 5n, suggested: [1n] },
    })
    const { rendered, answer } = await post(card)
    refOf(answer)
    const { prices, provider_token, max_tip_amount } = rendered.payload as unknown as Invoice
    assert.deepEqual([prices, provider_token, max_tip_amount], [[{ label: 'Order 1042', amount: 60 }], '', undefined])
  })

  test('Stars for an order that must still be told something: the page asks first', async () => {
    const { rendered, answer } = await post(offer(sampleCard('checkout_summary', 'xtr')))
    assert.match(refOf(answer), /:photo$/)
    assert.match(JSON.stringify(rendered.payload.reply_markup), /"url":/)
  })

  test('digital goods for money, and money without a token, go to the hosted page', async () => {
    const digital = await post(offer(sampleCard('payment_request'), { isDigital: true }))
    assert.equal(digital.rendered.method, 'sendPhoto')
    const unpaid = await post(offer(sampleCard('payment_request')), {}, connectionWith({ psp: undefined }))
    assert.equal(unpaid.rendered.method, 'sendPhoto')
    assert.match(refOf(unpaid.answer), /:photo$/)
    const refusal = () => render(sampleCard('payment_request', 'xtr'), {}, connectionWith({ stars: false }))
    assert.throws(refusal, CardRefusedError)
  })

  for (const [amount, method] of [
    [99n, 'sendPhoto'],
    [100n, 'sendInvoice'],
    [1_000_000n, 'sendInvoice'],
    [1_000_001n, 'sendPhoto'],
  ] as const)
    test(`${amount} US cents go out by ${method}: beyond Telegram's limits on the hosted page`, async () => {
      const card = { ...sampleCard('payment_request', 'usd'), amount }
      const { rendered, answer } = await post(offer(card))
      assert.equal(rendered.method, method)
      refOf(answer)
      const link = await channel().payments?.invoiceLink?.(connectionWith(), offer(card) as OfferedCard)
      assert.equal(link?.ok, method === 'sendInvoice')
    })

  test('a collection may be paid by whoever sees it', () => {
    const card = offer(sampleCard('payment_request'), { isOpenToAll: true })
    assert.equal((render(card).payload as unknown as Invoice).start_parameter, '')
  })

  test('an invoice begins with the bot’s own words', () => {
    const { payload } = render(offer(sampleCard('payment_request'), { description: 'Roses' }))
    assert.equal((payload as unknown as Invoice).description, 'Hello\nRoses')
  })

  test('texts are shortened and said so; payloads are refused', async () => {
    const long = sampleCard('payment_request', 'eur', { title: '👩‍👩‍👧‍👦'.repeat(9) })
    const { rendered, answer } = await post(offer(long, { description: 'd'.repeat(300) }))
    refOf(answer)
    assert.deepEqual(rendered.warnings, ['title: 32 characters, shortened', 'description: 255 characters, shortened'])
    const tapped = sampleCard('payment_request', 'eur', {
      buttons: [{ kind: 'postback', label: 'Ok', payload: 'é'.repeat(33) }],
    })
    assert.throws(() => render(tapped), /callback_data: 66 bytes, at most 64/)
    assert.throws(() => render(offer(sampleCard('payment_request'), { payload: 'x'.repeat(129) })), /128/)
    const wrong = offer(sampleCard('payment_request'), { prices: [{ label: 'Half', amount: 1n }] })
    assert.throws(() => render(wrong), /add up/)
  })

  test('tips rise and end at the highest', () => {
    const tip = { max: 500n, suggested: [300n, 100n, 100n, 900n, 200n, 400n, 450n] }
    const { max_tip_amount, suggested_tip_amounts } = render(offer(sampleCard('payment_request'), { tip }))
      .payload as unknown as Invoice
    assert.deepEqual([max_tip_amount, suggested_tip_amounts], [500, [100, 200, 300, 400]])
  })

  test('receipts, texts and topics of a forum', async () => {
    const { image: _image, ...receipt } = sampleReceipt('eur', { title: '<b>Order</b> & co' })
    const { rendered, answer } = await post(receipt, { threadExternalId: '-1001/7' })
    refOf(answer)
    const { text, entities, message_thread_id } = rendered.payload as Record<string, unknown>
    assert.equal(message_thread_id, 7)
    assert.ok(String(text).startsWith('<b>Order</b> & co\n'), 'nothing is escaped, nothing is markup')
    assert.deepEqual(entities, [{ type: 'bold', offset: 0, length: 17 }])
    refOf((await post(undefined)).answer)
    for (const type of ['refund_notice', 'bill_progress', 'reminder', 'checkout_summary'] as const)
      refOf((await post(sampleCard(type))).answer)
  })

  test('a Mini App opens from private chats only', () => {
    const connection = connectionWith({ mini_app: true })
    const keys = (thread: string) =>
      JSON.stringify(render(sampleReceipt(), { threadExternalId: thread }, connection).payload)
    assert.match(keys('9'), /web_app/)
    assert.doesNotMatch(keys('-1001'), /web_app/)
  })

  test('a message is changed by the method of its kind, and twice the same is done', async () => {
    const { image: _image, ...plain } = sampleCard('bill_progress')
    for (const [card, method] of [
      [plain, 'editMessageText'],
      [sampleCard('bill_progress'), 'editMessageCaption'],
    ] as const) {
      const ref = refOf((await post(card)).answer)
      const next = { ...card, sentence: 'Two have paid.' }
      const { rendered, answer } = await post(next, { edits: ref })
      assert.equal(rendered.method, method)
      assert.equal(refOf(answer), ref)
      assert.equal(refOf((await post(next, { edits: ref })).answer), ref, 'an answer was lost')
    }
    const invoice = refOf((await post(offer(sampleCard('payment_request')))).answer)
    assert.equal((await post(sampleReceipt(), { edits: invoice })).rendered.method, 'editMessageReplyMarkup')
    const gone = await post(plain, { edits: '9:999999' })
    assert.equal(gone.answer.outcome === 'refused' && gone.answer.failure.reason, 'not_editable')
  })
})

describe('an invoice behind a link', { skip: noTelegramSpec }, () => {
  const open = async (card: Card, connection = connectionWith()) => {
    const made = await channel().payments?.invoiceLink?.(connection, card as OfferedCard)
    assert.ok(made)
    return made
  }
  const opened = async (card: Card) => {
    const made = await open(card)
    assert.ok(made.ok, JSON.stringify(made))
    return telegram.opened(made.url)
  }

  test('has the terms of the one that is sent, without what belongs to a message', async () => {
    for (const card of [
      offer(sampleCard('payment_request'), { tip: { max: 500n, suggested: [100n] }, isFlexible: true }),
      offer(sampleCard('payment_request', 'kwd')),
      offer(sampleCard('payment_request', 'xtr'), { needs: noNeeds }),
    ]) {
      const { start_parameter, reply_markup, description, ...sent } = render(card).payload
      const { provider_token, description: words, ...terms } = await opened(card)
      const { provider_token: none, ...rest } = sent
      assert.deepEqual(terms, Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'chat_id')))
      assert.deepEqual([provider_token, words], [none ?? 'stripe:TEST', 'Two bouquets and a vase'])
      assert.ok(start_parameter !== undefined && description !== undefined && reply_markup !== undefined)
    }
  })

  test('what the bot cannot take is refused before anybody is asked', async () => {
    const digital = await open(offer(sampleCard('payment_request'), { isDigital: true }))
    const stars = await open(
      offer(sampleCard('payment_request', 'xtr'), { needs: noNeeds }),
      connectionWith({ stars: false }),
    )
    const odd = await open({ ...offer(sampleCard('payment_request', 'mga')), amount: 6081n })
    for (const made of [digital, stars, odd]) assert.equal(made.ok || made.failure.reason, 'content_refused')
  })

  test('a refusal, a lost answer and somebody else’s address are no links', async () => {
    const card = offer(sampleCard('payment_request'))
    const reasons = []
    for (const fault of [
      fail(400, 'Bad Request: PAYMENT_PROVIDER_INVALID'),
      fail(401, 'Unauthorized'),
      'lost',
      { status: 200, json: { ok: true, result: 'https://evil.example/$x' } },
    ] as const) {
      telegram.faults.push(fault)
      const made = await open(card)
      reasons.push(made.ok || made.failure.reason)
    }
    assert.deepEqual(reasons, ['content_refused', 'connection_broken', 'temporary', 'unknown'])
  })
})

describe('answers of the Bot API', () => {
  const failing = async (reply: Parameters<FakeTelegram['faults']['push']>[0]) => {
    telegram.faults.push(reply)
    return (await post(undefined)).answer
  }
  for (const [reply, reason] of [
    [fail(401, 'Unauthorized'), 'connection_broken'],
    [fail(403, 'Forbidden: bot was blocked by the user'), 'recipient_unavailable'],
    [fail(400, 'Bad Request: chat not found'), 'recipient_unavailable'],
    [fail(400, 'Bad Request: PAYMENT_PROVIDER_INVALID'), 'content_refused'],
    [fail(400, 'Bad Request: message is too long'), 'content_refused'],
    [fail(418, 'teapot'), 'unknown'],
  ] as const)
    test(`${JSON.stringify(reply.json)} is ${reason}`, async () => {
      const answer = await failing(reply)
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
    })

  test('too fast says for how long; a group that moved says where to', async () => {
    const slow = await failing(fail(429, 'Too Many Requests: retry after 7', { retry_after: 7 }))
    assert.ok(slow.outcome === 'refused')
    assert.deepEqual([slow.failure.reason, slow.retryAfterMs], ['rate_limited', 7000])
    telegram.moved.set(-5, -1005)
    const moved = (await post(undefined, { threadExternalId: '-5/3' })).answer
    assert.ok(moved.outcome === 'refused')
    assert.equal(moved.movedTo, '-1005/3')
  })

  test('a lost answer and a 500 are unknown, never repeated by themselves', async () => {
    assert.equal((await failing('lost')).outcome, 'unknown')
    assert.equal((await failing(fail(500, 'Internal Server Error'))).outcome, 'unknown')
  })

  test('credentials are tested with getMe', async () => {
    const { id: _id, externalId: _e, name: _n, ...rest } = { ...connectionWith(), id: 'c' }
    assert.deepEqual(await channel().test({ ...rest, id: 'c' }), { ok: true, externalId: '700', name: '@fleurs_bot' })
    const wrong = await channel().test({ ...rest, id: 'c', secrets: { bot_token: '1:x' } })
    assert.equal(!wrong.ok && wrong.failure.reason, 'connection_broken')
  })
})

describe('updates of Telegram', () => {
  const hear = (update: FakeUpdate, headers: object = {}): Inbound => {
    const verdict = channel().receive(inputOf({ ...update, headers: { ...update.headers, ...headers } }))
    assert.ok(verdict.ok)
    assert.equal(verdict.updates.length, 1)
    return verdict.updates[0] as Inbound
  }
  const inputOf = ({ body, headers, query }: FakeUpdate): WebhookInput => ({
    body,
    headers,
    query,
    connection: connectionWith(),
    now: new Date(),
  })
  const ana = () => telegram.person(9, { language_code: 'pt-br', last_name: 'Lima' })
  const invoice: Invoice = {
    chat_id: 9,
    title: 'T',
    description: 'D',
    payload,
    currency: 'EUR',
    prices: [{ label: 'L', amount: 1234 }],
  }

  test('every changed letter of the secret, none, and a longer one are refused', () => {
    const update = ana().says('hi')
    const name = 'x-telegram-bot-api-secret-token'
    const wrong = [...secret].map(
      (letter, i) => secret.slice(0, i) + (letter === 'a' ? 'b' : 'a') + secret.slice(i + 1),
    )
    for (const header of [...wrong, '', undefined, `${secret}x`])
      assert.equal(
        channel().receive(inputOf({ ...update, headers: { [name]: header as string } })).ok,
        header === secret,
      )
    const open = { ...connectionWith(), secrets: { bot_token: token } }
    assert.equal(channel().receive({ ...inputOf(update), headers: { [name]: '' }, connection: open }).ok, false)
  })

  test('messages, taps, starts by a link, and who wrote them', () => {
    const said = hear(ana().says('hello'))
    assert.ok(said.kind === 'message')
    assert.deepEqual(said.from, { threadId: '9', personId: '9', name: 'Ana Lima', locale: 'pt-br' })
    assert.match(said.messageRef, /^9:\d+$/)
    const tapped = hear(ana().taps('change:1042'))
    assert.equal(tapped.kind === 'message' && tapped.postback, 'change:1042')
    const reply = JSON.parse(channel().replyTo?.([tapped]) ?? '')
    assert.equal(reply.method, 'answerCallbackQuery')
    assert.match(reply.callback_query_id, /^cb\d+$/)
    assert.equal(channel().replyTo?.([said]), undefined)
    const started = hear(ana().says('/start spring_sale'))
    assert.deepEqual(started.kind === 'message' && started.touch, { source: 'link', ref: 'spring_sale' })
    const group = hear(ana().says('us', { id: -100, type: 'supergroup', title: 'Dinner' }))
    assert.deepEqual(group.kind === 'message' && [group.from.threadId, group.from.threadTitle], ['-100', 'Dinner'])
  })

  test('money: the question, the payment, Stars that went back', () => {
    const asked = hear(ana().asks(invoice, { id: '44', total: 1434, order_info: { email: 'a@example.org' } }))
    assert.ok(asked.kind === 'pre_checkout')
    assert.deepEqual([asked.amount, asked.currency, asked.queryRef, asked.payload], [1434n, 'eur', '44', payload])
    assert.deepEqual(asked.buyer, { email: 'a@example.org' })
    const paid = hear(ana().pays(invoice, 'tg_1', { total: 1434, processor: 'pi_3' }))
    assert.ok(paid.kind === 'payment')
    assert.deepEqual([paid.platformRef, paid.processorRef, paid.amount, paid.isHint], ['tg_1', 'pi_3', 1434n, false])
    const chatOf = { message_id: 1, date: 1_767_225_600, chat: { id: 9, type: 'private' } }
    const refunded_payment = {
      currency: 'XTR',
      total_amount: 60,
      invoice_payload: payload,
      telegram_payment_charge_id: 'tg_2',
    }
    const refunded = hear(telegram.update({ message: { ...chatOf, refunded_payment } }))
    assert.deepEqual(refunded.kind === 'refund' && [refunded.refundRef, refunded.amount], ['tg_2', 60n])
    const foreign = hear(ana().pays({ ...invoice, currency: 'ABC' }, 'tg_3'))
    assert.equal(foreign.kind, 'unknown', 'a currency that nobody knows is left to a person')
  })

  test('moves, blocks, edits and what is new', () => {
    const chatOf = { message_id: 1, date: 1_767_225_600, chat: { id: -5, type: 'group' } }
    const moved = hear(telegram.update({ message: { ...chatOf, migrate_to_chat_id: -1005 } }))
    assert.deepEqual(moved.kind === 'move' && [moved.fromThreadId, moved.toThreadId], ['-5', '-1005'])
    const raw = (content: object): Inbound => {
      const body = Buffer.from(JSON.stringify({ update_id: 5, ...content }))
      return hear({ ...telegram.update({ message: { ...chatOf, text: 'x' } }), body })
    }
    const member = (status: string) => {
      const update = raw({ my_chat_member: { chat: { id: 9 }, date: 1, new_chat_member: { status } } })
      const { kind } = update
      return kind === 'reachable' || kind === 'unreachable' ? `${kind} ${update.threadId}` : kind
    }
    assert.deepEqual(['kicked', 'left', 'member', 'administrator', 'restricted', 'constructor', ''].map(member), [
      'unreachable 9',
      'unreachable 9',
      'reachable 9',
      'reachable 9',
      'ignored',
      'ignored',
      'ignored',
    ])
    assert.equal(raw({ edited_message: {} }).kind, 'ignored')
    assert.equal(raw({ message: { ...chatOf, new_chat_title: 'x', from: { id: 1 } } }).kind, 'ignored')
    assert.equal(raw({ something_new: {} }).kind, 'unknown')
    assert.equal(raw({}).kind, 'unknown')
  })

  test('never throws, whatever came', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('message', 'callback_query', 'pre_checkout_query', 'x'),
        (value, name) => {
          const body = Buffer.from(JSON.stringify({ update_id: 1, [name]: value }))
          channel().receive({ ...inputOf(telegram.update({})), body })
        },
      ),
    )
  })
})

describe('amounts of Telegram', () => {
  test('every amount that can be said comes back as it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...currencies), fc.bigInt(1n, 99_999_999n), (code, amount) => {
        const currency = currencyOf(code)
        const units = toTelegramAmount(amount, currency)
        if (units !== undefined) assert.deepEqual(fromTelegramAmount(units, code.toUpperCase()), { amount, currency })
        else assert.ok(code === 'cve' || code === 'mga')
      }),
    )
  })

  for (const [code, ours, theirs] of [
    ['eur', 1234n, 1234],
    ['jpy', 1234n, 1234],
    ['kwd', 1234n, 1234],
    ['xtr', 12n, 12],
    ['isk', 12n, 12],
    ['ugx', 12n, 12],
    // Two digits in ISO 4217, none at Telegram.
    ['cve', 1200n, 12],
    ['mga', 1200n, 12],
    ['mga', 1234n, undefined],
  ] as const)
    test(`${ours} ${code} is ${theirs}`, () => assert.equal(toTelegramAmount(ours, currencyOf(code)), theirs))
})
