import { AppError } from '#kernel/errors.ts'
import type { IntentRow } from './intent-view.ts'

/** What the deployment takes of a payment, in minor units. */
export const feeOf = (options: IntentRow['options']): bigint | undefined =>
  typeof options.application_fee_amount === 'number' ? BigInt(options.application_fee_amount) : undefined

const param = 'application_fee_amount'

export const refusedFee = (reason: string): AppError =>
  new AppError('payment_intent_invalid_parameter', {
    message: `An application fee is taken of a payment to an account that is connected to this deployment's own: a connection of channel stripe with settings[account], made with a platform key; or of one that is passed on with transfer_data[destination]. Connect the merchant's account, route the payment there, name a destination, or leave application_fee_amount out. ${reason}`,
    param,
  })

/** Refuses a fee above the payment: the rest of it is the merchant's, and cannot be less than nothing. */
export const checkFee = ({ amount, options }: Pick<IntentRow, 'amount' | 'options'>): void => {
  const fee = feeOf(options)
  if (fee === undefined || fee <= amount) return
  throw new AppError('amount_too_large', {
    message: `The application fee (${fee}) is greater than the amount (${amount}). Lower application_fee_amount.`,
    param,
  })
}

/**
 * The fee that goes with a capture: the one that is asked for, else that of the payment, and no more than is captured.
 * Captures in parts are refused: each would need a fee of its own, and what the parts of one fee are nobody has said.
 */
export const feeOfCapture = (
  row: Pick<IntentRow, 'amount' | 'options'>,
  wanted: number | undefined,
  { amount, isFinal }: { amount: bigint; isFinal: boolean },
): bigint | undefined => {
  if (wanted !== undefined) checkFee({ amount: least(amount, row.amount), options: { application_fee_amount: wanted } })
  const fee = wanted === undefined ? feeOf(row.options) : BigInt(wanted)
  if (fee === undefined) return undefined
  if (isFinal) return least(fee, amount)
  throw new AppError('payment_intent_invalid_parameter', {
    message: 'A payment with an application fee is captured once. Leave final_capture out, or the fee.',
    param: 'final_capture',
  })
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
