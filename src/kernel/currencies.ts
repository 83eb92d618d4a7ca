/**
 * ISO 4217 currencies by number of minor-unit digits. The common case (2) is the long list; the exceptions are what
 * other systems get wrong. Historic and non-money codes (XAU, XTS …) are left out on purpose;
 * XTR is no ISO code but Telegram's Stars.
 */
const byExponent = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF XTR',
  2:
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP ' +
    'CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
    'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN ' +
    'NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP ' +
    'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
} as const

const exponents: ReadonlyMap<string, number> = new Map(
  Object.entries(byExponent).flatMap(([exponent, codes]) =>
    codes.split(' ').map((code) => [code.toLowerCase(), Number.parseInt(exponent, 10)] as const),
  ),
)

/** A lower-case ISO 4217 code that this service knows, as on Stripe's wire. */
export type Currency = string & { readonly __currency: unique symbol }

export const isCurrency = (value: string): value is Currency => exponents.has(value)

/** Every known code, lower case, for schemas and docs. */
export const currencies: readonly string[] = [...exponents.keys()].sort()

/** Digits after the decimal mark of one major unit: 0 for JPY, 2 for EUR, 3 for KWD. */
export const currencyExponent = (currency: Currency): number => {
  const exponent = exponents.get(currency)
  if (exponent === undefined) throw new RangeError(`unknown currency ${currency}`)
  return exponent
}
