import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Currency, currencies, isCurrency } from '#kernel/currencies.ts'
import { amountText } from '#messages/cards/amount-text.ts'
import { say } from '#messages/cards/words.ts'

const currency = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}
/** Intl writes spaces of several widths. */
const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ')

describe('words', () => {
  test('follow the language of the thread, or are English', () => {
    const cases: [locale: string | null, text: string][] = [
      [null, 'Paid €42.00. Thank you!'],
      ['en', 'Paid €42.00. Thank you!'],
      ['en-GB', 'Paid €42.00. Thank you!'],
      ['fr', '42,00 € payés. Merci !'],
      ['fr_CA', '42,00 € payés. Merci !'],
      ['es', '42,00 € pagados. ¡Gracias!'],
      ['pt-BR', '€ 42,00 pagos. Obrigado!'],
      ['pt', '€ 42,00 pagos. Obrigado!'],
      ['zh-Hans', '已支付 €42.00，谢谢！'],
      ['zh-CN', '已支付 €42.00，谢谢！'],
      ['zh', '已支付 €42.00，谢谢！'],
      ['zh-TW', 'Paid €42.00. Thank you!'],
      ['de', 'Paid €42.00. Thank you!'],
      ['x', 'Paid €42.00. Thank you!'],
      ['not a tag', 'Paid €42.00. Thank you!'],
    ]
    for (const [locale, text] of cases)
      assert.equal(plain(say('receipt', 4200n, currency('eur'), locale)), text, String(locale))
    assert.match(say('receipt', 4200n, currency('eur'), 'ar'), /تم دفع/)
  })

  test('show the digits that were paid, also where Intl would drop them', () => {
    const cases: [code: string, amount: bigint, text: string][] = [
      ['jpy', 12000n, '¥12,000'],
      ['kwd', 1234n, 'KWD 1.234'],
      ['iqd', 1234n, 'IQD 1.234'],
      ['uzs', 150n, 'UZS 1.50'],
      ['usd', 9_007_199_254_740_993n, '$90,071,992,547,409.93'],
      ['usd', 1n, '$0.01'],
    ]
    for (const [code, amount, text] of cases) assert.equal(plain(amountText(amount, currency(code), 'en')), text)
    for (const code of currencies) assert.match(amountText(1n, currency(code), 'en'), /1$/)
  })

  test('an amount is put in as it is', () => {
    assert.equal(plain(say('refunded', 100n, currency('usd'), 'en')), '$1.00 refunded.')
    assert.equal(plain(say('request', 100n, currency('usd'), 'en')), 'Please pay $1.00.')
    assert.match(say('refundFailed', 100n, currency('usd'), 'es'), /no se ha podido/)
  })
})
