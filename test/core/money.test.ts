import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Currency, currencies, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { addMoney, allocate, money, toDecimalString, toJsonAmount } from '#kernel/money.ts'

const currency = (code: string): Currency => {
  assert.ok(isCurrency(code), code)
  return code
}
const anyCurrency = fc.constantFrom(...currencies).map(currency)
const anyAmount = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n })

describe('an amount as a decimal string', () => {
  const table: [bigint, string, string][] = [
    [4200n, 'eur', '42.00'],
    [5n, 'eur', '0.05'],
    [0n, 'eur', '0.00'],
    [-5n, 'usd', '-0.05'],
    [-12_345n, 'usd', '-123.45'],
    [12_000n, 'jpy', '12000'],
    [-7n, 'jpy', '-7'],
    [1n, 'kwd', '0.001'],
    [1_234_567n, 'bhd', '1234.567'],
    [99_999_999n, 'cny', '999999.99'],
  ]
  for (const [amount, code, text] of table)
    test(`${amount} ${code} is ${text}`, () => assert.equal(toDecimalString(amount, currency(code)), text))

  test('reads back to the same amount, with exactly the digits of its currency', () => {
    fc.assert(
      fc.property(anyAmount, anyCurrency, (amount, code) => {
        const text = toDecimalString(amount, code)
        assert.match(text, /^-?\d+(\.\d+)?$/)
        assert.equal((text.split('.')[1] ?? '').length, currencyExponent(code))
        assert.equal(BigInt(text.replace('.', '')), amount)
      }),
    )
  })
})

describe('an amount as JSON', () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  test('is exact up to 2^53 − 1 and refused beyond', () => {
    for (const amount of [0n, 1n, -1n, most, -most]) assert.equal(BigInt(toJsonAmount(amount)), amount)
    for (const amount of [most + 1n, -most - 1n, 10n ** 30n]) assert.throws(() => toJsonAmount(amount), RangeError)
  })
})

describe('adding', () => {
  test('of two currencies is refused', () => {
    assert.deepEqual(addMoney(money(1n, currency('eur')), money(2n, currency('eur'))), money(3n, currency('eur')))
    assert.throws(() => addMoney(money(1n, currency('eur')), money(1n, currency('usd'))), RangeError)
  })
})

describe('splitting an amount over weights', () => {
  const table: [bigint, bigint[], bigint[]][] = [
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [100n, [50n, 30n, 20n], [50n, 30n, 20n]],
    [1n, [1n, 1n], [1n, 0n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [0n, [3n, 4n], [0n, 0n]],
    [7n, [0n, 5n, 0n], [0n, 7n, 0n]],
    [10n, [1n, 2n, 4n], [1n, 3n, 6n]],
  ]
  for (const [amount, weights, parts] of table)
    test(`${amount} over ${weights} is ${parts}`, () => assert.deepEqual(allocate(amount, weights), parts))

  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 12 })
    .filter((all) => all.some((weight) => weight > 0n))

  test('adds up exactly, gives nothing to a zero weight, and is off by less than one unit', () => {
    fc.assert(
      fc.property(anyAmount, weights, (amount, all) => {
        const parts = allocate(amount, all)
        const total = all.reduce((sum, weight) => sum + weight, 0n)
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0n),
          amount,
        )
        for (const [index, weight] of all.entries()) {
          const off = (parts[index] ?? 0n) * total - amount * weight
          assert.ok(off < total && off > -total)
          if (weight === 0n) assert.equal(parts[index], 0n)
        }
      }),
    )
  })

  test('refuses weights that say nothing', () => {
    for (const bad of [[], [0n, 0n], [-1n, 2n], [-2n, 1n]]) assert.throws(() => allocate(10n, bad), RangeError)
  })
})

describe('currencies', () => {
  /** ISO 4217 list one: what is not two digits. The oracle stands outside our own table. */
  const iso: Record<string, number> = Object.fromEntries([
    ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
    ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
  ])

  test('have the digits of ISO 4217', () => {
    for (const code of currencies.filter((one) => one !== 'xtr'))
      assert.equal(currencyExponent(currency(code)), iso[code.toUpperCase()] ?? 2, code)
    assert.equal(currencyExponent(currency('xtr')), 0, 'Telegram Stars, whose code is not ISO 4217')
    for (const code of Object.keys(iso)) assert.ok(isCurrency(code.toLowerCase()), code)
  })

  test('agree with the platform, where it follows ISO and not custom', () => {
    // CLDR shows these without minor units because shops do; money that is transferred has them all the same.
    const custom = new Set(
      'afn all cop huf idr irr kpw lak lbp mga mmk mru pkr rsd sll sos syp twd tzs uzs yer crc iqd uyu amd gyd ltl mur xtr'.split(
        ' ',
      ),
    )
    const off = currencies.filter((code) => {
      const { maximumFractionDigits } = new Intl.NumberFormat('en', {
        style: 'currency',
        currency: code,
      }).resolvedOptions()
      return maximumFractionDigits !== currencyExponent(currency(code)) && !custom.has(code)
    })
    assert.deepEqual(off, [])
  })

  test('are known in lower case only, and nothing else is one', () => {
    for (const code of ['EUR', 'Eur', 'eu', 'euro', '', 'xau', 'xts', 'bgl', 'constructor', '__proto__', 'toString'])
      assert.equal(isCurrency(code), false, code)
    assert.equal(new Set(currencies).size, currencies.length)
  })
})
