import type { Card, CardButton, PostalAddress } from '#channels/card.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { limits } from './limits.ts'
import { customSettings } from './settings.ts'

/** Our own JSON: the whole card, amounts in integer minor units; the merchant's chat system lays it out. */
export const renderCustom = (request: RenderRequest): Rendered => {
  const { content, messageId, threadExternalId, locale, edits, rung } = request
  if (rung !== 'window') throw new CardRefusedError(`custom: there is no way by ${rung}`)
  const settings = customSettings.parse(request.connection.settings)
  if (edits !== undefined && !settings.edits) throw new CardRefusedError('custom: edits are off in the settings')
  const fit = createFitter()
  const text = fit.text('text', content.card?.plainText ?? content.text, limits.text)
  return {
    method: 'POST',
    payload: {
      type: 'message',
      id: messageId,
      thread: { external_id: threadExternalId },
      locale,
      text,
      ...(edits === undefined ? {} : { replaces: edits }),
      ...(content.card ? { card: cardOf(content.card, fit) } : {}),
    },
    text,
    warnings: fit.warnings,
  }
}

const cardOf = (card: Card, fit: Fitter): Record<string, unknown> => ({
  type: card.type,
  locale: card.locale,
  direction: card.direction,
  merchant: { name: card.merchant.name, accent: card.merchant.accent ?? null, logo_url: card.merchant.logoUrl ?? null },
  title: card.title,
  sentence: card.sentence,
  image: card.image ? { url: card.image.url, alt: card.image.alt } : null,
  lines: card.lines.map((line) => ({
    name: line.name,
    description: line.description ?? null,
    quantity: line.quantity,
    unit_amount: toJsonAmount(line.unitAmount),
    amount: toJsonAmount(line.amount),
    amount_text: line.amountText,
    image_url: line.imageUrl ?? null,
    reference: line.reference ?? null,
  })),
  totals: card.totals.map(({ kind, label, amount, amountText }) => ({
    kind,
    label,
    amount: toJsonAmount(amount),
    amount_text: amountText,
  })),
  amount: toJsonAmount(card.amount),
  currency: card.currency,
  amount_text: card.amountText,
  buttons: fit.list('buttons', card.buttons, limits.buttons).map((button) => buttonOf(button, fit)),
  expires: card.expires ? { at: unixSeconds(card.expires.at), text: card.expires.text } : null,
  reference: card.reference,
  receipt: receiptOf(card),
  progress: progressOf(card),
})

const buttonOf = (button: CardButton, fit: Fitter): object => {
  const label = fit.text('button', button.label, limits.buttonTitle)
  if (button.kind === 'postback') return { type: 'postback', label, payload: button.payload }
  if (button.url.length > limits.url) {
    throw new CardRefusedError(`url: ${button.url.length} characters, at most ${limits.url}`)
  }
  return { type: 'url', label, url: button.url }
}

const receiptOf = ({ receipt }: Card): object | null =>
  receipt
    ? {
        payer_name: receipt.payerName,
        method: receipt.method,
        paid_at: unixSeconds(receipt.paidAt),
        url: receipt.url,
        status: receipt.status,
        address: receipt.address ? addressOf(receipt.address) : null,
      }
    : null

const addressOf = ({ name, line1, line2, city, state, postalCode, country }: PostalAddress): object => ({
  name: name ?? null,
  line1,
  line2: line2 ?? null,
  city,
  state: state ?? null,
  postal_code: postalCode,
  country,
})

const progressOf = ({ progress }: Card): object | null =>
  progress
    ? {
        paid: toJsonAmount(progress.paid),
        total: toJsonAmount(progress.total),
        shares: progress.shares.map(({ name, amountText, state, stateText, url }) => ({
          name,
          amount_text: amountText,
          state,
          state_text: stateText,
          url: url ?? null,
        })),
      }
    : null
