import { unixSeconds } from '#kernel/clock.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { Card, CardButton, CardProgress, CardReceipt, PostalAddress } from './card.ts'

/** A card in our own JSON, for clients that lay it out themselves: integer minor units beside each finished text. */
export const showCard = (card: Card): Record<string, unknown> => ({
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
  buttons: card.buttons.map(showButton),
  expires: card.expires ? { at: unixSeconds(card.expires.at), text: card.expires.text } : null,
  reference: card.reference,
  receipt: card.receipt ? showReceipt(card.receipt) : null,
  progress: card.progress ? showProgress(card.progress) : null,
})

const showButton = (button: CardButton): object =>
  button.kind === 'url'
    ? { kind: button.kind, label: button.label, url: button.url }
    : { kind: button.kind, label: button.label, payload: button.payload }

const showReceipt = ({ payerName, method, paidAt, url, status, address }: CardReceipt): object => ({
  payer_name: payerName,
  method,
  paid_at: unixSeconds(paidAt),
  url,
  status,
  address: address ? showAddress(address) : null,
})

const showAddress = ({ name, line1, line2, city, state, postalCode, country }: PostalAddress): object => ({
  name: name ?? null,
  line1,
  line2: line2 ?? null,
  city,
  state: state ?? null,
  postal_code: postalCode,
  country,
})

const showProgress = ({ paid, total, shares }: CardProgress): object => ({
  paid: toJsonAmount(paid),
  total: toJsonAmount(total),
  shares: shares.map(({ name, amountText, state, stateText, url }) => ({
    name,
    amount_text: amountText,
    state,
    state_text: stateText,
    url: url ?? null,
  })),
})
