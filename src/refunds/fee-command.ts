import { AppError } from '#kernel/errors.ts'
import { feeOf } from '#payments/application-fee.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { transferOf } from '#payments/transfer.ts'

/** What the provider is told of the platform's fee, and of what was passed on, with a refund. */
export const feeCommand = (
  row: Pick<IntentRow, 'options'>,
  wanted: { refund_application_fee?: boolean | undefined; reverse_transfer?: boolean | undefined },
): { refundApplicationFee?: true; reverseTransfer?: true } => {
  const { refund_application_fee: isFeeWanted = false, reverse_transfer: isReversalWanted = false } = wanted
  if (isFeeWanted && feeOf(row.options) === undefined)
    throw refused(
      'refund_application_fee',
      transferOf(row)?.amount === undefined
        ? 'This payment has no application fee that could be given back.'
        : 'This payment has no application fee: what the platform kept goes back with the refund anyway.',
    )
  if (isReversalWanted && !transferOf(row))
    throw refused('reverse_transfer', 'This payment was passed on to nobody (it has no transfer_data).')
  return {
    ...(isFeeWanted ? { refundApplicationFee: true as const } : {}),
    ...(isReversalWanted ? { reverseTransfer: true as const } : {}),
  }
}

const refused = (param: string, reason: string): AppError =>
  new AppError('payment_intent_invalid_parameter', { message: `${reason} Leave ${param} out.`, param })
