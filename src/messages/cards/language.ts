import type { WordingLanguage } from '#accounts/wording.ts'
import { ar } from './phrases-ar.ts'
import { en, type Phrases } from './phrases-en.ts'
import { es } from './phrases-es.ts'
import { fr } from './phrases-fr.ts'
import { ptBr } from './phrases-pt-br.ts'
import { zhHans } from './phrases-zh-hans.ts'

export const languages = { en, fr, 'zh-Hans': zhHans, es, 'pt-BR': ptBr, ar } as const satisfies Record<
  WordingLanguage,
  Phrases
>

export type Language = keyof typeof languages

/** What is spoken with somebody: our words in their language, amounts and dates after their whole locale. */
export interface Speech {
  language: Language
  /** BCP 47: fr-CA, es-MX. */
  locale: string
  direction: 'ltr' | 'rtl'
  phrases: Phrases
}

/** The language of a thread if we speak it, else English. */
export const chooseSpeech = (threadLocale: string | null): Speech => {
  const { language, locale } = chooseLocale(threadLocale)
  return { language, locale, direction: language === 'ar' ? 'rtl' : 'ltr', phrases: languages[language] }
}

const chooseLocale = (text: string | null): { language: Language; locale: string } => {
  const fallback = { language: 'en', locale: 'en' } as const
  if (text === null) return fallback
  try {
    const locale = new Intl.Locale(text.replaceAll('_', '-'))
    const language = languageOf(locale.maximize())
    return language === undefined ? fallback : { language, locale: locale.toString() }
  } catch {
    return fallback // chat platforms send tags that are none
  }
}

const languageOf = ({ language, script }: Intl.Locale): Language | undefined => {
  if (language === 'zh') return script === 'Hans' ? 'zh-Hans' : undefined
  if (language === 'pt') return 'pt-BR'
  return language !== undefined && isLanguage(language) ? language : undefined
}

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text)
