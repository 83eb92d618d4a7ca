import { invalidParam, invalidRequest } from '../http/api-error.ts'

const ZERO_DECIMAL = 'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' ')
const THREE_DECIMAL = 'bhd jod kwd omr tnd'.split(' ')
const TWO_DECIMAL = `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf
chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes
kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk
php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah uyu uzs wst xcd
yer zar zmw`.split(/\s+/)

const EXPONENTS = new Map<string, number>([
  ...TWO_DECIMAL.map((code): [string, number] => [code, 2]),
  ...ZERO_DECIMAL.map((code): [string, number] => [code, 0]),
  ...THREE_DECIMAL.map((code): [string, number] => [code, 3]),
])

/** The smallest charge, in minor units, where Stripe states one of its own. */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
}
const MAXIMUM = 99_999_999

export function exponentOf(currency: string): number {
  const exponent = EXPONENTS.get(currency)
  if (exponent === undefined) throw new Error(`unknown currency ${currency}`)
  return exponent
}

export function checkCurrency(currency: string, param = 'currency'): string {
  const lower = currency.toLowerCase()
  if (EXPONENTS.has(lower)) return lower
  throw invalidParam(
    `Invalid currency: ${lower}. Stripe currently supports these currencies: ${[...EXPONENTS.keys()].join(', ')}`,
    param,
  )
}

export function checkAmount(amount: number, currency: string, param = 'amount'): void {
  const minimum = MINIMUM[currency] ?? 1
  if (amount > MAXIMUM) {
    const message = `Amount must be no more than ${formatAmount(MAXIMUM, currency)}`
    throw invalidRequest(message, { code: 'amount_too_large', param })
  }
  if (amount < minimum) {
    const message = `Amount must be at least ${formatAmount(minimum, currency)}`
    throw invalidRequest(message, { code: 'amount_too_small', param })
  }
}

/** As in Stripe's messages: €10.00. */
export function formatAmount(amount: number, currency: string, locale = 'en'): string {
  const digits = exponentOf(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(`${amount}e-${digits}` as Intl.StringNumericLiteral)
}
