import type { Currency } from '#kernel/currencies.ts'
import { amountText } from './amount-text.ts'
import { chooseSpeech, type Speech } from './language.ts'
import type { Phrases } from './phrases-en.ts'

/** What a message says about one amount, in the thread's language if we speak it. */
export const say = (
  sentence: keyof Phrases,
  amount: bigint,
  currency: Currency,
  threadLocale: string | null,
): string => {
  const speech = chooseSpeech(threadLocale)
  return phrase(speech, sentence, { amount: amountText(amount, currency, speech.locale) })
}

/**
 * A phrase with its values put in. In a text that runs from right to left each value stands between isolates (Unicode
 * UAX #9: U+2068, U+2069), or an amount would take the words around it along, and the sign would end up on the wrong
 * side of the digits.
 */
export const phrase = (
  { phrases, direction }: Pick<Speech, 'phrases' | 'direction'>,
  key: keyof Phrases,
  values: Readonly<Record<string, string>> = {},
): string =>
  phrases[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return direction === 'rtl' ? isolated(value) : value
  })

export const isolated = (text: string): string => `\u2068${text}\u2069`
