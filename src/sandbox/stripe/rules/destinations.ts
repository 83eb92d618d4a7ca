import { ApiError, invalidParam } from '../http/api-error.ts'
import { integer, object, required, text } from '../http/params.ts'
import type { Work } from '../store/work.ts'

/** Named once, when the payment is made; later only its amount may change. */
export const transferData = object({ destination: required(text()), amount: integer(1) })
export const transferAmount = object({ amount: integer(1) })

/** What of a payment is for somebody else, as far as the request says. */
export type Shares = {
  transfer: { destination: string; amount?: number | undefined } | null | undefined
  onBehalfOf?: string | null | undefined
  fee?: number | null | undefined
}

/** Stripe passes a payment on to an account that is connected to the one that takes it, up to the amount. */
export function checkDestination(work: Work, { transfer, onBehalfOf, fee }: Shares, amount: number): void {
  if (onBehalfOf) assertConnected(work, onBehalfOf, 'on_behalf_of')
  if (!transfer) return
  assertConnected(work, transfer.destination, 'transfer_data[destination]')
  if (transfer.amount === undefined) return
  const param = 'transfer_data[amount]'
  if (fee)
    throw invalidParam(
      'You may only specify one of these parameters: application_fee_amount, transfer_data[amount].',
      param,
    )
  if (transfer.amount > amount)
    throw invalidParam('The transfer amount must be less than or equal to the charge amount.', param)
}

function assertConnected(work: Work, id: string, param: string): void {
  const { accounts } = work.sandbox.settings
  const isPlatform = !accounts.some((one) => one.id === work.account.id && one.secretKey === undefined)
  if (isPlatform && accounts.some((one) => one.id === id && one.secretKey === undefined)) return
  throw new ApiError(400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such destination: '${id}'`,
    param,
  })
}
