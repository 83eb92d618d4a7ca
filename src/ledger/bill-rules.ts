import { type MoneyEvent, notNegative, type Posting, posting } from './posting.ts'
import { type CaptureParts, revenueLines } from './revenue.ts'

/** A bill that several pay: 2031 of the bill holds their shares and is zero once the bill is complete or cancelled. */
type BillEvent = MoneyEvent & { readonly billId: string }

/** A share paid by a charge: Dr 1110 / Cr 2031. */
export const postSharePaid = (
  event: BillEvent & { providerChargeRef: string; amount: bigint },
): Posting | undefined => {
  const amount = notNegative('a share', event.amount)
  const { billId, providerChargeRef: ref } = event
  return posting(event, { ref, kind: 'bill_share', description: `Share ${ref} of bill ${billId}` }, [
    ['1110', amount],
    ['2031', -amount, billId],
  ])
}

/**
 * Nothing more is asked for, it is a sale: Dr 2031 / Cr 4010 · 4020 · 2310 · 2060. Without parts all of it is sales.
 * `part` names a share where each is booked apart, so that its refund finds its own revenue.
 */
export const postBillCompleted = (
  event: BillEvent & { total: bigint; parts?: CaptureParts; part?: string },
): Posting | undefined => {
  const { billId: ref, total } = event
  const part = event.part === undefined ? {} : { part: event.part }
  return posting(event, { ref, kind: 'bill_complete', ...part, description: `Bill complete ${ref}` }, [
    ['2031', notNegative('a bill', total), ref],
    ...revenueLines(ref, total, event.parts),
  ])
}

/** Cancelled, once for each payer, by a refund of the share: Dr 2031 / Cr 1110. */
export const postShareReturned = (event: BillEvent & { refundId: string; amount: bigint }): Posting | undefined => {
  const amount = notNegative('a share', event.amount)
  const { billId, refundId: ref } = event
  return posting(event, { ref, kind: 'bill_cancel', description: `Share returned ${ref} of bill ${billId}` }, [
    ['2031', amount, billId],
    ['1110', -amount],
  ])
}
