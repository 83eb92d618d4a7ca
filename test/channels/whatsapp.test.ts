import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Card, CardLine, CardTotal } from '#channels/card.ts'
import { CardRefusedError, type Connection } from '#channels/channel.ts'
import type { Inbound } from '#channels/inbound.ts'
import { createWhatsappChannel } from '#channels/whatsapp/channel.ts'
import { graphError } from '../support/fake-messenger.ts'
import { type FakeWhatsapp, startFakeWhatsapp } from '../support/fake-meta.ts'
import type { FakeUpdate } from '../support/fake-server.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'
import type { OrderParameters } from '../support/whatsapp-limits.ts'

const phone = '106540352242922'
const token = 'EAAtoken'
const appSecret = 'the app secret'
const ana = '919800000001'
const india = { gateway: 'razorpay', configuration_name: 'upi-test', catalog_id: '194836987003835' }
const templates = {
  receipt: { name: 'receipt_1', language: 'en', body: ['title', 'amount'] },
  payment_request: { name: 'pay_1', language: 'en', body: ['amount'], link_base: 'https://pay.example/pay/' },
}

let meta: FakeWhatsapp
before(async () => {
  meta = await startFakeWhatsapp({ phoneNumberId: phone, token, appSecret })
})
after(() => meta[Symbol.asyncDispose]())
beforeEach(() => {
  meta.sent.length = 0
  meta.says(ana, 'hi')
})

const channel = () => createWhatsappChannel({ apiBase: meta.url })
const connectionWith = (settings: object = {}): Connection => ({
  merchantId: '0199aaaa-0000-7000-8000-000000000001',
  id: '0199aaaa-0000-7000-8000-000000000002',
  channel: 'whatsapp',
  externalId: phone,
  name: 'Fleurs',
  settings: { phone_number_id: phone, templates, ...settings },
  secrets: { access_token: token, app_secret: appSecret, verify_token: 'a verify token' },
  livemode: false,
})
const now = new Date()
const render = (card: Card | undefined, change: object = {}, connection = connectionWith()) =>
  channel().render(
    renderRequest(connection, { text: 'Hello', ...(card ? { card } : {}) }, { threadExternalId: ana, now, ...change }),
  )
const post = async (card: Card | undefined, change: object = {}, connection = connectionWith()) => {
  const rendered = render(card, change, connection)
  const answer = await channel().send(connection, rendered, { key: 'k' })
  assert.equal(answer.outcome, 'sent', JSON.stringify(answer))
  return rendered
}
interface Sent {
  type: string
  interactive: { type: string; action: { parameters: OrderParameters & { display_text: string; url: string } } }
  template: { components: { type: string; parameters: { text: string }[] }[] }
}
const sentOf = ({ payload }: { payload: unknown }) => payload as Sent

const native = (card: Card, change: object = {}): Card => ({
  ...card,
  native: {
    payload: 'pi_01jd2q8p1xf0srd3q7m9w1c4zm',
    description: 'Order',
    prices: [{ label: 'Total', amount: card.amount }],
    needs: { name: false, phone: false, email: false, shipping: false },
    isFlexible: false,
    isDigital: true,
    isOpenToAll: false,
    ...change,
  },
})

