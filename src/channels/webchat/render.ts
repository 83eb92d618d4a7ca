import type { Card, CardButton } from '#channels/card.ts'
import type { Rendered, RenderRequest } from '#channels/channel.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { toJsonAmount } from '#kernel/money.ts'

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

const showCard = (card: Card) => ({
  type: card.type,
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
  buttons: card.buttons.map(showButton),
  expires: card.expires ? { at: unixSeconds(card.expires.at), text: card.expires.text } : null,
  reference: card.reference,
  receipt: card.receipt
    ? {
        payer_name: card.receipt.payerName,
        method: card.receipt.method,
        paid_at: unixSeconds(card.receipt.paidAt),
        url: card.receipt.url,
        status: card.receipt.status,
      }
    : null,
  progress: card.progress
    ? {
        paid: toJsonAmount(card.progress.paid),
        total: toJsonAmount(card.progress.total),
        shares: card.progress.shares.map(({ name, amountText, state, stateText, url }) => ({
          name,
          amount_text: amountText,
          state,
          state_text: stateText,
          url: url ?? null,
        })),
      }
    : null,
})

const showButton = (button: CardButton) =>
  button.kind === 'url'
    ? { kind: button.kind, label: button.label, url: button.url }
    : { kind: button.kind, label: button.label, payload: button.payload }
