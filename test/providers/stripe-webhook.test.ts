import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import Stripe from 'stripe'
import { eventSubjects } from '#providers/stripe/event-subjects.ts'
import { createWebhookVerifier } from '#providers/stripe/webhook.ts'
import { chargeObject, intentObject, refundObject, sessionObject } from './stripe-objects.ts'

const secret = 'whsec_first'
const now = new Date('2026-11-22T10:00:00Z')
const seconds = now.getTime() / 1000
const verify = createWebhookVerifier([secret])

const eventOf = (type: string, object: object, over: object = {}) => ({
  id: 'evt_1',
  object: 'event',
  type,
  created: seconds - 5,
  livemode: false,
  api_version: '2026-10-28.endive',
  data: { object },
  ...over,
})
const paid = eventOf('payment_intent.succeeded', intentObject())

interface Signed {
  body?: Uint8Array
  timestamp?: number
  secret?: string
}
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const sign = ({ body = bytes(paid), timestamp = seconds, secret: key = secret }: Signed = {}) =>
  createHmac('sha256', key).update(`${timestamp}.`).update(body).digest('hex')
const headerOf = (signed: Signed = {}) => `t=${signed.timestamp ?? seconds},v1=${sign(signed)}`
const check = (header: string | undefined, body: Uint8Array = bytes(paid), at = now, by = verify) =>
  by({ body, headers: { 'stripe-signature': header }, now: at })
const isOk = (...args: Parameters<typeof check>) => check(...args).ok

