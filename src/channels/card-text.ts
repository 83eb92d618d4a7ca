import type { Card, CardButton } from './card.ts'
import { CardRefusedError, type RenderRequest } from './channel.ts'
import { type Fitter, lengthOf } from './fit.ts'

/**
 * The card as it is shown: the bot's own words, where it has some, stand in place of the card's sentence; that follows
 * them where they do not name the amount. Approved templates are filled from the card itself.
 */
export const shownCard = ({ card, text }: RenderRequest['content']): Card | undefined => {
  if (!card) return undefined
  const words = ownWords({ card, text })
  if (words === undefined) return card
  const sentence = words.includes(card.amountText) ? words : [words, card.sentence].filter(Boolean).join('\n')
  const isSaid = card.sentence !== '' && card.plainText.includes(card.sentence)
  const plainText = isSaid ? card.plainText.replace(card.sentence, () => sentence) : `${words}\n${card.plainText}`
  return { ...card, sentence, plainText }
}

/** What the bot says beside the card, unless that is the card's own sentence. */
export const ownWords = ({ card, text }: { card: Card; text: string }): string | undefined => {
  const words = text.trim()
  return words === '' || words === card.sentence ? undefined : words
}

/** What a card says beside its title and buttons, line by line, in the card's own words. */
export const bodyOf = (card: Card): string => [card.sentence, ...detailsOf(card)].filter(Boolean).join('\n')

const detailsOf = (card: Card): string[] => [
  ...card.lines.map(
    ({ quantity, name, amountText }) => `${quantity > 1 ? `${quantity} × ` : ''}${name}: ${amountText}`,
  ),
  // A bill of one line says its total already.
  ...(card.totals.length > 1 ? card.totals.map(({ label, amountText }) => `${label}: ${amountText}`) : []),
  ...(card.progress?.shares ?? []).map(({ name, amountText, stateText }) => `${name}: ${amountText}, ${stateText}`),
  ...(card.expires ? [card.expires.text] : []),
]

export interface ButtonLimits {
  readonly max: number
  readonly title: number
  readonly url: number
  readonly payload: number
  readonly quickReplies: { readonly max: number; readonly title: number; readonly payload: number }
}

export type UrlButton = CardButton & { kind: 'url' }
export type PostbackButton = CardButton & { kind: 'postback' }

/**
 * Splits buttons over what a platform has: as many as it shows, links first, because they are the way to pay; postbacks
 * that find no room become quick replies. Labels are shortened, an address or a payload cannot be.
 */
export const placeButtons = (
  card: Card,
  limits: ButtonLimits,
  fit: Fitter,
): { buttons: readonly CardButton[]; quickReplies: readonly PostbackButton[] } => {
  const urls = card.buttons.filter((button) => button.kind === 'url')
  const postbacks = card.buttons.filter((button) => button.kind === 'postback')
  for (const { url } of urls) refuseAbove('url', url, limits.url)
  for (const { payload } of postbacks) refuseAbove('payload', payload, limits.payload)
  const shown = [...fit.list('links', urls, limits.max), ...postbacks].slice(0, limits.max)
  const rest = postbacks.filter((button) => !shown.includes(button))
  const hasQuickReplies = limits.quickReplies.max > 0
  if (rest.length > 0) {
    fit.warn(`buttons: ${limits.max}, ${rest.length} ${hasQuickReplies ? 'became quick replies' : 'left out'}`)
  }
  const quickReplies = hasQuickReplies ? fit.list('quick replies', rest, limits.quickReplies.max) : []
  for (const { payload } of quickReplies) refuseAbove('quick reply payload', payload, limits.quickReplies.payload)
  return {
    buttons: shown.map((button) => ({ ...button, label: fit.text('button', button.label, limits.title) })),
    quickReplies: quickReplies.map((button) => ({
      ...button,
      label: fit.text('quick reply', button.label, limits.quickReplies.title),
    })),
  }
}

const refuseAbove = (name: string, text: string, max: number): void => {
  if (lengthOf(text) > max) throw new CardRefusedError(`${name}: ${lengthOf(text)} characters, at most ${max}`)
}
