import type { Card } from '#channels/card.ts'
import { type PostbackButton, placeButtons, shownCard } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { actionOf, bubbleOf } from './bubble.ts'
import { buttonLimits, limits } from './limits.ts'

/** https://developers.line.biz/en/reference/messaging-api/#send-push-message: push, because a reply token dies within a minute. */
export const renderLine = ({ content, edits, rung, threadExternalId }: RenderRequest): Rendered => {
  if (edits !== undefined) throw new CardRefusedError('LINE: a message that was sent cannot be changed')
  if (rung !== 'window') throw new CardRefusedError(`LINE: there is no way by ${rung}`)
  const fit = createFitter()
  const { text } = content
  const card = shownCard(content)
  const message = card ? flexOf(card, fit) : { type: 'text', text: fit.text('text', text, limits.text) }
  return {
    method: 'POST /v2/bot/message/push',
    payload: { to: threadExternalId, messages: [message] },
    text: card?.plainText ?? text,
    warnings: fit.warnings,
  }
}

const flexOf = (card: Card, fit: Fitter): Record<string, unknown> => {
  const { buttons, quickReplies } = placeButtons(card, buttonLimits, fit)
  return {
    type: 'flex',
    // What a screen reader and the notification say: never empty, always with the amount.
    altText: fit.text('altText', altTextOf(card), limits.altText),
    contents: bubbleOf(card, buttons, fit),
    ...quickReplyOf(quickReplies),
  }
}

const altTextOf = ({ title, sentence, amountText, lines, expires }: Card): string => {
  const amount = sentence.includes(amountText) ? '' : amountText
  const goods = lines.map(({ name }) => name).join(', ')
  // Amount and status first: the end is what may be cut.
  return [title, amount, sentence, expires?.text ?? '', goods].filter(Boolean).join(' · ')
}

const quickReplyOf = (replies: readonly PostbackButton[]): object =>
  replies.length === 0
    ? {}
    : { quickReply: { items: replies.map((reply) => ({ type: 'action', action: actionOf(reply) })) } }
