import { AppError } from '#kernel/errors.ts'
import { feeOf } from '#payments/application-fee.ts'
import type { IntentRow } from '#payments/intent-view.ts'

/** What the provider is told of the platform's fee with a refund. */
export const feeCommand = (
  { options }: Pick<IntentRow, 'options'>,
  { refund_application_fee: isWanted = false }: { refund_application_fee?: boolean | undefined },
): { refundApplicationFee?: true } => {
  if (!isWanted) return {}
  if (feeOf(options) !== undefined) return { refundApplicationFee: true }
  throw new AppError('payment_intent_invalid_parameter', {
    message: 'This payment has no application fee that could be given back. Leave refund_application_fee out.',
    param: 'refund_application_fee',
  })
}