describe('a signature', () => {
  test("as Stripe's own SDK makes it is accepted", () => {
    const payload = JSON.stringify(paid)
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds })
    assert.deepEqual(check(header, bytes(payload)), {
      ok: true,
      notice: {
        ref: 'evt_1',
        type: 'payment_intent.succeeded',
        createdAt: new Date((seconds - 5) * 1000),
        livemode: false,
        subject: { kind: 'payment', ref: 'pi_1' },
        tags: { merchant: 'mer_1', paymentIntent: 'pi_ours' },
      },
    })
  })

  test('that we accept, the SDK accepts too', () => {
    const event = Stripe.webhooks.constructEvent(bytes(paid), headerOf(), secret, 300, undefined, now.getTime())
    assert.equal(event.id, 'evt_1')
  })

  test('with one bit flipped anywhere, in the header or in the body, is refused', () => {
    const flip = (source: Uint8Array, bit: number) => {
      const copy = Buffer.from(source)
      copy.writeUInt8((copy.readUInt8(bit >> 3) ^ (1 << (bit & 7))) & 0xff, bit >> 3)
      return copy
    }
    const header = Buffer.from(headerOf(), 'latin1')
    for (let bit = 0; bit < header.length * 8; bit++) {
      assert.equal(isOk(flip(header, bit).toString('latin1')), false, `header bit ${bit}`)
    }
    const body = bytes(paid)
    for (let bit = 0; bit < body.length * 8; bit++) {
      assert.equal(isOk(headerOf(), flip(body, bit)), false, `body bit ${bit}`)
    }
  })

  test('is over the bytes: a byte order mark or another spelling of the same JSON is refused', () => {
    const body = bytes(paid)
    assert.equal(isOk(headerOf(), Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])), false)
    assert.equal(isOk(headerOf(), bytes(JSON.stringify(paid, null, 1))), false)
    const broken = Buffer.concat([body.subarray(0, -1), Buffer.from([0xff])])
    const replaced = Buffer.concat([body.subarray(0, -1), Buffer.from('\ufffd')])
    assert.equal(isOk(headerOf({ body: replaced }), broken), false)
  })

  for (const [name, header] of Object.entries({
    none: undefined,
    'an empty one': '',
    'one without a time': `v1=${sign()}`,
    'one with two times': `t=${seconds},t=${seconds},v1=${sign()}`,
    'one with a negative time': `t=-${seconds},v1=${sign()}`,
    'one with a time that is no number': `t=now,v1=${sign()}`,
    'one of another scheme': `t=${seconds},v0=${sign()}`,
    'one with an empty v1': `t=${seconds},v1=`,
    'a short one': `t=${seconds},v1=${sign().slice(0, 63)}`,
    'one in upper case': `t=${seconds},v1=${sign().toUpperCase()}`,
    'one by another secret': headerOf({ secret: 'whsec_other' }),
    'one for another time': `t=${seconds - 1},v1=${sign()}`,
    'one of an empty body': headerOf({ body: bytes('') }),
  })) {
    test(`${name} is refused`, () => assert.equal(isOk(header), false))
  }

  test('counts among others, wrong ones and other schemes', () => {
    const wrong = '0'.repeat(64)
    assert.equal(isOk(`t=${seconds},v1=${wrong},v1=${sign()},v0=${wrong}`), true)
  })

  test('is good for 300 seconds, both ways', () => {
    const at = (offset: number) => new Date(now.getTime() + offset * 1000)
    assert.equal(isOk(headerOf(), bytes(paid), at(300)), true)
    assert.equal(isOk(headerOf(), bytes(paid), at(301)), false)
    assert.equal(isOk(headerOf(), bytes(paid), at(-300)), true)
    assert.equal(isOk(headerOf(), bytes(paid), at(-301)), false)
    assert.equal(isOk(headerOf({ timestamp: 0 })), false)
    assert.equal(isOk(headerOf({ timestamp: seconds + 86_400 })), false)
  })

  test('by the old or the new secret is accepted during a rotation, and by no third', () => {
    const both = createWebhookVerifier([secret, 'whsec_second'])
    assert.equal(isOk(headerOf(), bytes(paid), now, both), true)
    assert.equal(isOk(headerOf({ secret: 'whsec_second' }), bytes(paid), now, both), true)
    assert.equal(isOk(headerOf({ secret: 'whsec_third' }), bytes(paid), now, both), false)
  })

  test('cannot be checked without a secret, so nothing starts', () => {
    for (const secrets of [[], [''], [secret, ''], ['  '], ['whsec_a\n']]) {
      assert.throws(() => createWebhookVerifier(secrets), TypeError)
    }
  })

  test('never accepts what it did not sign', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (header, body) => {
        assert.equal(isOk(header, body), false)
        assert.equal(isOk(`t=${seconds},v1=${header}`, body), false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a signed body', () => {
  const verdict = (value: unknown) => {
    const body = bytes(value)
    return check(headerOf({ body }), body)
  }

  test('larger than 1 MiB is refused, and one of just 1 MiB is not', () => {
    const filled = (size: number) => {
      const event = eventOf('plan.created', { id: 'plan_1', object: 'plan', filler: '' })
      const missing = size - bytes(event).length
      return bytes({ ...event, data: { object: { ...event.data.object, filler: 'x'.repeat(missing) } } })
    }
    const [fits, tooLarge] = [filled(1024 * 1024), filled(1024 * 1024 + 1)]
    assert.equal(isOk(headerOf({ body: fits }), fits), true)
    assert.equal(isOk(headerOf({ body: tooLarge }), tooLarge), false)
  })

  for (const [name, value] of Object.entries({
    nothing: '',
    'no JSON': '{"id":',
    'JSON null': 'null',
    'a JSON string': '"evt_1"',
    'a list': '[]',
    'a payment that is no event': intentObject(),
    'a thin event': { ...paid, object: 'v2.core.event' },
    'an event without an id': { ...paid, id: '' },
    'an event whose type is a number': { ...paid, type: 7 },
    'an event without livemode': { ...paid, livemode: undefined },
    'an event with a fractional time': { ...paid, created: 1.5 },
    'an event at the end of time': { ...paid, created: 1e15 },
    'an event without data': { ...paid, data: undefined },
    'an event about nothing': { ...paid, data: { object: null } },
  })) {
    test(`with ${name} is refused`, () => assert.equal(verdict(value).ok, false))
  }

  test('that is not UTF-8 is refused', () => {
    const body = bytes({ ...paid, note: 'X' })
    body.writeUInt8(0xff, body.lastIndexOf('X'))
    assert.equal(isOk(headerOf({ body }), body), false)
  })
})

describe('an event', () => {
  const subjectOf = (type: string, object: object) => {
    const body = bytes(eventOf(type, object))
    const answer = check(headerOf({ body }), body)
    assert.ok(answer.ok)
    return answer.notice.subject
  }
  const dispute = { id: 'dp_1', object: 'dispute', charge: 'ch_1', payment_intent: { id: 'pi_1' } }
  const objects = {
    payment: intentObject(),
    charge: chargeObject(),
    refund: refundObject(),
    page: sessionObject({ payment_intent: 'pi_1' }),
    dispute,
    setup: { id: 'seti_1', object: 'setup_intent' },
    method: { id: 'pm_1', object: 'payment_method' },
    payout: { id: 'po_1', object: 'payout' },
    balance: { object: 'balance' },
    ignored: { id: 'x_1', object: 'x' },
  }
  const expected = {
    payment: { kind: 'payment', ref: 'pi_1' },
    charge: { kind: 'charge', ref: 'ch_1', paymentRef: 'pi_1' },
    refund: { kind: 'refund', ref: 're_1', paymentRef: 'pi_1' },
    page: { kind: 'page', ref: 'cs_1', paymentRef: 'pi_1' },
    dispute: { kind: 'dispute', ref: 'dp_1', paymentRef: 'pi_1' },
    setup: { kind: 'setup', ref: 'seti_1' },
    method: { kind: 'method', ref: 'pm_1' },
    payout: { kind: 'payout', ref: 'po_1' },
    balance: { kind: 'balance' },
    ignored: { kind: 'ignored' },
  }

  test('of every known type leads to its object', () => {
    for (const [type, kind] of Object.entries(eventSubjects)) {
      assert.deepEqual(subjectOf(type, objects[kind]), expected[kind], type)
    }
  })

  for (const type of ['payment_intent.teleported', 'charge', 'toString', '__proto__', 'constructor']) {
    test(`of the type '${type}' is unknown`, () => {
      assert.deepEqual(subjectOf(type, intentObject()), { kind: 'unknown' })
    })
  }

  test('whose object is not what its type promises is unknown', () => {
    assert.deepEqual(subjectOf('payment_intent.succeeded', chargeObject()), { kind: 'unknown' })
    assert.deepEqual(subjectOf('payment_intent.succeeded', { object: 'payment_intent' }), { kind: 'unknown' })
    assert.deepEqual(subjectOf('charge.dispute.created', { ...dispute, id: null }), { kind: 'unknown' })
  })

  test('about a page that nobody has paid yet names no payment', () => {
    assert.deepEqual(subjectOf('checkout.session.expired', sessionObject()), { kind: 'page', ref: 'cs_1' })
  })
})

describe('a thin event', () => {
  const thin = (over: object = {}) => ({
    id: 'evt_thin',
    object: 'v2.core.event',
    type: 'v1.payment_intent.succeeded',
    created: '2026-11-22T09:59:55.000Z',
    livemode: false,
    related_object: { id: 'pi_1', type: 'payment_intent', url: '/v1/payment_intents/pi_1' },
    ...over,
  })
  const read = (event: object, by = verify) => {
    const result = check(headerOf({ body: bytes(event) }), bytes(event), now, by)
    assert.ok(result.ok, result.ok ? '' : result.reason)
    return result.notice
  }

  test('says what to look up, and nothing of whose it is', () => {
    assert.deepEqual(read(thin()), {
      ref: 'evt_thin',
      type: 'v1.payment_intent.succeeded',
      createdAt: new Date(now.getTime() - 5000),
      livemode: false,
      subject: { kind: 'payment', ref: 'pi_1' },
      tags: {},
    })
    assert.equal(read(thin({ context: 'acct_1' })).account, 'acct_1')
    for (const related_object of [null, undefined, { id: 'mtr_1', type: 'billing.meter' }])
      assert.deepEqual(read(thin({ related_object })).subject, { kind: 'ignored' })
  })

  test('is one for Stripe’s own SDK too, and signed as all others', () => {
    const payload = JSON.stringify(thin())
    const client = new Stripe('sk_test_x')
    assert.equal(client.parseEventNotification(payload, headerOf({ body: bytes(payload) }), secret, 1e9).id, 'evt_thin')
    assert.ok(!isOk(headerOf(), bytes(thin())))
    assert.ok(!isOk(headerOf({ body: bytes(thin({ created: 'soon' })) }), bytes(thin({ created: 'soon' }))))
  })

  test('or a thick one, at the endpoint of a connected account, is about that account or about nothing', () => {
    const own = createWebhookVerifier([secret], 'acct_1')
    assert.deepEqual(read(thin({ context: 'acct_1' }), own).subject, { kind: 'payment', ref: 'pi_1' })
    const others = [thin(), thin({ context: 'acct_2' }), paid, { ...paid, account: 'acct_2' }]
    for (const event of others) {
      const { subject, tags, account } = read(event, own)
      assert.deepEqual([subject, tags, account], [{ kind: 'ignored' }, {}, undefined])
    }
    assert.equal(read({ ...paid, account: 'acct_2' }).account, 'acct_2')
  })
})
