import { showCard } from '#channels/card-json.ts'
import type { Rendered, RenderRequest } from '#channels/channel.ts'

/** The whole card as JSON, with integer minor units beside each finished text: the widget lays it out, and adds no word. */
export const renderWebchat = ({ content, messageId, threadExternalId, locale, edits }: RenderRequest): Rendered => ({
  method: 'GET /v1/threads/{id}/messages',
  payload: {
    id: messageId,
    thread: threadExternalId,
    locale,
    text: content.text,
    card: content.card ? showCard(content.card) : null,
    ...(edits === undefined ? {} : { replaces: edits }),
  },
  text: content.card?.plainText ?? content.text,
  warnings: [],
})
