import type { Card, CardButton } from './card.ts'
import { CardRefusedError } from './channel.ts'
import { type Fitter, lengthOf } from './fit.ts'

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
