import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createChannels } from '#app-channels.ts'
import type { Card } from '#channels/card.ts'
import { CardRefusedError, type Channel, channelIds, type Rendered } from '#channels/channel.ts'
import { cardTypes } from '#channels/template-fields.ts'
import { anyJson, garbage, wildCards } from '../support/arbitrary-cards.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'
import { sampleConnection, samples } from '../support/sample-connections.ts'

const now = new Date('2026-11-22T17:00:00Z')
const channels = createChannels({})

const cardOf = (type: Card['type'], code: string): Card =>
  type === 'receipt'
    ? sampleReceipt(code)
    : sampleCard(type, code, {
        progress: {
          paid: 3334n,
          total: 10_000n,
          shares: [{ name: 'Ana', amountText: '33.34 EUR', state: 'paid', stateText: 'paid' }],
        },
      })

/** Every string of a payload. */
const stringsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}

for (const id of channelIds) {
  const channel: Channel = channels[id]
  const connection = sampleConnection(id)
  const capabilities = channel.capabilities(connection.settings)

  describe(`the channel ${id}`, () => {
    const render = (content: { text: string; card?: Card }): Rendered =>
      channel.render(renderRequest(connection, content, { threadExternalId: '4711' }))

    test('takes the settings and secrets of its sample, and none that it does not know', () => {
      assert.ok(channel.settings.safeParse(connection.settings).success)
      assert.ok(channel.secrets.safeParse(connection.secrets).success)
      assert.equal(channel.settings.safeParse({ ...connection.settings, colour: 'red' }).success, false)
      assert.equal(channel.secrets.safeParse({ ...connection.secrets, colour: 'red' }).success, false)
    })

    test('says what it can', () => {
      const { buttons, text, window, ratePerSecond } = capabilities
      assert.ok(buttons.max >= 1 && text.max >= 1 && ratePerSecond > 0)
      assert.ok(window.hours === null || window.hours > 0)
      assert.equal(channel.id, id)
    })

    for (const type of cardTypes) {
      test(`renders ${type}: the same twice, plain JSON, with words for those who see no card`, () => {
        for (const code of ['eur', 'jpy', 'kwd', 'brl']) {
          const card = cardOf(type, code)
          const rendered = render({ text: '', card })
          assert.deepEqual(render({ text: '', card }), rendered)
          assert.deepEqual(JSON.parse(JSON.stringify(rendered.payload)), rendered.payload, 'nothing is lost in JSON')
          assert.ok(rendered.text.trim().length > 0)
        }
      })
    }

    describe('beside a card the bot’s own words', () => {
      const words = 'Ana, here is your order 💐'
      const shown = (text: string, card: Card) => {
        const { payload, text: plain } = render({ text, card })
        return { strings: [...stringsIn(payload), plain], plain }
      }

      for (const type of ['payment_request', 'checkout_summary', 'refund_notice', 'bill_progress', 'reminder'] as const)
        for (const isPlain of [true, false])
          test(`are shown, and the amount is not lost: ${type}${isPlain ? ' without a picture' : ''}`, () => {
            const { image: _, ...plainCard } = cardOf(type, 'eur')
            const card = isPlain ? plainCard : cardOf(type, 'eur')
            const { strings, plain } = shown(words, card)
            assert.ok(plain.includes(words) || id === 'webchat', plain)
            const said = strings.filter((some) => some.includes(words))
            assert.ok(said.length > 0)
            assert.ok(strings.some((some) => some.includes(card.amountText)))
            // They come first in whatever they stand in, but for the card's title.
            const lead = (some: string) => some.replace(`${card.title}\n`, '').startsWith(words)
            assert.ok(said.some(lead), said.join('\n---\n'))
          })

      test('stand in place of its sentence where they name the amount', () => {
        const { image: _, ...card } = sampleCard('payment_request')
        const own = `Yours for ${card.amountText} 💐`
        const { strings } = shown(own, card)
        assert.ok(strings.some((some) => some.includes(own)))
        if (id !== 'webchat')
          assert.deepEqual(
            strings.filter((some) => some.includes(card.sentence)),
            [],
          )
      })

      test('change nothing when they are its sentence, or none', () => {
        const card = sampleCard('payment_request')
        // The web chat shows the text as it is told it.
        if (id !== 'webchat') assert.deepEqual(render({ text: card.sentence, card }), render({ text: '', card }))
      })
    })

    // The web chat is our own page: nothing in it is cut.
    const shortens = id === 'webchat' ? () => undefined : test
    shortens('shortens texts, labels and lists to what it says', () => {
      const text = render({ text: 'é'.repeat(20_000) })
      assert.ok(stringsIn(text.payload).every((some) => some.length <= capabilities.text.max))
      const label = (index: number) => `L${index}-${'x'.repeat(300)}`
      const buttons = Array.from({ length: 30 }, (_, index) => ({
        kind: 'url' as const,
        label: label(index),
        url: 'https://pay.example/pay/tok_1',
      }))
      const { payload } = render({ text: '', card: sampleCard('payment_request', 'eur', { buttons }) })
      const labels = stringsIn(payload).filter((some) => /^L\d+-/.test(some))
      assert.ok(labels.length <= capabilities.buttons.max, `${labels.length} buttons`)
      for (const some of labels) assert.ok(some.length <= capabilities.buttons.titleMax, some)
    })

    test('renders or refuses any card, and never fails otherwise', () => {
      fc.assert(
        fc.property(wildCards, (card) => {
          try {
            const { payload } = render({ text: 'x', card })
            assert.deepEqual(JSON.parse(JSON.stringify(payload)), payload)
          } catch (error) {
            if (!(error instanceof CardRefusedError)) throw error
            assert.match(error.message, /\d|settings|links/, 'the limit is named')
          }
        }),
        { numRuns: 25 },
      )
    })

    test('takes nothing that is not signed, and never throws', () => {
      fc.assert(
        fc.property(garbage, fc.dictionary(fc.string(), fc.string()), (body, headers) => {
          assert.equal(channel.receive({ body, headers, query: headers, connection, now }).ok, false)
        }),
        { numRuns: 60 },
      )
    })

    test('reads what is nested deeper than any stack', () => {
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
      const bodies = [
        `{"object":"page","entry":[{"id":"108","messaging":[{"sender":{"id":"1"},"hologram":${deep}}],"changes":${deep}}]}`,
        `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"x","value":${deep}}]}]}`,
        `{"events":[{"type":"message","source":{"userId":"U1"},"message":${deep}}]}`,
        `{"update_id":1,"hologram":${deep},"message":${deep}}`,
        deep,
      ]
      for (const text of bodies) {
        const body = Buffer.from(text)
        const verdict = channel.receive({ body, ...samples[id].sign(body, now), connection, now })
        for (const { ref } of verdict.ok ? verdict.updates : []) assert.ok(ref.length <= 255)
      }
    })

    test('reads whatever is signed into updates that can be kept, or refuses it, and never throws', () => {
      fc.assert(
        fc.property(fc.oneof(garbage, plausible), (body) => {
          const verdict = channel.receive({ body, ...samples[id].sign(body, now), connection, now })
          for (const update of verdict.ok ? verdict.updates : []) {
            assert.ok(update.ref.length > 0 && update.ref.length <= 255)
            assert.ok(update.type.length > 0)
            assert.ok(!Number.isNaN(update.at.getTime()))
            for (const some of stringsIn(update)) assert.ok(!some.includes('\u0000') && some.isWellFormed())
          }
        }),
        { numRuns: 150 },
      )
    })
  })
}

