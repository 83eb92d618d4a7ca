/** Words that a merchant may say its own way. */
export const wordable = ['request', 'checkout', 'receipt', 'reminder', 'refunded', 'pay', 'viewReceipt'] as const
export type Wordable = (typeof wordable)[number]

/** The languages that messages are written in. */
export const wordingLanguages = ['en', 'fr', 'zh-Hans', 'es', 'pt-BR', 'ar'] as const
export type WordingLanguage = (typeof wordingLanguages)[number]

/** What may stand in braces, and without what a sentence would not say how much it is about. */
const values: Readonly<Record<Wordable, { known: readonly string[]; needsAmount: boolean }>> = {
  request: { known: ['amount'], needsAmount: true },
  checkout: { known: ['amount'], needsAmount: true },
  receipt: { known: ['amount'], needsAmount: true },
  reminder: { known: ['amount', 'date'], needsAmount: true },
  refunded: { known: ['amount'], needsAmount: true },
  pay: { known: ['amount'], needsAmount: false },
  viewReceipt: { known: [], needsAmount: false },
}

export const lacksAmount = (key: Wordable, words: string): boolean =>
  values[key].needsAmount && !words.includes('{amount}')

/** What would be shown with its braces, because nothing is put in for it. */
export const unknownValues = (key: Wordable, words: string): string[] =>
  Array.from(words.matchAll(/\{(\w+)\}/g), ([, name = '']) => name).filter((name) => !values[key].known.includes(name))
