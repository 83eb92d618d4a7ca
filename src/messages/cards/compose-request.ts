import type { Card, NativeOffer } from '#channels/card.ts'
import type { Currency } from '#kernel/currencies.ts'
import { amountIn, dateIn, finishCard, type LineFacts, sayOn, type TotalFacts, type Voice } from './card-parts.ts'

/** A payment as a request shows it. Amounts are minor units. */
export interface RequestFacts {
  title: string
  amount: bigint
  currency: Currency
  /** The payer's page. */
  url: string
  expiresAt: Date | null
  /** open: may be paid; paid; ended: canceled or expired. */
  state: 'open' | 'paid' | 'ended'
  order?: OrderFacts
  imageUrl?: string
}

/** What is bought, where that is known: the lines and totals of a checkout. */
export interface OrderFacts {
  lines: readonly LineFacts[]
  totals: readonly TotalFacts[]
}

/** A request to pay, or the summary of an order; once the payment has ended it says so, and its button is gone. */
export const composeRequest = (
  voice: Voice,
  facts: RequestFacts,
  reference: string,
  native: NativeOffer | undefined,
): Card => {
  const type = facts.order ? 'checkout_summary' : 'payment_request'
  const sentence = { open: facts.order ? 'checkout' : 'request', paid: 'requestPaid', ended: 'requestEnded' } as const
  const amount = amountIn(voice, facts.amount, facts.currency)
  return finishCard(voice, {
    ...requestParts(voice, facts, reference, native),
    type,
    sentence: sayOn(voice, sentence[facts.state], { amount }),
  })
}

/** The same request once more, shortly before its time is over. */
export const composeReminder = (
  voice: Voice,
  facts: RequestFacts & { expiresAt: Date },
  reference: string,
  native: NativeOffer | undefined,
): Card => {
  const amount = amountIn(voice, facts.amount, facts.currency)
  const { expires: _, ...parts } = requestParts(voice, facts, reference, native)
  return finishCard(voice, {
    ...parts,
    type: 'reminder',
    sentence: sayOn(voice, 'reminder', { amount, date: dateIn(voice, facts.expiresAt) }),
  })
}

const requestParts = (voice: Voice, facts: RequestFacts, reference: string, native: NativeOffer | undefined) => {
  const isOpen = facts.state === 'open'
  const title = facts.title === '' ? voice.phrases.order : facts.title
  const imageUrl = facts.imageUrl ?? facts.order?.lines.find((line) => line.imageUrl !== undefined)?.imageUrl
  const amount = amountIn(voice, facts.amount, facts.currency)
  return {
    title,
    amount: facts.amount,
    currency: facts.currency,
    reference,
    lines: facts.order?.lines ?? [],
    totals: facts.order?.totals ?? [{ kind: 'total' as const, amount: facts.amount }],
    buttons: isOpen ? [{ kind: 'url' as const, label: sayOn(voice, 'pay', { amount }), url: facts.url }] : [],
    ...(imageUrl === undefined ? {} : { image: { url: imageUrl, alt: sayOn(voice, 'imageAlt', { name: title }) } }),
    ...(facts.expiresAt && isOpen
      ? { expires: { at: facts.expiresAt, text: sayOn(voice, 'expires', { date: dateIn(voice, facts.expiresAt) }) } }
      : {}),
    ...(native && isOpen ? { native } : {}),
  }
}
