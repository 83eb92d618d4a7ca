import { isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { type AccountCode, chartAccount } from '#ledger/chart.ts'
import { reversePosting } from '#ledger/correction-rules.ts'
import { readLines } from '#ledger/journal-repo.ts'
import { postPayoutCreated, postPayoutFailed, postPayoutFee, postPayoutPaid } from '#ledger/payout-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import type { LedgerItem } from '#ledger/repo.ts'
import type { Tx } from '#platform/database.ts'
import type { ProviderBalanceEntry, ProviderPayout } from '#providers/money.ts'
import type { PayoutStep } from './payout-news.ts'
import { isArrivalBooked, type PayoutRow } from './payout-repo.ts'

/** That a payout has arrived, as it goes into the books; `id` is the ledger transaction's. */
export interface Arrival {
  readonly id: string
  readonly bankRef: string
  readonly at: Date
}

/** How the provider's word is called in the books: the bank's trace of it, where no other payout has taken that. */
export const arrivalOf = async (
  tx: Tx,
  row: Pick<PayoutRow, 'merchant_id'>,
  { ref, traceRef, arrivalDate }: ProviderPayout,
  now: Date,
): Promise<Arrival> => {
  const isFree = traceRef !== undefined && !(await isArrivalBooked(tx, row.merchant_id, traceRef))
  // A provider announces the day of arrival; the books do not know the future.
  return { id: newUuid(), bankRef: isFree ? traceRef : ref, at: arrivalDate < now ? arrivalDate : now }
}

export const arrivedAs = (confirmedBy: 'provider' | 'bank', { id, bankRef, at }: Arrival) => ({
  confirmed_by: confirmedBy,
  bank_reference: bankRef,
  received_at: at,
  paid_transaction_id: id,
})

/** Dr 1010 / Cr 1140. */
export const arrivalPosting = (row: PayoutRow, { id, bankRef, at }: Arrival): LedgerItem[] =>
  itemsOf(row, postPayoutPaid({ ...eventOf(row), bankRef, effectiveAt: at }), id)

interface Booking {
  readonly steps: readonly PayoutStep[]
  readonly arrival: Arrival | undefined
  readonly now: Date
}

interface OwnEntries {
  readonly payout: ProviderPayout
  readonly isWhole: boolean
  readonly out?: ProviderBalanceEntry
  readonly back?: ProviderBalanceEntry
}

/** What the steps of a payout are in the ledger, in their order; its fee once, by its key. */
export const payoutPostings = async (
  tx: Tx,
  row: PayoutRow,
  { payout, isWhole, out, back }: OwnEntries,
  { steps, arrival, now }: Booking,
): Promise<LedgerItem[]> => {
  const event = eventOf(row)
  const items: LedgerItem[] = []
  if (steps.includes('created'))
    items.push(...itemsOf(row, postPayoutCreated({ ...withEntry(event, out), effectiveAt: payout.createdAt })))
  if (steps.includes('created') && isWhole && out)
    items.push(
      ...itemsOf(row, postPayoutFee({ ...withEntry(event, out), amount: out.fee, effectiveAt: out.createdAt })),
    )
  if (steps.includes('unpaid')) items.push(...itemsOf(row, await takenBack(tx, row, now)))
  if (steps.includes('failed'))
    items.push(...itemsOf(row, postPayoutFailed({ ...withEntry(event, back), effectiveAt: back?.createdAt ?? now })))
  return arrival ? [...items, ...arrivalPosting(row, arrival)] : items
}

/** The arrival at the bank, reversed leg by leg and at the value that it was booked with. */
const takenBack = async (tx: Tx, row: PayoutRow, now: Date): Promise<Posting> => {
  const reverses = row.paid_transaction_id ?? ''
  const lines = await readLines(tx, row.merchant_id, [reverses])
  const [first] = lines
  if (!first) throw new Error(`the books lost the arrival of payout ${row.provider_ref}`)
  const legs = lines.map(({ account_code: code, currency, amount, base_amount: baseAmount }) => {
    if (!isCurrency(currency)) throw new Error(`unknown currency ${currency}`)
    return { code: chartAccount(code).code as AccountCode, currency, amount, baseAmount }
  })
  const refs = { provider: row.provider, payout: row.provider_ref }
  return reversePosting(
    { eventKey: first.event_key, legs, refs },
    { reverses, effectiveAt: now, description: `Payout ${row.provider_ref} came back from the bank` },
  )
}

const eventOf = (row: PayoutRow) => {
  if (!isCurrency(row.currency)) throw new Error(`unknown currency ${row.currency}`)
  return {
    payoutRef: row.provider_ref,
    amount: row.amount,
    currency: row.currency,
    refs: { provider: row.provider },
  }
}

const withEntry = (event: ReturnType<typeof eventOf>, entry: ProviderBalanceEntry | undefined) => ({
  ...event,
  refs: { ...event.refs, ...(entry ? { balance_transaction: entry.ref } : {}) },
})

const itemsOf = (row: PayoutRow, posting: Posting | undefined, id?: string): LedgerItem[] =>
  posting
    ? [
        {
          merchantId: row.merchant_id,
          posting,
          paymentIntentId: null,
          refundId: null,
          threadId: null,
          ...(id === undefined ? {} : { id }),
        },
      ]
    : []
