import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Card } from '#channels/card.ts'
import { CardRefusedError, type Connection, type RenderRequest } from '#channels/channel.ts'
import { createMessengerChannel } from '#channels/messenger/channel.ts'
import { wildCards } from '../support/arbitrary-cards.ts'
import { type FakeMessenger, graphError, startFakeMessenger } from '../support/fake-messenger.ts'
import type { FakeReply } from '../support/fake-server.ts'
import { complainOfMessage, type MessengerMessage, type MessengerTemplate } from '../support/messenger-limits.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'

const now = new Date('2026-11-22T17:00:00Z')
const account = { pageId: '108', token: 'EAAB-1', appSecret: 'app-secret-1' }
const connection: Connection = {
  merchantId: 'm',
  id: 'c',
  channel: 'messenger',
  externalId: '108',
  name: 'Fleurs',
  settings: { page_id: '108', graph_version: 'v25.0', webview_domain: 'pay.example' },
  secrets: { page_access_token: 'EAAB-1', app_secret: 'app-secret-1', verify_token: 'verify-me' },
  livemode: true,
}
const channel = createMessengerChannel({})

interface Payload {
  recipient: { id: string }
  messaging_type: string
  message: MessengerMessage
}
const render = (card: Card, change: Partial<RenderRequest> = {}) =>
  channel.render(renderRequest(connection, { text: '', card }, change))
const payloadOf = (card: Card, change: Partial<RenderRequest> = {}): Payload =>
  render(card, change).payload as unknown as Payload
const templateOf = (card: Card): MessengerTemplate =>
  payloadOf(card).message.attachment?.payload ?? { template_type: '' }
const withoutImage = ({ image, ...card }: Card): Card => card

describe('a card in Messenger', () => {
  test('with an image is a generic template whose link opens inside Messenger', () => {
    const { payload, warnings, method } = render(sampleCard('payment_request'))
    assert.equal(method, 'POST /108/messages')
    assert.deepEqual(warnings, [])
    assert.deepEqual(payload, {
      recipient: { id: 'person_1' },
      messaging_type: 'RESPONSE',
      message: {
        metadata: 'msg_0001',
        attachment: {
          type: 'template',
          payload: {
            template_type: 'generic',
            elements: [
              {
                title: 'Order 1042',
                subtitle: 'Please pay 60.80 EUR.',
                image_url: 'https://shop.example/bouquet.jpg',
                buttons: [
                  {
                    type: 'web_url',
                    title: 'Pay now',
                    url: 'https://pay.example/pay/tok_1',
                    webview_height_ratio: 'tall',
                    messenger_extensions: true,
                    fallback_url: 'https://pay.example/pay/tok_1',
                  },
                  { type: 'postback', title: 'Change', payload: 'change:1042' },
                ],
              },
            ],
          },
        },
      },
    })
  })

  test('without one is a button template that says what is bought', () => {
    const template = templateOf(withoutImage(sampleCard('checkout_summary')))
    assert.equal(template.template_type, 'button')
    assert.match(template.text ?? '', /^Order 1042\nPlease pay 60\.80 EUR\.\n2 × Bouquet “Nanterre”: 42\.46 EUR\n/)
    assert.match(template.text ?? '', /Total: 60\.80 EUR\nValid until 18:00$/)
  })

  test('asks for no extensions on a domain that the page has not listed', () => {
    const button = { kind: 'url', label: 'Pay', url: 'https://evil-pay.example/' } as const
    const [first] = templateOf(sampleCard('reminder', 'eur', { buttons: [button] })).elements?.[0]?.buttons ?? []
    assert.deepEqual(first, { type: 'web_url', title: 'Pay', url: button.url, webview_height_ratio: 'tall' })
  })

  test('keeps links before postbacks, and makes quick replies of those that find no room', () => {
    const postback = (label: string) => ({ kind: 'postback', label, payload: label }) as const
    const url = { kind: 'url', label: 'Pay', url: 'https://pay.example/' } as const
    const buttons = [postback('a'), postback('b'), postback('c'), url]
    const { payload, warnings } = render(sampleCard('payment_request', 'eur', { buttons }))
    const { message } = payload as unknown as Payload
    const shown = message.attachment?.payload.elements?.[0]?.buttons?.map(({ title }) => title)
    assert.deepEqual(shown, ['Pay', 'a', 'b'])
    assert.deepEqual(message.quick_replies, [{ content_type: 'text', title: 'c', payload: 'c' }])
    assert.deepEqual(warnings, ['buttons: 3, 1 became quick replies'])
  })

  test('a title of 21 letters on a button, of 81 on the card, is shortened and told', () => {
    const buttons = [{ kind: 'url', label: 'x'.repeat(21), url: 'https://pay.example/' } as const]
    const { payload, warnings } = render(sampleCard('payment_request', 'eur', { title: 'y'.repeat(81), buttons }))
    assert.deepEqual(warnings, ['button: 20 characters, shortened', 'title: 80 characters, shortened'])
    assert.equal(complainOfMessage((payload as unknown as Payload).message, false), undefined)
  })

  test('an address or payload that is too long is refused, with the limit', () => {
    const url = { kind: 'url', label: 'Pay', url: `https://pay.example/${'x'.repeat(2000)}` } as const
    assert.throws(() => render(sampleCard('payment_request', 'eur', { buttons: [url] })), /url: 2020 .* at most 2000/)
    const postback = { kind: 'postback', label: 'a', payload: 'x'.repeat(1001) } as const
    assert.throws(() => render(sampleCard('reminder', 'eur', { buttons: [postback] })), CardRefusedError)
  })

  test('whatever the card: within every limit', () => {
    fc.assert(
      fc.property(wildCards, (card) => {
        const { message } = payloadOf(card)
        assert.equal(complainOfMessage(message, false), undefined)
      }),
      { numRuns: 60 },
    )
  })

  test('is never edited, never tagged, and outside the window only a utility message', () => {
    const card = sampleReceipt()
    assert.throws(() => render(card, { edits: 'm_1' }), CardRefusedError)
    assert.throws(() => render(card, { rung: 'template' }), CardRefusedError)
    assert.throws(() => render(card, { rung: 'utility' }), /utility messages are off/)
    assert.equal(payloadOf(card).messaging_type, 'UPDATE')
    const settings = {
      ...connection.settings,
      utility_messages: true,
      utility_templates: { receipt: { name: 'receipt_1', language: 'en', body: ['amount', 'link'] } },
    }
    const utility = { connection: { ...connection, settings }, rung: 'utility' } as const
    assert.deepEqual(payloadOf(card, utility), {
      recipient: { id: 'person_1' },
      messaging_type: 'UTILITY',
      message: {
        metadata: 'msg_0001',
        template: {
          name: 'receipt_1',
          language: { code: 'en' },
          components: [
            {
              type: 'body',
              parameters: [
                { type: 'text', text: '60.80 EUR' },
                { type: 'text', text: 'https://pay.example/pay/tok_1' },
              ],
            },
          ],
        },
      },
    })
    assert.throws(() => render(sampleCard('reminder'), utility), /no approved template for reminder/)
    assert.equal(channel.capabilities(settings).window.afterWindow, 'utility')
    assert.equal(channel.capabilities(connection.settings).window.afterWindow, 'none')
  })
})

