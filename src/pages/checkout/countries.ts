import type { Language } from '#pages/web/locale.ts'

/** ISO 3166-1 alpha-2: where post can be sent. */
const codes = (
  'AD AE AF AG AI AL AM AO AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CD CF CG CH ' +
  'CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FO FR GA GB GD GE GF GG GH GI GL GM GN ' +
  'GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK ' +
  'LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM ' +
  'PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RW SA SB SC SE SG SH SI SK SL SM SN SO SR SS ST SV SX SZ TC TD ' +
  'TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW'
).split(' ')

/** Addresses there have no postal code. */
const withoutPostalCode = new Set(
  (
    'AE AG AN AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ GY HK JM KI KM KN KP LY ML MO MR ' +
    'MW NR NU PA QA RW SB SC SL SR SS ST SX SY TD TG TK TL TO TT TV UG VU WS YE ZW'
  ).split(' '),
)

/** A letter does not arrive there without a state, province or prefecture. */
const withState = new Set('AU BR CA CN IN JP MX MY US'.split(' '))

export const needsPostalCode = (country: string): boolean => !withoutPostalCode.has(country)
export const needsState = (country: string): boolean => withState.has(country)
export const isCountry = (code: string): boolean => codes.includes(code)

export interface Country {
  code: string
  name: string
}

const known = new Map<string, readonly Country[]>()

/** By name in the payer's language. `only`: where the shop delivers. */
export const countriesFor = ({ locale }: Language, only?: ReadonlySet<string>): readonly Country[] => {
  const all = known.get(locale) ?? sortedCountries(locale)
  known.set(locale, all)
  return only ? all.filter(({ code }) => only.has(code)) : all
}

export const countryName = (code: string, tag: string): string =>
  new Intl.DisplayNames(tag, { type: 'region' }).of(code) ?? code

const sortedCountries = (locale: string): readonly Country[] => {
  const names = new Intl.DisplayNames(locale, { type: 'region' })
  const { compare } = new Intl.Collator(locale)
  return codes.map((code) => ({ code, name: names.of(code) ?? code })).sort((a, b) => compare(a.name, b.name))
}
