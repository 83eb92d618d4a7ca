import { unixSeconds } from '#kernel/clock.ts'
import { type IdKind, showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ShownEntry } from './read-repo.ts'
import type { BalanceTransaction } from './schemas.ts'

/** Stripe's balance transaction, with our ids. */
export const showEntry = (row: ShownEntry, now: Date): BalanceTransaction => {
  const fee = toJsonAmount(row.fee)
  const isPayout = row.kind === 'payout' || row.kind === 'payout_reversal'
  return {
    id: showId('balanceTransaction', row.id),
    object: 'balance_transaction',
    amount: toJsonAmount(row.amount),
    available_on: unixSeconds(row.available_on),
    balance_type: 'payments',
    created: unixSeconds(row.created_at),
    currency: row.currency,
    description: row.description,
    exchange_rate: null,
    fee,
    fee_details: feeDetails(row),
    net: toJsonAmount(row.net),
    reporting_category: row.reporting_category,
    source: sourceOf(row),
    status: row.available_on <= now ? 'available' : 'pending',
    type: row.type,
    payment_intent: shown('paymentIntent', row.payment_intent_id),
    payout: shown('payout', row.paid_out_id),
    provider: row.provider,
    provider_balance_transaction: row.provider_ref,
    identified: isPayout || row.booked === 'elsewhere' || (row.booked === 'here' && known.has(row.kind)),
  }
}

/** The provider's part and, where there is one, the platform's. */
const feeDetails = ({ fee, application_fee: application, currency }: ShownEntry) =>
  (
    [
      ['stripe_fee', fee - application],
      ['application_fee', application],
    ] as const
  ).flatMap(([type, amount]) =>
    amount === 0n ? [] : [{ amount: toJsonAmount(amount), application: null, currency, description: null, type }],
  )

/** Kinds that need no source to be understood. */
const known: ReadonlySet<string> = new Set(['fee', 'payout_fee', 'reserve_hold', 'reserve_release'])

const sourceOf = (row: ShownEntry): string | null => {
  switch (row.source_kind) {
    case 'charge':
      return shown('charge', row.charge_id)
    case 'refund':
      return shown('refund', row.refund_id)
    case 'dispute':
      return shown('dispute', row.dispute_id)
    case 'payout':
      return shown('payout', row.payout_id)
    case 'other':
    case null:
      return null
    default:
      return row.source_kind satisfies never
  }
}

const shown = (kind: IdKind, id: string | null): string | null => (id === null ? null : showId(kind, id))
