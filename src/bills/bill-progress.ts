import type { BillRow, ShareRow, WholeBill } from './bill-rows.ts'

/** How a share's payment stands: minor units captured and given back. */
export interface Paid {
  readonly captured: bigint
  readonly refunded: bigint
  readonly isCanceled: boolean
}

export type ShareState = Pick<ShareRow, 'status' | 'amount_paid' | 'amount_refunded'>
type BillState = Pick<BillRow, 'status' | 'amount_paid' | 'amount_refunded'>

/**
 * Where a share stands by its payment. It is copied, not counted, so news may come twice, late and in any order. A
 * canceled share stays canceled: what was paid for it goes back.
 */
export const shareAfter = (share: ShareState, paid: Paid): ShareState => ({
  status: statusOf(share, paid),
  amount_paid: paid.captured,
  amount_refunded: paid.refunded,
})

const statusOf = ({ status }: ShareState, { captured, refunded, isCanceled }: Paid): ShareRow['status'] => {
  if (status === 'canceled') return status
  if (captured > 0n) return refunded === captured ? 'refunded' : 'paid'
  return isCanceled ? 'canceled' : 'open'
}

/** Shares that count: canceled ones were left out of the bill. */
export const counted = <S extends { status: ShareRow['status'] }>(shares: readonly S[]): S[] =>
  shares.filter((share) => share.status !== 'canceled')

export const isPaid = ({ status }: { status: ShareRow['status'] }): boolean =>
  status === 'paid' || status === 'refunded'

/** Where a bill stands by its shares. Only an open bill becomes paid, and it stays so when money goes back. */
export const billAfter = ({ bill, shares }: WholeBill): BillState => {
  const sum = (name: 'amount_paid' | 'amount_refunded') =>
    counted(shares).reduce((total, share) => total + share[name], 0n)
  const paid = sum('amount_paid')
  return {
    status: bill.status === 'open' && paid === bill.amount ? 'paid' : bill.status,
    amount_paid: paid,
    amount_refunded: sum('amount_refunded'),
  }
}
