import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cart, Quote } from '#checkout/cart.ts'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { finishCard, type Voice } from '#messages/cards/card-parts.ts'
import { composeBill } from '#messages/cards/compose-bill.ts'
import { composeReceipt, composeRefund } from '#messages/cards/compose-receipt.ts'
import { composeReminder, composeRequest, type RequestFacts } from '#messages/cards/compose-request.ts'
import { chooseSpeech, languages } from '#messages/cards/language.ts'
import { offerOf } from '#messages/cards/native-offer.ts'
import { orderOf } from '#messages/cards/order.ts'
import { readTheme } from '#messages/cards/theme-schemas.ts'
import { quietUntil } from '#messages/quiet-hours.ts'
import { remindAt } from '#messages/reminder.ts'

const currency = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}
const eur = currency('eur')
const voiceOf = (locale: string, settings: object = {}): Voice => {
  const speech = chooseSpeech(locale)
  return { ...speech, theme: readTheme('Noodle Bar', settings, speech.language) }
}
/** Intl writes spaces of several widths. */
const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ')

const order = {
  lines: [{ name: 'Tea', quantity: 2, unitAmount: 2000n, amount: 4000n }],
  totals: [
    { kind: 'subtotal' as const, amount: 4000n },
    { kind: 'tip' as const, amount: 200n },
    { kind: 'total' as const, amount: 4200n },
  ],
}
const request: RequestFacts & { expiresAt: Date } = {
  title: 'Bouquet',
  amount: 4200n,
  currency: eur,
  url: 'https://pay.example/pay/x',
  expiresAt: new Date('2026-11-22T18:00:00Z'),
  state: 'open',
}
const receipt = {
  title: 'Bouquet',
  amount: 4200n,
  currency: eur,
  payerName: 'Ana',
  method: { brand: 'visa', last4: '4242' },
  paidAt: new Date('2026-11-22T17:00:00Z'),
  url: 'https://pay.example/receipts/x',
}
const bill = {
  title: 'Dinner',
  status: 'open' as const,
  amount: 10_000n,
  paid: 3334n,
  currency: eur,
  expiresAt: null,
  shares: [
    { name: 'Ana', amount: 3334n, state: 'paid' as const, url: 'https://pay.example/pay/a' },
    { name: '', amount: 3333n, state: 'open' as const, url: 'https://pay.example/pay/b' },
  ],
}

const sentences = (locale: string): string[] => {
  const voice = voiceOf(locale)
  return [
    composeRequest(voice, request, 'm', undefined),
    composeRequest(voice, { ...request, order }, 'm', undefined),
    composeReminder(voice, request, 'm', undefined),
    composeReceipt(voice, receipt, 'm'),
    composeRefund(voice, receipt, { status: 'succeeded', amount: 1000n, refunded: 1000n }, 'm'),
    composeBill(voice, bill, 'm'),
  ].map(({ sentence }) => plain(sentence))
}

