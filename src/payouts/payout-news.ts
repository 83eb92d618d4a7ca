import type { ProviderPayoutState } from '#providers/money.ts'

/** What is known and booked of a payout. */
export interface PayoutFacts {
  readonly status: ProviderPayoutState
  /** Whether its arrival at the bank stands in the books, and who said so. */
  readonly confirmedBy: 'provider' | 'bank' | null
}

/** What goes into the books, in this order. `unpaid` takes `paid` back, and comes before `failed`. */
export type PayoutStep = 'created' | 'paid' | 'unpaid' | 'failed'

export interface PayoutVerdict {
  readonly status: ProviderPayoutState
  readonly steps: readonly PayoutStep[]
  readonly events: readonly `payout.${'created' | 'updated' | 'paid' | 'failed' | 'canceled'}`[]
}

/** How far each state is; one of the last rank has ended. A paid payout may still fail, until the bank keeps it. */
const ranks: Readonly<Record<ProviderPayoutState, number>> = {
  pending: 0,
  in_transit: 1,
  paid: 2,
  failed: 3,
  canceled: 3,
}

/**
 * What news of a payout mean. Old news (of an earlier state, or after the end) change nothing. `confirmedBy` is the
 * merchant's setting: whose word it takes for the arrival at the bank. In every order of news 1140 ends at zero once the
 * payout has ended at the provider, or has been seen at the bank.
 */
export const judgePayout = (
  known: PayoutFacts | undefined,
  news: ProviderPayoutState,
  confirmedBy: 'provider' | 'bank',
): PayoutVerdict => {
  const before = known?.status ?? 'pending'
  const status = ranks[news] > ranks[before] ? news : before
  const hasEnded = ranks[status] === 3 && (!known || ranks[before] < 3)
  const isConfirmed = known ? known.confirmedBy !== null : false
  return {
    status,
    steps: [
      ...(known ? [] : (['created'] as const)),
      ...(hasEnded && isConfirmed ? (['unpaid'] as const) : []),
      ...(hasEnded ? (['failed'] as const) : []),
      ...(status === 'paid' && !isConfirmed && confirmedBy === 'provider' ? (['paid'] as const) : []),
    ],
    events: [...(known ? [] : (['payout.created'] as const)), ...(status === before ? [] : [eventOf[status]])],
  }
}

const eventOf = {
  pending: 'payout.updated',
  in_transit: 'payout.updated',
  paid: 'payout.paid',
  failed: 'payout.failed',
  canceled: 'payout.canceled',
} as const satisfies Record<ProviderPayoutState, string>

export type ConfirmVerdict =
  /** The bank says what the provider had said already: only the names change. */
  { readonly ok: true; readonly kind: 'book' | 'rename' | 'repeat' } | { readonly ok: false; readonly message: string }

/** What it means that a line of the bank statement is this payout. */
export const judgeConfirmation = (
  known: PayoutFacts & { readonly bankReference: string | null },
  bankReference: string,
): ConfirmVerdict => {
  if (ranks[known.status] === 3) {
    return {
      ok: false,
      message: `The payout is ${known.status}: its money went back to the balance. Book what the bank shows as an adjustment.`,
    }
  }
  if (known.confirmedBy === null) return { ok: true, kind: 'book' }
  if (known.confirmedBy === 'provider') return { ok: true, kind: 'rename' }
  if (known.bankReference === bankReference) return { ok: true, kind: 'repeat' }
  return { ok: false, message: `The payout was received as ${known.bankReference} already.` }
}
