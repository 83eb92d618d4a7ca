import { type Locale, locales } from '#pages/texts/texts.ts'

export interface Language {
  /** Which of our texts. */
  locale: Locale
  /** The whole tag for Intl and for `lang`: amounts and dates follow the region (fr-CA, es-MX) too. */
  tag: string
  dir: 'ltr' | 'rtl'
}

/** What was asked for, else the thread's language if we speak it, the browser's first that we speak, or English. */
export const chooseLanguage = (
  threadLocale: string | null | undefined,
  acceptLanguage: string | undefined,
  asked?: Locale,
): Language => {
  const wished = [threadLocale ?? '', ...readAccepted(acceptLanguage)]
  // Whoever switches to French and comes from Canada still reads amounts as in Canada.
  const regional = wished.map(languageOf).find((found) => found !== undefined && found.locale === asked)
  for (const text of [...(asked === undefined ? [] : [regional?.tag ?? asked]), ...wished]) {
    const found = languageOf(text)
    if (found) return found
  }
  return { locale: 'en', tag: 'en', dir: 'ltr' }
}

export const readLocale = (text: string | null | undefined): Locale | undefined =>
  locales.find((locale) => locale === text)

/** Each language in its own words. */
export const languageNames: Readonly<Record<Locale, string>> = {
  en: 'English',
  fr: 'Français',
  'zh-Hans': '简体中文',
  es: 'Español',
  'pt-BR': 'Português',
  ar: 'العربية',
}

const languageOf = (text: string): Language | undefined => {
  try {
    const tag = new Intl.Locale(text.replaceAll('_', '-'))
    const locale = localeOf(tag.maximize())
    return locale && { locale, tag: tag.baseName, dir: locale === 'ar' ? 'rtl' : 'ltr' }
  } catch {
    return undefined // chat platforms and browsers send tags that are none
  }
}

const localeOf = ({ language, script }: Intl.Locale): Locale | undefined => {
  if (language === 'zh') return script === 'Hans' ? 'zh-Hans' : undefined
  if (language === 'pt') return 'pt-BR'
  return locales.find((known) => known === language)
}

const readAccepted = (header = ''): string[] =>
  header
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', quality = ''] = part.trim().split(/;\s*q=/)
      return { tag, quality: quality === '' ? 1 : Number(quality) || 0 }
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
