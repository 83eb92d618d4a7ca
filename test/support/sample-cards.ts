import type { Card, CardTotal, CardType } from '#channels/card.ts'
import type { RenderRequest } from '#channels/channel.ts'
import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'

export const currencyOf = (code: string): Currency => {
  if (!isCurrency(code)) throw new RangeError(code)
  return code
}

/** Two bouquets and a vase, with everything that a card can have; the same goods in every currency. */
export const sampleCard = (type: CardType, code = 'eur', change: Partial<Card> = {}): Card => {
  const currency = currencyOf(code)
  const text = (amount: bigint): string => `${toDecimalString(amount, currency)} ${code.toUpperCase()}`
  const unit = 10n ** BigInt(currencyExponent(currency))
  const total = (kind: CardTotal['kind'], label: string, amount: bigint): CardTotal => ({
    kind,
    label,
    amount,
    amountText: text(amount),
  })
  // 2 × 21.23 + 12.34, in the smallest coin of each currency.
  const bouquet = 21n * unit + (23n * unit) / 100n
  const vase = 12n * unit + (34n * unit) / 100n
  const goods = 2n * bouquet + vase
  const [shipping, tax, discount, tip] = [5n * unit, 3n * unit, -4n * unit, 2n * unit]
  const sum = goods + shipping + tax + discount + tip
  return {
    type,
    locale: 'en',
    direction: 'ltr',
    merchant: { name: 'Fleurs de Nanterre', accent: '#1a5c3a', logoUrl: 'https://shop.example/logo.png' },
    title: 'Order 1042',
    sentence: `Please pay ${text(sum)}.`,
    plainText: `Order 1042. Please pay ${text(sum)}: https://pay.example/pay/tok_1`,
    image: { url: 'https://shop.example/bouquet.jpg', alt: 'A bouquet of roses' },
    lines: [
      {
        name: 'Bouquet “Nanterre”',
        description: 'Twelve roses',
        quantity: 2,
        unitAmount: bouquet,
        amount: 2n * bouquet,
        amountText: text(2n * bouquet),
        imageUrl: 'https://shop.example/bouquet.jpg',
        reference: 'sku_1',
      },
      { name: 'Vase', quantity: 1, unitAmount: vase, amount: vase, amountText: text(vase) },
    ],
    totals: [
      total('subtotal', 'Subtotal', goods),
      total('discount', 'SPRING', discount),
      total('shipping', 'Shipping', shipping),
      total('tax', 'VAT', tax),
      total('tip', 'Tip', tip),
      total('total', 'Total', sum),
    ],
    amount: sum,
    currency,
    amountText: text(sum),
    buttons: [
      { kind: 'url', label: 'Pay now', url: 'https://pay.example/pay/tok_1' },
      { kind: 'postback', label: 'Change', payload: 'change:1042' },
    ],
    expires: { at: new Date('2026-11-22T18:00:00Z'), text: 'Valid until 18:00' },
    reference: 'msg_0001',
    ...change,
  }
}

export const sampleReceipt = (code = 'eur', change: Partial<Card> = {}): Card =>
  sampleCard('receipt', code, {
    receipt: {
      payerName: 'Ana Lima',
      method: 'Visa ···· 4242',
      paidAt: new Date('2026-11-22T17:00:00Z'),
      url: 'https://pay.example/receipts/tok_1',
      status: 'paid',
      address: {
        line1: '1 Rue de la Paix',
        city: 'Nanterre',
        state: 'IDF',
        postalCode: '92000',
        country: 'FR',
      },
    },
    ...change,
  })

export const renderRequest = (
  connection: RenderRequest['connection'],
  content: RenderRequest['content'],
  change: Partial<RenderRequest> = {},
): RenderRequest => ({
  connection,
  threadExternalId: 'person_1',
  locale: 'en',
  content,
  rung: 'window',
  messageId: 'msg_0001',
  now: new Date('2026-11-22T17:00:00Z'),
  ...change,
})
