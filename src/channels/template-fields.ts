import { z } from 'zod'
import type { Card, CardType } from './card.ts'
import { CardRefusedError, type RenderRequest } from './channel.ts'

/** What a merchant may put into the blanks of a template that a platform approved. */
export const templateFields = [
  'title',
  'sentence',
  'amount',
  'merchant',
  'reference',
  'method',
  'expires',
  'link',
] as const
export type TemplateField = (typeof templateFields)[number]

export const cardTypes = [
  'payment_request',
  'checkout_summary',
  'receipt',
  'refund_notice',
  'bill_progress',
  'reminder',
] as const satisfies readonly CardType[]

/** One template per type of card: `{ receipt: { … } }`. */
export const templatesOf = <T extends z.ZodType>(template: T) =>
  z.partialRecord(z.enum(cardTypes), template).default({}).meta({ description: 'Approved templates by type of card.' })

/** The card and its template, or a refusal that says what is missing. */
export const pickTemplate = <T>(
  { content: { card } }: Pick<RenderRequest, 'content'>,
  templates: Readonly<Partial<Record<CardType, T>>>,
): { card: Card; template: T } => {
  if (!card) throw new CardRefusedError('outside the window only cards can be sent, by an approved template')
  const template = templates[card.type]
  if (!template) throw new CardRefusedError(`no approved template for ${card.type} in the connection's settings`)
  return { card, template }
}

/** The card's text for a blank; a platform refuses an empty one. */
export const fieldOf = (card: Card, field: TemplateField): string => {
  const text = readers[field](card)
  if (text === '') throw new CardRefusedError(`the template asks for ${field}, and ${card.type} has none`)
  return text
}

const readers: Readonly<Record<TemplateField, (card: Card) => string>> = {
  title: (card) => card.title,
  sentence: (card) => card.sentence,
  amount: (card) => card.amountText,
  merchant: (card) => card.merchant.name,
  reference: (card) => card.reference,
  method: (card) => card.receipt?.method ?? '',
  expires: (card) => card.expires?.text ?? '',
  link: (card) => linkOf(card) ?? '',
}

/** Where the card leads: its first link, or the receipt. */
export const linkOf = (card: Card): string | undefined =>
  card.buttons.find((button) => button.kind === 'url')?.url ?? card.receipt?.url