describe('cards in WhatsApp', () => {
  for (const code of ['eur', 'jpy', 'kwd', 'brl', 'inr'])
    test(`a request in ${code} is a link that works everywhere`, async () => {
      const { interactive } = sentOf(await post(sampleCard('payment_request', code)))
      assert.equal(interactive.type, 'cta_url')
      assert.deepEqual(interactive.action.parameters, { display_text: 'Pay now', url: 'https://pay.example/pay/tok_1' })
    })

  test('rupees through a gateway: an order whose sums agree', async () => {
    const { interactive } = sentOf(
      await post(native(sampleCard('payment_request', 'inr')), {}, connectionWith({ india })),
    )
    const { reference_id, total_amount, order, currency } = interactive.action.parameters
    assert.deepEqual(
      [interactive.type, reference_id, currency, total_amount],
      ['order_details', 'msg_0001', 'INR', { value: 6080, offset: 100 }],
    )
    assert.deepEqual([order.subtotal.value, order.discount?.value, order.items.length], [5680, 400, 3])
    assert.equal(order.items.find(({ retailer_id }) => retailer_id === 'tip')?.amount.value, 200)
  })

  test('goods need an address in India, else it is a link', async () => {
    const connection = connectionWith({ india })
    const goods = native(sampleCard('payment_request', 'inr'), { isDigital: false })
    assert.equal(sentOf(await post(goods, {}, connection)).interactive.type, 'cta_url')
    const address = { name: 'Asha', line1: '1 MG Road', city: 'Pune', state: 'MH', postalCode: '411001', country: 'IN' }
    const there = native(sampleCard('payment_request', 'inr'), { isDigital: false, address })
    assert.equal(sentOf(await post(there, {}, connection)).interactive.action.parameters.beneficiaries?.length, 1)
  })

  test('the same reference twice is refused by the platform, so every message has its own', async () => {
    const connection = connectionWith({ india })
    const rendered = await post(native(sampleCard('payment_request', 'inr')), {}, connection)
    const again = await channel().send(connection, rendered, { key: 'k' })
    assert.equal(again.outcome === 'refused' && again.failure.reason, 'content_refused')
    assert.throws(() => render(native(sampleCard('payment_request', 'inr', { reference: 'no space' })), {}, connection))
  })

  test('reais where the merchant says so: an order with a link', async () => {
    const connection = connectionWith({ brazil: { enabled: true } })
    const { parameters } = sentOf(await post(sampleCard('payment_request', 'brl'), {}, connection)).interactive.action
    assert.deepEqual(parameters.payment_settings, [
      { type: 'payment_link', payment_link: { uri: 'https://pay.example/pay/tok_1' } },
    ])
  })

  test('any order satisfies the platform’s equations', () => {
    const part = fc.bigInt(0n, 50_000n)
    const line = fc.record({ quantity: fc.integer({ min: 1, max: 9 }), unitAmount: fc.bigInt(1n, 100_000n), odd: part })
    const parts = fc.record({
      lines: fc.array(line, { maxLength: 60 }),
      tax: part,
      shipping: part,
      tip: part,
      discount: part,
    })
    fc.assert(
      fc.property(parts, ({ lines, tax, shipping, tip, discount }) => {
        const shown: CardLine[] = lines.map(({ quantity, unitAmount, odd }, i) => {
          // Some lines are no multiple of their price: a rounded discount of the line.
          const amount = unitAmount * BigInt(quantity) + (odd % 7n === 0n ? odd : 0n)
          return { name: `Line ${i}`, quantity, unitAmount, amount, amountText: '' }
        })
        const goods = shown.reduce((sum, one) => sum + one.amount, 0n)
        const amount = goods + tax + shipping + tip - discount
        if (goods + tip - 0n <= 0n || amount <= 0n) return
        const total = (kind: CardTotal['kind'], value: bigint): CardTotal => ({
          kind,
          label: kind,
          amount: value,
          amountText: '',
        })
        const totals = [total('tax', tax), total('shipping', shipping), total('tip', tip), total('discount', -discount)]
        const card = native(sampleCard('payment_request', 'inr', { lines: shown, totals, amount }))
        const { interactive } = sentOf(render(card, {}, connectionWith({ india })))
        const { order, total_amount } = interactive.action.parameters
        const items = order.items.reduce((sum, item) => sum + item.amount.value * item.quantity, 0)
        assert.equal(items, order.subtotal.value)
        const { tax: t, shipping: s, discount: d } = order
        assert.equal(order.subtotal.value + (t?.value ?? 0) + (s?.value ?? 0) - (d?.value ?? 0), total_amount.value)
        assert.equal(total_amount.value, Number(amount))
      }),
    )
  })

  test('receipts: a link, the state of an order, and words for what has no state', async () => {
    assert.equal(sentOf(await post(sampleReceipt('inr'))).interactive.type, 'cta_url')
    const status = sentOf(await post(sampleReceipt('inr', { answers: 'msg_0000' }))).interactive
    assert.deepEqual([status.type, status.action.parameters.reference_id], ['order_status', 'msg_0000'])
    const { buttons: _buttons, image: _image, ...plain } = sampleReceipt('eur')
    assert.equal(sentOf(await post({ ...plain, buttons: [] })).type, 'text')
    assert.equal(sentOf(await post(undefined)).type, 'text')
    const taps = sampleCard('bill_progress', 'eur', {
      buttons: [{ kind: 'postback', label: 'Remind them all now', payload: 'r' }],
    })
    assert.equal(sentOf(await post(taps)).interactive.type, 'button')
  })

  test('after a day only an approved template goes out', async () => {
    const closed = { threadExternalId: '919800000009' }
    const connection = connectionWith()
    const late = await channel().send(connection, render(sampleReceipt(), closed), { key: 'k' })
    assert.equal(late.outcome === 'refused' && late.failure.reason, 'window_closed')
    const { template } = sentOf(await post(sampleReceipt(), { ...closed, rung: 'template' }))
    assert.deepEqual(
      template.components[0]?.parameters.map(({ text }) => text),
      ['Order 1042', '60.80 EUR'],
    )
    const { template: request } = sentOf(await post(sampleCard('payment_request'), { ...closed, rung: 'template' }))
    assert.equal(request.components.at(-1)?.parameters[0]?.text, 'tok_1')
    assert.throws(() => render(sampleCard('reminder'), { rung: 'template' }), CardRefusedError)
    assert.throws(() => render(sampleReceipt(), { rung: 'consent' }), CardRefusedError)
    assert.throws(() => render(sampleReceipt(), { edits: 'wamid.1' }), CardRefusedError)
  })
})

