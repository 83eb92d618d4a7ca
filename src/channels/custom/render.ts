import type { Card } from '#channels/card.ts'
import { showCard } from '#channels/card-json.ts'
import { shownCard } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { limits } from './limits.ts'
import { customSettings } from './settings.ts'

/** Our own JSON: the whole card, amounts in integer minor units; the merchant's chat system lays it out. */
export const renderCustom = (request: RenderRequest): Rendered => {
  const { content, messageId, threadExternalId, locale, edits, rung } = request
  if (rung !== 'window') throw new CardRefusedError(`custom: there is no way by ${rung}`)
  const settings = customSettings.parse(request.connection.settings)
  if (edits !== undefined && !settings.edits) throw new CardRefusedError('custom: edits are off in the settings')
  const fit = createFitter()
  const card = shownCard(content)
  const text = fit.text('text', card?.plainText ?? content.text, limits.text)
  return {
    method: 'POST',
    payload: {
      type: 'message',
      id: messageId,
      thread: { external_id: threadExternalId },
      locale,
      text,
      ...(edits === undefined ? {} : { replaces: edits }),
      ...(card ? { card: showCard(withinLimits(card, fit)) } : {}),
    },
    text,
    warnings: fit.warnings,
  }
}

/** The system's own limits are not ours to know: these are what it may count on. */
const withinLimits = (card: Card, fit: Fitter): Card => ({
  ...card,
  buttons: fit.list('buttons', card.buttons, limits.buttons).map((button) => {
    if (button.kind === 'url' && button.url.length > limits.url) {
      throw new CardRefusedError(`url: ${button.url.length} characters, at most ${limits.url}`)
    }
    return { ...button, label: fit.text('button', button.label, limits.buttonTitle) }
  }),
})
