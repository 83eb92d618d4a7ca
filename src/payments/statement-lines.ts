import type { StatementLine } from '#providers/statements.ts'

/**
 * What keeps a line of a statement from being booked, in words; undefined where it agrees with the charge it is about.
 * A payment of another amount or currency than ours is somebody's to look at, and so is a fee above what it is taken of.
 */
export const disagreementOf = (
  line: Pick<StatementLine, 'kind' | 'chargeRef' | 'amount' | 'currency' | 'settled' | 'settlementCurrency' | 'fee'>,
  charge: { amount: bigint; currency: string },
): string | undefined => {
  const isAnother = line.kind === 'payment' && line.amount !== charge.amount
  if (isAnother || line.currency !== charge.currency)
    return `${line.kind} of ${line.chargeRef} is ${line.amount} ${line.currency} there, of a charge of ${charge.amount} ${charge.currency}`
  const fee = line.fee < 0n ? -line.fee : line.fee
  return fee > line.settled
    ? `the fee of ${line.chargeRef} is ${line.fee} ${line.settlementCurrency}, of ${line.settled}`
    : undefined
}
