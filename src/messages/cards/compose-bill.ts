import type { Card, CardProgress } from '#channels/card.ts'
import type { Currency } from '#kernel/currencies.ts'
import { amountIn, finishCard, sayOn, type Voice } from './card-parts.ts'
import type { Phrases } from './phrases-en.ts'

export interface BillFacts {
  title: string
  status: 'open' | 'paid' | 'closed' | 'canceled' | 'expired'
  amount: bigint
  paid: bigint
  currency: Currency
  expiresAt: Date | null
  shares: readonly ShareFacts[]
}

export interface ShareFacts {
  /** Empty: not known. */
  name: string
  amount: bigint
  state: CardProgress['shares'][number]['state']
  /** Where it is paid. */
  url?: string
}

/** Who has paid of a shared bill, and who may pay here. */
export const composeBill = (voice: Voice, facts: BillFacts, reference: string): Card => {
  const { currency } = facts
  const progress = {
    paid: facts.paid,
    total: facts.amount,
    shares: facts.shares.map((one) => showShare(voice, facts, one)),
  }
  const values = { paid: amountIn(voice, facts.paid, currency), amount: amountIn(voice, facts.amount, currency) }
  return finishCard(voice, {
    type: 'bill_progress',
    title: facts.title === '' ? voice.phrases.bill : facts.title,
    sentence: sayOn(voice, sentences[facts.status], values),
    amount: facts.amount,
    currency,
    reference,
    totals: [{ kind: 'total', amount: facts.amount }],
    notes: progress.shares.map((share) =>
      [`${share.name}: ${share.amountText}, ${share.stateText}`, ...(share.url ? [share.url] : [])].join(' '),
    ),
    buttons: progress.shares.flatMap((share) =>
      share.url === undefined
        ? []
        : [{ kind: 'url' as const, label: sayOn(voice, 'payShare', { name: share.name }), url: share.url }],
    ),
    progress,
  })
}

const sentences = {
  open: 'billOpen',
  paid: 'billPaid',
  closed: 'billClosed',
  canceled: 'billCanceled',
  expired: 'billExpired',
} as const satisfies Record<BillFacts['status'], keyof Phrases>

const states = {
  open: 'shareOpen',
  paid: 'sharePaid',
  refunded: 'shareRefunded',
  canceled: 'shareCanceled',
} as const satisfies Record<ShareFacts['state'], keyof Phrases>

const showShare = (voice: Voice, { status, currency }: BillFacts, share: ShareFacts) => ({
  name: share.name === '' ? voice.phrases.guest : share.name,
  amountText: amountIn(voice, share.amount, currency),
  state: share.state,
  stateText: voice.phrases[states[share.state]],
  ...(share.url !== undefined && status === 'open' && share.state === 'open' ? { url: share.url } : {}),
})