describe('answers of the Cloud API', () => {
  for (const [code, reason] of [
    [131047, 'window_closed'],
    [131026, 'recipient_unavailable'],
    [130429, 'rate_limited'],
    [131056, 'rate_limited'],
    [190, 'connection_broken'],
    [132001, 'content_refused'],
    [131042, 'connection_broken'],
    [999999, 'unknown'],
  ] as const)
    test(`${code} is ${reason}`, async () => {
      meta.faults.push(graphError(code, 'x'))
      const answer = await channel().send(connectionWith(), render(undefined), { key: 'k' })
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
    })

  test('a lost answer and "something went wrong" are unknown', async () => {
    meta.faults.push('lost')
    assert.equal((await channel().send(connectionWith(), render(undefined), { key: 'k' })).outcome, 'unknown')
    meta.faults.push(graphError(131000, 'Something went wrong'))
    assert.equal((await channel().send(connectionWith(), render(undefined), { key: 'k' })).outcome, 'unknown')
  })

  test('credentials are tested by asking for the number', async () => {
    const { settings, secrets, ...rest } = connectionWith()
    const asked = { merchantId: rest.merchantId, id: rest.id, channel: rest.channel, livemode: false, settings }
    assert.deepEqual(await channel().test({ ...asked, secrets }), {
      ok: true,
      externalId: phone,
      name: 'Fleurs +1 555 000 1111',
    })
    const wrong = await channel().test({ ...asked, secrets: { access_token: 'x' } })
    assert.equal(!wrong.ok && wrong.failure.reason, 'connection_broken')
  })
})