describe('cards', () => {
  test('speak six languages', () => {
    assert.deepEqual(Object.fromEntries(Object.keys(languages).map((locale) => [locale, sentences(locale)])), {
      en: [
        'Please pay €42.00.',
        'Your order comes to €42.00. Please check it and pay.',
        'A reminder: €42.00 is still open. Please pay by Nov 22, 6:00 PM UTC.',
        'Paid €42.00. Thank you!',
        '€10.00 of €42.00 refunded.',
        '€33.34 of €100.00 paid.',
      ],
      fr: [
        'Merci de régler 42,00 €.',
        'Votre commande s’élève à 42,00 €. Merci de la vérifier et de la régler.',
        'Rappel : 42,00 € restent à régler. Merci de payer avant le 22 nov., 18:00 UTC.',
        '42,00 € payés. Merci !',
        '10,00 € remboursés sur 42,00 €.',
        '33,34 € payés sur 100,00 €.',
      ],
      'zh-Hans': [
        '请支付 €42.00。',
        '您的订单共 €42.00，请确认并支付。',
        '提醒：还有 €42.00 待支付，请在 11月22日 UTC 18:00 前完成支付。',
        '已支付 €42.00，谢谢！',
        '已退款 €10.00（共 €42.00）。',
        '已付 €33.34，共 €100.00。',
      ],
      es: [
        'Paga 42,00 €, por favor.',
        'Tu pedido suma 42,00 €. Revísalo y paga, por favor.',
        'Recordatorio: quedan 42,00 € por pagar. Paga antes del 22 nov, 18:00 UTC, por favor.',
        '42,00 € pagados. ¡Gracias!',
        '10,00 € reembolsados de 42,00 €.',
        '33,34 € pagados de 100,00 €.',
      ],
      'pt-BR': [
        'Pague € 42,00, por favor.',
        'Seu pedido deu € 42,00. Confira e pague, por favor.',
        'Lembrete: faltam € 42,00. Pague até 22 de nov., 18:00 UTC, por favor.',
        '€ 42,00 pagos. Obrigado!',
        '€ 10,00 reembolsados de € 42,00.',
        '€ 33,34 pagos de € 100,00.',
      ],
      ar: [
        'يرجى دفع \u2068\u200f42.00 €\u2069.',
        'مجموع طلبك \u2068\u200f42.00 €\u2069. يرجى مراجعته ثم الدفع.',
        'تذكير: ما زال \u2068\u200f42.00 €\u2069 مستحقًا. يرجى الدفع قبل \u206822 نوفمبر، 6:00 م UTC\u2069.',
        'تم دفع \u2068\u200f42.00 €\u2069. شكرًا!',
        'تم رد \u2068\u200f10.00 €\u2069 من \u2068\u200f42.00 €\u2069.',
        'تم دفع \u2068\u200f33.34 €\u2069 من \u2068\u200f100.00 €\u2069.',
      ],
    })
  })

  test('every phrase of every language takes the same values', () => {
    const values = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
    for (const phrases of Object.values(languages))
      for (const [key, text] of Object.entries(languages.en))
        assert.deepEqual(values(phrases[key as keyof typeof phrases]), values(text), key)
  })

  test('run from right to left in Arabic, with every amount between isolates', () => {
    const card = composeRequest(voiceOf('ar'), { ...request, order }, 'm', undefined)
    assert.equal(card.direction, 'rtl')
    for (const line of card.plainText.split('\n').filter((one) => one.includes('€')))
      assert.match(line, /\u2068[^\u2069]*€[^\u2069]*\u2069/)
    assert.equal(composeRequest(voiceOf('en'), request, 'm', undefined).direction, 'ltr')
  })

  test('say all they show as plain text', () => {
    const card = composeRequest(voiceOf('en'), { ...request, order, imageUrl: 'https://shop/i.jpg' }, 'm', undefined)
    assert.equal(
      plain(card.plainText),
      'Noodle Bar: Bouquet\n2 × Tea: €40.00\nSubtotal: €40.00\nTip: €2.00\nTotal: €42.00\n' +
        'Your order comes to €42.00. Please check it and pay.\nPay by Nov 22, 6:00 PM UTC\nPay €42.00: https://pay.example/pay/x',
    )
    assert.deepEqual(card.image, { url: 'https://shop/i.jpg', alt: 'Picture of Bouquet' })
    const shared = plain(composeBill(voiceOf('en'), bill, 'm').plainText)
    assert.match(shared, /Ana: €33\.34, paid\nGuest: €33\.33, open https:\/\/pay\.example\/pay\/b\nPay: Guest: https/)
  })

  test('keep the digits of the currency', () => {
    const cases = [
      ['jpy', 12_000n, '¥12,000'],
      ['kwd', 1234n, 'KWD 1.234'],
      ['brl', 1234n, 'R$12.34'],
    ] as const
    for (const [code, amount, text] of cases) {
      const card = composeRequest(voiceOf('en'), { ...request, amount, currency: currency(code) }, 'm', undefined)
      assert.deepEqual([plain(card.amountText), card.amount], [text, amount])
    }
  })

  test('that are over say so, and cannot be paid', () => {
    for (const [state, sentence] of [
      ['paid', '€42.00 has been paid. Thank you!'],
      ['ended', 'This request over €42.00 can no longer be paid.'],
    ] as const) {
      const native = { payload: 'p' } as never
      const card = composeRequest(voiceOf('en'), { ...request, state }, 'm', native)
      assert.deepEqual([card.sentence, card.buttons, card.expires, card.native], [sentence, [], undefined, undefined])
    }
    assert.equal(composeBill(voiceOf('en'), { ...bill, status: 'closed' }, 'm').buttons.length, 0)
  })

  test('never show a bill that does not add up', () => {
    const draft = {
      type: 'receipt',
      title: '',
      sentence: '',
      amount: 1n,
      currency: eur,
      reference: 'm',
      buttons: [],
    } as const
    const total = { kind: 'total', amount: 10n } as const
    for (const totals of [
      [],
      [{ kind: 'tip', amount: 1n } as const],
      [{ kind: 'tip', amount: 9n } as const, total],
      [total, total],
    ])
      assert.throws(() => finishCard(voiceOf('en'), { ...draft, totals }), RangeError)
  })

  test('show what is left after any refunds', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 99_999_999n), fc.bigInt(0n, 99_999_999n), fc.boolean(), (amount, given, isFailed) => {
        const refunded = given % (amount + 1n)
        const refund = { status: isFailed ? ('failed' as const) : ('succeeded' as const), amount: 1n, refunded }
        const card = composeRefund(voiceOf('fr'), { ...receipt, amount }, refund, 'm')
        assert.equal(card.totals.at(-1)?.amount, amount - refunded)
        const want = isFailed ? 'refund_failed' : refunded === amount ? 'refunded' : 'partially_refunded'
        assert.equal(card.receipt?.status, want)
      }),
    )
  })

  test('carry the look and the words of the merchant, as far as these can be used', () => {
    const settings = {
      accent: '#12AB34',
      logo_url: 'https://shop.example/logo.png',
      wording: { pay: { en: 'Buy for {amount}', fr: 'Acheter' }, receipt: 'Cheers!', request: 'Over to you: {amount}' },
    }
    const card = composeRequest(voiceOf('en', settings), request, 'm', undefined)
    assert.deepEqual(card.merchant, { name: 'Noodle Bar', accent: '#12AB34', logoUrl: 'https://shop.example/logo.png' })
    assert.deepEqual([card.sentence, card.buttons[0]?.label], ['Over to you: €42.00', 'Buy for €42.00'])
    // Without its amount a receipt would be none.
    assert.equal(composeReceipt(voiceOf('en', settings), receipt, 'm').sentence, 'Paid €42.00. Thank you!')
    const wrong = {
      accent: 'red',
      logo_url: 'javascript:x',
      wording: { pay: 1 },
      time_zone: 'Mars/Base',
      quiet_hours: { from: '9' },
    }
    const theme = { name: 'Noodle Bar', timeZone: 'UTC', reminderBeforeMs: 3_600_000, wording: {} }
    assert.deepEqual(voiceOf('en', wrong).theme, theme)
    assert.deepEqual(readTheme('Noodle Bar', 'nonsense', 'en'), theme)
    const local = composeReminder(voiceOf('en', { time_zone: 'Asia/Tokyo' }), request, 'm', undefined)
    assert.match(plain(local.sentence), /Nov 23, 3:00 AM GMT\+9/)
  })
})