describe('the receipt template', () => {
  // Digits after the mark, written by hand: 2 × 21.23 + 12.34, −4 +5 +3 +2.
  const money: [string, object, number[]][] = [
    ['eur', { subtotal: 56.8, shipping_cost: 5, total_tax: 3, total_cost: 60.8 }, [42.46, 12.34, 2]],
    ['brl', { subtotal: 56.8, shipping_cost: 5, total_tax: 3, total_cost: 60.8 }, [42.46, 12.34, 2]],
    ['jpy', { subtotal: 56, shipping_cost: 5, total_tax: 3, total_cost: 60 }, [42, 12, 2]],
    ['kwd', { subtotal: 56.8, shipping_cost: 5, total_tax: 3, total_cost: 60.8 }, [42.46, 12.34, 2]],
  ]
  for (const [code, summary, prices] of money) {
    test(`has ${code} in major units`, () => {
      const receipt = templateOf(sampleReceipt(code))
      assert.deepEqual(receipt.summary, summary)
      assert.deepEqual(receipt.adjustments, [{ name: 'SPRING', amount: 4 }])
      assert.deepEqual(
        receipt.elements?.map(({ price }) => price),
        prices,
      )
      assert.equal(receipt.currency, code.toUpperCase())
      assert.equal(receipt.timestamp, '1795366800')
    })
  }

  test('has three digits of a dinar and none of a yen', () => {
    const one = (code: string, amount: bigint) =>
      templateOf(
        sampleReceipt(code, { amount, lines: [], totals: [{ kind: 'total', label: 'T', amount, amountText: '' }] }),
      ).summary
    assert.deepEqual(one('kwd', 1001n), { total_cost: 1.001 })
    assert.deepEqual(one('jpy', 1001n), { total_cost: 1001 })
    assert.deepEqual(one('brl', 1001n), { total_cost: 10.01 })
    assert.match(JSON.stringify(one('eur', 1_230n)), /^{"total_cost":12\.3}$/)
  })

  test('whose parts do not add up is refused', () => {
    const card = sampleReceipt()
    const totals = card.totals.map((total) => (total.kind === 'tax' ? { ...total, amount: total.amount + 1n } : total))
    assert.throws(() => render({ ...card, totals }), /the parts add up to 60\.81, the total says 60\.80/)
  })

  test('leaves out an address without a state, and says so', () => {
    const card = sampleReceipt()
    const { state, ...address } = card.receipt?.address ?? {
      line1: '',
      city: '',
      postalCode: '',
      country: '',
      state: '',
    }
    const { payload, warnings } = render({
      ...card,
      ...(card.receipt ? { receipt: { ...card.receipt, address } } : {}),
    })
    assert.equal((payload as unknown as Payload).message.attachment?.payload.address, undefined)
    assert.match(warnings.join(), /address: needs .* left out/)
    assert.equal(templateOf(card).address?.state, 'IDF')
  })

  test('is for money that was paid: a refund is told in words', () => {
    const card = sampleReceipt()
    const refunded = { ...card, ...(card.receipt ? { receipt: { ...card.receipt, status: 'refunded' as const } } : {}) }
    assert.equal(templateOf(refunded).template_type, 'generic')
  })
})