describe('updates of WhatsApp', () => {
  const receive = ({ body, headers, query }: FakeUpdate) =>
    channel().receive({ body, headers, query, connection: connectionWith(), now })
  const hear = (update: FakeUpdate): readonly Inbound[] => {
    const verdict = receive(update)
    assert.ok(verdict.ok)
    return verdict.updates
  }

  test('messages, replies, advertisements and carts', () => {
    const [said] = hear(meta.says(ana, 'Blåbär'))
    assert.deepEqual(said?.kind === 'message' && [said.text, said.from], [
      'Blåbär',
      { threadId: ana, personId: ana, name: 'Åsa' },
    ])
    const button_reply = { id: 'change:1042', title: 'Change' }
    const [tapped] = hear(
      meta.says(ana, '', { type: 'interactive', interactive: { type: 'button_reply', button_reply } }),
    )
    assert.deepEqual(tapped?.kind === 'message' && [tapped.text, tapped.postback], ['Change', 'change:1042'])
    const referral = {
      source_url: 'https://fb.me/x',
      source_id: '120226',
      source_type: 'ad',
      headline: 'Chat with us',
      ctwa_clid: 'Aff-n8',
    }
    const [came] = hear(meta.says(ana, 'hi', { referral }))
    const touch = { source: 'ad', adId: '120226', ctwaClid: 'Aff-n8', url: 'https://fb.me/x', title: 'Chat with us' }
    assert.deepEqual(came?.kind === 'message' && came.touch, touch)
    const product_items = [{ product_retailer_id: 'sku_1', quantity: 2, item_price: 12.34, currency: 'INR' }]
    const [cart] = hear(
      meta.says(ana, '', { type: 'order', order: { catalog_id: '1', text: 'Please', product_items } }),
    )
    assert.equal(cart?.kind === 'message' && cart.text, 'Please\n2 × sku_1')
  })

  test('what became of messages, and of payments: a hint, never more', () => {
    const status = (more: object) => ({ id: 'wamid.1', recipient_id: ana, timestamp: '1767225600', ...more })
    const [read] = hear(meta.update({ statuses: [status({ status: 'read' })] }))
    assert.deepEqual(read?.kind === 'receipt' && [read.state, read.messageRefs], ['read', ['wamid.1']])
    const [failed] = hear(meta.update({ statuses: [status({ status: 'failed', errors: [{ code: 131047 }] })] }))
    assert.equal(failed?.kind === 'receipt' && failed.failure?.reason, 'window_closed')
    const refunds = [{ id: 'rf_1', amount: { value: 100, offset: 100 }, status: 'success' }]
    const transaction = { id: 'tx_1', status: 'success' }
    const payment = {
      reference_id: 'msg_1',
      amount: { value: 21000, offset: 100 },
      currency: 'INR',
      transaction,
      refunds,
    }
    const [hint, refund] = hear(meta.update({ statuses: [status({ type: 'payment', status: 'captured', payment })] }))
    assert.deepEqual(hint?.kind === 'payment' && [hint.isHint, hint.payload, hint.amount], [true, 'msg_1', 21000n])
    assert.deepEqual(refund?.kind === 'refund' && [refund.refundRef, refund.amount, refund.state], [
      'rf_1',
      100n,
      'succeeded',
    ])
    const [odd] = hear(
      meta.update({ statuses: [status({ type: 'payment', status: 'captured', payment: { reference_id: 'm' } })] }),
    )
    assert.equal(odd?.kind, 'payment', 'Meta’s shortest sample says only the reference')
  })

  test('a forged or rewritten body is refused, another number is none of ours', () => {
    const update = meta.says(ana, 'Blåbär')
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(update.body.toString())))
    assert.equal(receive({ ...update, body: rewritten }).ok, false)
    assert.equal(receive({ ...update, headers: {} }).ok, false)
    const body = Buffer.from(update.body.toString().replaceAll(phone, '999'))
    const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
    const [foreign] = hear({ ...update, body, headers: { 'x-hub-signature-256': signature } })
    assert.equal(foreign?.kind, 'ignored')
  })

  test('never throws, whatever came', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('messages', 'statuses', 'contacts'), (value, name) => {
        receive(meta.update({ [name]: [value] }))
        receive(
          meta.update({ [name]: value, statuses: [{ id: 'x', type: 'payment', status: 'captured', payment: value }] }),
        )
      }),
    )
  })
})