describe('offers to pay inside a chat', () => {
  const cart: Cart = {
    lines: [{ name: 'Tea', quantity: 1, unitAmount: 4200n, isDigital: false }],
    buyer: {},
    shippingOptions: [{ id: 'post', title: 'Post', amount: 0n }],
    requires: { name: false, email: true, phone: false },
    tip: { max: 500n, suggested: [100n], amount: 0n },
    taxBehavior: 'inclusive',
  }
  const quote = {
    base: 4200n,
    total: 4200n,
    tip: 0n,
    discount: 0n,
    shipping: 0n,
    tax: 0n,
    taxBehavior: 'inclusive',
    lines: [{ amount: 4200n }],
  } as unknown as Quote
  const able = { nativePay: 'all' as const, expiry: undefined, shipping: true, tips: true }
  const now = new Date('2026-11-22T17:00:00Z')
  const offer = (facts: object, capabilities: object = {}) =>
    offerOf({ ...request, payload: 'pi_1', ...facts }, { ...able, ...capabilities }, { total: 'Total' }, now)

  test('are made where the platform can, for all that it must ask', () => {
    assert.deepEqual(offer({ checkout: { cart, quote } }), {
      payload: 'pi_1',
      description: 'Bouquet',
      prices: [{ label: 'Total', amount: 4200n }],
      isOpenToAll: false,
      needs: { name: false, phone: false, email: true, shipping: true },
      isFlexible: true,
      isDigital: false,
      tip: { max: 500n, suggested: [100n] },
    })
    const address = { line1: 'x', city: 'y', postalCode: '', country: 'FR' }
    const known = { ...cart, buyer: { email: 'a@b.c' }, address, shippingOption: 'post' }
    const needs = { name: false, phone: false, email: false, shipping: false }
    const asked = offer({ checkout: { cart: known, quote } }, { shipping: false, tips: false })
    assert.deepEqual(asked?.needs, needs)
    assert.deepEqual(asked?.address, address)
  })

  test('are left out where anything stands against them', () => {
    const cases: [facts: object, capabilities: object][] = [
      [{ state: 'paid' }, {}],
      [{}, { nativePay: [] }],
      [{}, { nativePay: [currency('inr')] }],
      [{}, { expiry: { minSeconds: 3600 } }],
      [{ checkout: { cart, quote } }, { shipping: false }],
    ]
    for (const [facts, capabilities] of cases) assert.equal(offer(facts, capabilities), undefined)
    assert.ok(offer({ expiresAt: null }, { expiry: { minSeconds: 3600 }, nativePay: [eur] }))
  })

  test('and orders add up in cards', () => {
    const taxed = {
      ...quote,
      discount: 200n,
      shipping: 300n,
      tax: 50n,
      tip: 7n,
      total: 4357n,
      taxBehavior: 'exclusive' as const,
    }
    const { totals } = orderOf(cart, taxed)
    assert.deepEqual(
      totals.map(({ kind, amount }) => [kind, amount]),
      [
        ['subtotal', 4200n],
        ['discount', -200n],
        ['shipping', 300n],
        ['tax', 50n],
        ['tip', 7n],
        ['total', 4357n],
      ],
    )
    assert.ok(composeRequest(voiceOf('en'), { ...request, amount: 4357n, order: orderOf(cart, taxed) }, 'm', undefined))
  })
})

