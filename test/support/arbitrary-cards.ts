import fc from 'fast-check'
import type { Card, CardLine, CardType } from '#channels/card.ts'
import { sampleCard, sampleReceipt } from './sample-cards.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2500 }),
  fc.constantFrom('👨‍👩‍👧‍👦'.repeat(100), 'é'.repeat(3000), 'طلب رقم ١٠٤٢', 'x'),
)
const codes = fc.constantFrom('eur', 'jpy', 'kwd', 'brl')
const types = fc.constantFrom<CardType>('payment_request', 'checkout_summary', 'refund_notice', 'reminder')

const button = fc.oneof(
  fc.record({ kind: fc.constant('url' as const), label: text, url: fc.webUrl({ validSchemes: ['https'] }) }),
  fc.record({
    kind: fc.constant('postback' as const),
    label: text,
    payload: fc.string({ minLength: 1, maxLength: 200 }),
  }),
)

/** Cards whose texts and lists ignore every limit, with totals that add up. */
export const wildCards: fc.Arbitrary<Card> = fc
  .record({
    code: codes,
    type: fc.oneof(types, fc.constant('receipt' as const), fc.constant('bill_progress' as const)),
    title: text,
    sentence: text,
    plainText: text,
    name: text,
    payer: text,
    hasImage: fc.boolean(),
    hasExpiry: fc.boolean(),
    lines: fc.array(fc.record({ name: text, quantity: fc.integer({ min: 1, max: 9 }), unit: fc.bigInt(0n, 99_999n) }), {
      maxLength: 150,
    }),
    buttons: fc.array(button, { maxLength: 20 }),
    shares: fc.array(text, { maxLength: 40 }),
  })
  .map(({ code, type, payer, hasImage, hasExpiry, shares, name, ...wild }) => {
    const base = type === 'receipt' ? sampleReceipt(code) : sampleCard(type, code)
    const { image, expires, receipt, ...rest } = base
    const lines = wild.lines.map(lineOf)
    const sum = lines.reduce((total, { amount }) => total + amount, 0n)
    const totals = [
      { kind: 'subtotal' as const, label: wild.title, amount: sum, amountText: `${sum}` },
      { kind: 'tip' as const, label: wild.sentence, amount: 100n, amountText: '1' },
      { kind: 'total' as const, label: 'Total', amount: sum + 100n, amountText: `${sum + 100n}` },
    ]
    const progress = shares.map((share) => ({ name: share, amountText: '1', state: 'open' as const, stateText: share }))
    return {
      ...rest,
      title: wild.title,
      sentence: wild.sentence,
      plainText: wild.plainText,
      merchant: { ...rest.merchant, name },
      buttons: wild.buttons,
      lines,
      totals,
      amount: sum + 100n,
      ...(hasImage && image ? { image } : {}),
      ...(hasExpiry && expires ? { expires } : {}),
      ...(receipt ? { receipt: { ...receipt, payerName: payer } } : {}),
      ...(type === 'bill_progress' ? { progress: { paid: 1n, total: sum, shares: progress } } : {}),
    }
  })

const lineOf = ({ name, quantity, unit }: { name: string; quantity: number; unit: bigint }): CardLine => ({
  name,
  description: name,
  quantity,
  unitAmount: unit,
  amount: unit * BigInt(quantity),
  amountText: `${unit * BigInt(quantity)}`,
})

/** Bodies that no platform would send, from nothing to deep and huge. */
export const garbage: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string().map((some) => Buffer.from(some)),
  fc.json().map((json) => Buffer.from(json)),
  fc.constantFrom(
    Buffer.alloc(0),
    Buffer.from('['.repeat(20_000)),
    Buffer.from('<xml>'.repeat(20_000)),
    Buffer.from(`{"a":"${'x'.repeat(900_000)}"}`),
  ),
)

/** JSON values of any shape, to put where a platform's object should be. */
export const anyJson: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 4 })
