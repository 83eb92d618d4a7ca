import type { Wordable } from '#accounts/wording.ts'
import type { Card, CardButton, CardLine, CardTotal } from '#channels/card.ts'
import type { Currency } from '#kernel/currencies.ts'
import { amountText } from './amount-text.ts'
import { dateText } from './date-text.ts'
import type { Speech } from './language.ts'
import type { Phrases } from './phrases-en.ts'
import type { Theme } from './theme.ts'
import { isolated, phrase } from './words.ts'

/** Who speaks to whom: the thread's language, the merchant's look and words. */
export interface Voice extends Speech {
  theme: Theme
}

export interface LineFacts {
  name: string
  description?: string
  quantity: number
  unitAmount: bigint
  amount: bigint
  imageUrl?: string
  reference?: string
}

export interface TotalFacts {
  kind: CardTotal['kind']
  /** The merchant's own name of it ("VAT 20 %"); else ours. */
  label?: string
  amount: bigint
}

/** What every card has and no card has to think of. */
export interface CardDraft
  extends Pick<Card, 'type' | 'title' | 'sentence' | 'amount' | 'currency' | 'reference' | 'buttons'>,
    Partial<Pick<Card, 'image' | 'expires' | 'receipt' | 'progress' | 'native'>> {
  lines?: readonly LineFacts[]
  totals: readonly TotalFacts[]
  /** Said below the sentence, above the buttons. */
  notes?: readonly string[]
}

/** Lays a draft out as a card. Throws a RangeError when its totals do not add up: a wrong bill is never shown. */
export const finishCard = (voice: Voice, { totals, lines = [], notes = [], ...draft }: CardDraft): Card => {
  checkTotals(totals)
  const { theme } = voice
  const shownLines = lines.map((line) => ({ ...line, amountText: amountIn(voice, line.amount, draft.currency) }))
  const shownTotals = totals.map((total) => showTotal(voice, total, draft.currency))
  const card = {
    ...draft,
    locale: voice.locale,
    direction: voice.direction,
    merchant: {
      name: theme.name,
      ...(theme.accent === undefined ? {} : { accent: theme.accent }),
      ...(theme.logoUrl === undefined ? {} : { logoUrl: theme.logoUrl }),
    },
    lines: shownLines,
    totals: shownTotals,
    amountText: amountIn(voice, draft.amount, draft.currency),
  }
  return { ...card, plainText: plainText(card, notes) }
}

/** In the merchant's own words where it has some. */
export const sayOn = (voice: Voice, key: keyof Phrases, values: Readonly<Record<string, string>> = {}): string => {
  const own = voice.theme.wording[key as Wordable]
  return phrase(own === undefined ? voice : { ...voice, phrases: { ...voice.phrases, [key]: own } }, key, values)
}

export const amountIn = (voice: Pick<Speech, 'locale'>, amount: bigint, currency: Currency): string =>
  amountText(amount, currency, voice.locale)

export const dateIn = (voice: Voice, at: Date): string => dateText(at, voice.locale, voice.theme.timeZone)

const checkTotals = (totals: readonly TotalFacts[]): void => {
  const total = totals.at(-1)
  const parts = totals.slice(0, -1)
  if (total?.kind !== 'total' || parts.some(({ kind }) => kind === 'total'))
    throw new RangeError('a card ends with its one total')
  const sum = parts.reduce((all, { amount }) => all + amount, 0n)
  if (parts.length > 0 && sum !== total.amount) throw new RangeError(`totals of ${total.amount} add up to ${sum}`)
}

const totalLabels = {
  subtotal: 'subtotal',
  discount: 'discount',
  shipping: 'shipping',
  tax: 'tax',
  tip: 'tip',
  refunded: 'refundLabel',
  total: 'total',
} as const satisfies Record<CardTotal['kind'], keyof Phrases>

const showTotal = (voice: Voice, { kind, label, amount }: TotalFacts, currency: Currency): CardTotal => ({
  kind,
  label: label ?? voice.phrases[totalLabels[kind]],
  amount,
  amountText: amountIn(voice, amount, currency),
})

/** Line by line what the card shows, for people and clients that see none. */
const plainText = (card: Omit<Card, 'plainText'>, notes: readonly string[]): string => {
  const value = (text: string): string => (card.direction === 'rtl' ? isolated(text) : text)
  return [
    card.title === '' ? card.merchant.name : `${card.merchant.name}: ${card.title}`,
    ...card.lines.map((line: CardLine) => `${line.quantity} × ${line.name}: ${value(line.amountText)}`),
    ...card.totals.map(({ label, amountText: text }) => `${label}: ${value(text)}`),
    card.sentence,
    ...notes,
    ...(card.expires ? [card.expires.text] : []),
    ...card.buttons.map(buttonText),
  ].join('\n')
}

const buttonText = (button: CardButton): string =>
  button.kind === 'url' ? `${button.label}: ${button.url}` : button.label