const some = fc.oneof(anyJson, fc.string({ unit: 'binary' }))
const party = fc.oneof(
  some,
  fc.record({ id: some, userId: some, groupId: some, first_name: some }, { requiredKeys: [] }),
)
const event = fc.record(
  {
    sender: party,
    source: party,
    timestamp: some,
    type: fc.constantFrom('message', 'postback', 'follow', 'touch', 'receipt', 'x'),
    message: fc.oneof(
      some,
      fc.record({ mid: some, id: some, text: some, quick_reply: some, chat: party, from: party, date: some }),
    ),
    postback: fc.oneof(some, fc.record({ payload: some, referral: some, data: some, mid: some })),
    referral: some,
    delivery: fc.record({ watermark: some }),
    webhookEventId: some,
  },
  { requiredKeys: [] },
)
const status = fc.record({ id: some, status: some, type: some, timestamp: some, payment: some, recipient_id: some })
const value = fc.record({
  metadata: fc.oneof(some, fc.constant({ phone_number_id: '106' })),
  contacts: some,
  messages: fc.oneof(some, fc.array(fc.record({ id: some, from: some, type: some, text: some, referral: some }))),
  statuses: fc.oneof(some, fc.array(status)),
})
const changes = fc.oneof(some, fc.array(fc.record({ field: fc.constantFrom('messages', 'x'), value })))
/** The platforms' envelopes with anything inside. */
const plausible: fc.Arbitrary<Buffer> = fc
  .oneof(
    fc.record({
      object: fc.constantFrom('page', 'whatsapp_business_account'),
      entry: fc.oneof(
        some,
        fc.array(fc.record({ id: fc.constant('108'), time: some, messaging: fc.array(event), changes })),
      ),
    }),
    fc.record({ destination: some, events: fc.oneof(some, fc.array(event)) }),
    fc.record(
      { update_id: fc.nat(), message: some, callback_query: some, pre_checkout_query: some },
      { requiredKeys: [] },
    ),
    event.map((one) => ({ update_id: 1, ...one })),
  )
  .map((json) => Buffer.from(JSON.stringify(json)))
