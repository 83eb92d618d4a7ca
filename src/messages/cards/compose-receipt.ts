import type { Card, PostalAddress } from '#channels/card.ts'
import type { Currency } from '#kernel/currencies.ts'
import { amountIn, type CardDraft, finishCard, sayOn, type Voice } from './card-parts.ts'
import type { OrderFacts } from './compose-request.ts'

export interface ReceiptFacts {
  title: string
  /** What was paid. */
  amount: bigint
  currency: Currency
  /** Empty: not known. */
  payerName: string
  method: MethodFacts | undefined
  paidAt: Date
  /** The page with the receipt. */
  url: string
  address?: PostalAddress
  order?: OrderFacts
  imageUrl?: string
  /** The order at the platform by which it was paid inside the chat. */
  answers?: string
}

export interface MethodFacts {
  brand?: string
  last4?: string
}

export interface RefundFacts {
  status: 'succeeded' | 'failed'
  amount: bigint
  /** Given back so far, this refund included. */
  refunded: bigint
}

export const composeReceipt = (voice: Voice, facts: ReceiptFacts, reference: string): Card =>
  finishCard(voice, {
    ...receiptParts(voice, facts, reference),
    type: 'receipt',
    sentence: sayOn(voice, 'receipt', { amount: amountIn(voice, facts.amount, facts.currency) }),
    amount: facts.amount,
    ...orderParts(facts),
    receipt: showReceipt(voice, facts, 'paid'),
    ...(facts.answers === undefined ? {} : { answers: facts.answers }),
  })

/** What was given back, and what of the payment remains. A refund that failed leaves the payment as it was. */
export const composeRefund = (voice: Voice, facts: ReceiptFacts, refund: RefundFacts, reference: string): Card => {
  const isWhole = refund.refunded >= facts.amount
  const status =
    refund.status === 'failed' ? 'refund_failed' : isWhole ? ('refunded' as const) : ('partially_refunded' as const)
  const sentence = {
    refund_failed: 'refundFailed',
    refunded: 'refunded',
    partially_refunded: 'refundedPartly',
  } as const
  const amount = amountIn(voice, refund.amount, facts.currency)
  const total = amountIn(voice, facts.amount, facts.currency)
  return finishCard(voice, {
    ...receiptParts(voice, facts, reference),
    type: 'refund_notice',
    sentence: sayOn(voice, sentence[status], { amount, total }),
    amount: refund.amount,
    totals: [
      { kind: 'subtotal', label: voice.phrases.paidLabel, amount: facts.amount },
      { kind: 'refunded', amount: -refund.refunded },
      { kind: 'total', amount: facts.amount - refund.refunded },
    ],
    receipt: showReceipt(voice, facts, status),
  })
}

const receiptParts = (
  voice: Voice,
  facts: ReceiptFacts,
  reference: string,
): Pick<CardDraft, 'title' | 'currency' | 'reference' | 'buttons' | 'notes' | 'image'> => {
  const title = facts.title === '' ? voice.phrases.order : facts.title
  return {
    title,
    currency: facts.currency,
    reference,
    buttons: [{ kind: 'url', label: sayOn(voice, 'viewReceipt'), url: facts.url }],
    notes: [sayOn(voice, 'paidWith', { name: methodText(voice, facts.method) })],
    ...(facts.imageUrl === undefined
      ? {}
      : { image: { url: facts.imageUrl, alt: sayOn(voice, 'imageAlt', { name: title }) } }),
  }
}

/** The order as it was bought; a payment of another amount than the order (a tip, a part) shows its own total alone. */
const orderParts = ({ order, amount }: ReceiptFacts): Pick<CardDraft, 'lines' | 'totals'> =>
  order?.totals.at(-1)?.amount === amount ? order : { totals: [{ kind: 'total', amount }] }

const showReceipt = (voice: Voice, facts: ReceiptFacts, status: NonNullable<Card['receipt']>['status']) => ({
  payerName: facts.payerName === '' ? voice.phrases.guest : facts.payerName,
  method: methodText(voice, facts.method),
  paidAt: facts.paidAt,
  url: facts.url,
  status,
  ...(facts.address === undefined ? {} : { address: facts.address }),
})

/** "Visa ···· 4242"; a brand is a name and is not translated. */
const methodText = (voice: Voice, method: MethodFacts | undefined): string => {
  if (!method) return voice.phrases.otherMethod
  const name = method.brand === undefined ? voice.phrases.card : capitalized(method.brand)
  return method.last4 === undefined ? name : `${name} ···· ${method.last4}`
}

const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