describe('time', () => {
  test('of quiet', () => {
    const night = { from: 22 * 60, to: 8 * 60, timeZone: 'Europe/Paris' }
    const cases: [now: string, until: string | undefined][] = [
      ['2026-11-22T20:59:59Z', undefined],
      ['2026-11-22T21:00:00Z', '2026-11-23T07:00:00.000Z'],
      ['2026-11-23T06:59:30Z', '2026-11-23T07:00:00.000Z'],
      ['2026-11-23T07:00:00Z', undefined],
    ]
    for (const [now, until] of cases) assert.equal(quietUntil(night, new Date(now))?.toISOString(), until)
    assert.equal(quietUntil({ ...night, to: night.from }, new Date('2026-11-22T21:00:00Z')), undefined)
  })

  test('to remind', () => {
    const askedAt = new Date('2026-11-22T10:00:00Z')
    const hour = 3_600_000
    const cases: [lifeHours: number, beforeHours: number, at: string | null][] = [
      [6, 1, '2026-11-22T15:00:00.000Z'],
      [3, 1, null],
      [6, 0, null],
      [6, 7, null],
    ]
    for (const [life, before, at] of cases) {
      const expiresAt = new Date(askedAt.getTime() + life * hour)
      assert.equal(remindAt({ expiresAt, askedAt }, before * hour)?.toISOString() ?? null, at)
    }
    assert.equal(remindAt({ expiresAt: null, askedAt }, hour), null)
  })
})
