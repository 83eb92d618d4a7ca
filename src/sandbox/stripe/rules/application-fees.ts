import { invalidParam } from '../http/api-error.ts'
import type { Work } from '../store/work.ts'

/** Stripe takes a fee for the platform from accounts that are connected to it or get the payment, up to the amount. */
export function checkApplicationFee(work: Work, fee: number | undefined, amount: number, isPassedOn = false): void {
  if (fee === undefined) return
  const param = 'application_fee_amount'
  const { id } = work.account
  const isConnected = work.sandbox.settings.accounts.some((one) => one.id === id && one.secretKey === undefined)
  if (!isConnected && !isPassedOn) {
    throw invalidParam(
      'Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).',
      param,
    )
  }
  if (fee > amount) throw invalidParam('Application fee must be less than or equal to the amount.', param)
}