describe('sending to Messenger', () => {
  const send = async (prepare: (fake: FakeMessenger) => void, card = sampleReceipt()) => {
    await using fake = await startFakeMessenger({ ...account, now: () => now })
    fake.person('person_1').says('hello')
    prepare(fake)
    const live = createMessengerChannel({ apiBase: fake.url })
    const answer = await live.send(connection, render(card), { key: 'msg_0001' })
    return { answer, sent: fake.sent, repeat: await live.send(connection, render(card), { key: 'msg_0001' }) }
  }

  test('arrives, and the same order number a second time does not', async () => {
    const { answer, sent, repeat } = await send(() => undefined)
    assert.deepEqual(answer, { outcome: 'sent', ref: sent[0]?.id })
    assert.equal(sent.length, 1)
    assert.equal(repeat.outcome === 'refused' && repeat.failure.reason, 'content_refused')
  })

  const errors: [FakeReply, string, string][] = [
    [graphError(190, 'expired', 463), 'connection_broken', '190/463'],
    [graphError(2, 'temporary'), 'temporary', '2'],
    [graphError(2, 'temporary', 2018344), 'temporary', '2/2018344'],
    [graphError(4, 'limit'), 'rate_limited', '4'],
    [graphError(613, 'limit'), 'rate_limited', '613'],
    [graphError(10, 'window', 2018278), 'window_closed', '10/2018278'],
    [graphError(10, 'restricted', 1893063), 'connection_broken', '10/1893063'],
    [graphError(10, 'permission'), 'connection_broken', '10'],
    [graphError(10, 'new', 42), 'unknown', '10/42'],
    [graphError(100, 'no user', 2018001), 'recipient_unavailable', '100/2018001'],
    [graphError(100, 'param'), 'content_refused', '100'],
    [graphError(200, 'permission'), 'recipient_unavailable', '200'],
    [graphError(230, 'permission'), 'connection_broken', '230'],
    [graphError(551, 'away'), 'recipient_unavailable', '551'],
    [graphError(99_999, 'new'), 'unknown', '99999'],
    [{ status: 429, headers: { 'retry-after': '3' } }, 'rate_limited', 'HTTP 429'],
  ]
  for (const [reply, reason, code] of errors) {
    test(`error ${code} is ${reason}, with advice`, async () => {
      const { answer, sent } = await send(({ faults }) => void faults.push(reply))
      assert.equal(answer.outcome, 'refused')
      if (answer.outcome !== 'refused') return
      assert.deepEqual([answer.failure.reason, answer.failure.code], [reason, code])
      assert.match(answer.failure.advice, /^[A-Z].{15,}\.$/)
      assert.equal(sent.length, 1, 'the repeat went through')
    })
  }

  test('what may have been sent is unknown', async () => {
    for (const fault of ['cut', 'lost', { status: 502, text: 'Bad Gateway' }, graphError(1, 'unknown')] as const) {
      const { answer } = await send(({ faults }) => void faults.push(fault))
      assert.equal(answer.outcome, 'unknown', JSON.stringify(fault))
    }
  })

  test('after a day of silence the window is closed', async () => {
    let at = now
    await using fake = await startFakeMessenger({ ...account, now: () => at })
    fake.person('person_1').says('hello')
    at = new Date(now.getTime() + 24 * 3_600_000)
    const live = createMessengerChannel({ apiBase: fake.url })
    const answer = await live.send(connection, render(sampleCard('reminder')), { key: 'k' })
    assert.equal(answer.outcome === 'refused' && answer.failure.reason, 'window_closed')
  })

  test('the credentials are tried: whose they are, or what is wrong', async () => {
    await using fake = await startFakeMessenger(account)
    const live = createMessengerChannel({ apiBase: fake.url })
    assert.deepEqual(await live.test(connection), { ok: true, externalId: '108', name: 'Fleurs de Nanterre' })
    const bad = await live.test({ ...connection, secrets: { ...connection.secrets, page_access_token: 'x' } })
    assert.equal(!bad.ok && bad.failure.reason, 'connection_broken')
    const other = await live.test({ ...connection, settings: { page_id: '109' } })
    assert.equal(!other.ok && other.failure.code, 'other_page')
    const away = await createMessengerChannel({ apiBase: 'http://127.0.0.1:1' }).test(connection)
    assert.equal(!away.ok && away.failure.reason, 'temporary')
  })
})
