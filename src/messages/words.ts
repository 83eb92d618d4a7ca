import type { Currency } from '#kernel/currencies.ts'
import { amountText } from './amount-text.ts'

type Sentence = 'request' | 'receipt' | 'refunded' | 'refundFailed'

const languages = {
  en: {
    request: 'Please pay {amount}.',
    receipt: 'Paid {amount}. Thank you!',
    refunded: '{amount} refunded.',
    refundFailed: 'The refund of {amount} did not go through. Please contact the shop.',
  },
  fr: {
    request: 'Merci de régler {amount}.',
    receipt: '{amount} payés. Merci !',
    refunded: '{amount} remboursés.',
    refundFailed: "Le remboursement de {amount} n'a pas abouti. Veuillez contacter la boutique.",
  },
  'zh-Hans': {
    request: '请支付 {amount}。',
    receipt: '已支付 {amount}，谢谢！',
    refunded: '已退款 {amount}。',
    refundFailed: '{amount} 的退款未成功，请联系商家。',
  },
  es: {
    request: 'Paga {amount}, por favor.',
    receipt: '{amount} pagados. ¡Gracias!',
    refunded: '{amount} reembolsados.',
    refundFailed: 'El reembolso de {amount} no se ha podido completar. Contacta con la tienda.',
  },
  'pt-BR': {
    request: 'Pague {amount}, por favor.',
    receipt: '{amount} pagos. Obrigado!',
    refunded: '{amount} reembolsados.',
    refundFailed: 'O reembolso de {amount} não foi concluído. Fale com a loja.',
  },
  ar: {
    request: 'يرجى دفع {amount}.',
    receipt: 'تم دفع {amount}. شكرًا!',
    refunded: 'تم رد {amount}.',
    refundFailed: 'لم يكتمل رد {amount}. يرجى التواصل مع المتجر.',
  },
} as const satisfies Record<string, Record<Sentence, string>>

type Language = keyof typeof languages

/** What a message says, in the thread's language if we speak it; amounts follow the whole locale (fr-CA, es-MX). */
export const say = (sentence: Sentence, amount: bigint, currency: Currency, threadLocale: string | null): string => {
  const { language, locale } = chooseLocale(threadLocale)
  return languages[language][sentence].replace('{amount}', () => amountText(amount, currency, locale))
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

const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text)
