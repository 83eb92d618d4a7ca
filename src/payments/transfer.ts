import { AppError } from '#kernel/errors.ts'
import type { Sale } from '#ledger/marketplace-rules.ts'
import type { ProviderTransfer } from '#providers/options.ts'
import { feeOf } from './application-fee.ts'
import type { ChargeRow } from './charge-view.ts'
import { billOf, type IntentRow } from './intent-view.ts'

type Options = Pick<IntentRow, 'options'>

/** Whom a payment is passed on to, and how much of it: minor units, undefined for all. */
export interface Transfer {
  readonly destination: string
  readonly amount?: bigint
}

export const transferOf = ({ options }: Options): Transfer | undefined => {
  const { destination, amount } = dataOf(options)
  if (typeof destination !== 'string') return undefined
  return { destination, ...(typeof amount === 'number' ? { amount: BigInt(amount) } : {}) }
}

const dataOf = (options: IntentRow['options']) =>
  (options.transfer_data ?? {}) as { destination?: string; amount?: number }

/** Which of Stripe's words for platforms a payment says; only an account with `destinationCharges` understands them. */
export const platformWord = ({ options }: Options): 'transfer_data' | 'on_behalf_of' | 'transfer_group' | undefined =>
  (['transfer_data', 'on_behalf_of', 'transfer_group'] as const).find((name) => options[name] !== undefined)

/** Whether not just any account can take it: something of it is for somebody else. */
export const isShared = (row: Options): boolean => feeOf(row.options) !== undefined || platformWord(row) !== undefined

/** What changes with `transfer_data`: a change names the amount alone, as at Stripe, where the destination stays. */
export const withTransfer = (options: IntentRow['options'], change: Record<string, unknown>): IntentRow['options'] => ({
  ...options,
  ...change,
  ...(change.transfer_data === undefined
    ? {}
    : { transfer_data: { ...dataOf(options), ...(change.transfer_data as object) } }),
})

/** Refuses another seller than the provider was told of with an earlier attempt: it keeps the first. */
export const refuseMoved = (
  { options: before, provider_ref: ref }: Pick<IntentRow, 'options' | 'provider_ref'>,
  after: IntentRow['options'],
): void => {
  if (ref === null) return
  const isMoved = dataOf(before).destination !== dataOf(after).destination
  if (!isMoved && before.on_behalf_of === after.on_behalf_of) return
  throw new AppError('payment_intent_invalid_parameter', {
    message:
      'Somebody has tried to pay this already, and the provider keeps the account it was told of then. Cancel this PaymentIntent and create another one.',
    param: isMoved ? 'transfer_data[destination]' : 'on_behalf_of',
  })
}

export const refusedTransfer = (param: string, reason: string): AppError =>
  new AppError('payment_intent_invalid_parameter', {
    message: `Destination charges (transfer_data, on_behalf_of, transfer_group) are taken by Stripe, on the account that sells for others: the deployment's own, or a merchant's with keys of its own. Connect it (POST /v1/connections with secrets[secret_key]), route the payment there, or leave ${param} out. ${reason}`,
    param,
  })

/** Refuses what cannot go together, whoever takes the payment. */
export const checkTransfer = (row: Pick<IntentRow, 'amount' | 'options'>): void => {
  const word = platformWord(row)
  if (word === undefined) return
  const { options, amount } = row
  const transfer = transferOf(row)
  if (!transfer) {
    if (options.transfer_data !== undefined)
      throw missing(
        'transfer_data[destination]',
        'A transfer goes to an account. Send transfer_data[destination], acct_….',
      )
    if (options.on_behalf_of !== undefined)
      throw missing(
        'transfer_data[destination]',
        'on_behalf_of says who sells; send transfer_data[destination] as well.',
      )
    return
  }
  if (billOf(row) !== undefined) {
    throw new AppError('payment_intent_unexpected_state', {
      message:
        'This PaymentIntent is a share of a bill: what is paid is held until the bill is complete and cannot be passed on. Leave transfer_data out.',
      param: 'transfer_data',
    })
  }
  if (transfer.amount !== undefined && options.application_fee_amount !== undefined) {
    throw new AppError('parameters_exclusive', {
      message:
        'Send application_fee_amount (what the platform gets) or transfer_data[amount] (what the seller gets), not both.',
      param: 'transfer_data[amount]',
    })
  }
  checkAmount(transfer, amount)
}

const missing = (param: string, message: string): AppError => new AppError('parameter_missing', { message, param })

const checkAmount = ({ amount: passedOn }: Transfer, amount: bigint): void => {
  if (passedOn === undefined || passedOn <= amount) return
  throw new AppError('amount_too_large', {
    message: `The amount to transfer (${passedOn}) is greater than the amount (${amount}). Lower transfer_data[amount].`,
    param: 'transfer_data[amount]',
  })
}

/**
 * What a capture passes on, where that is a sum of its own: the one that is asked for, else that of the payment, and no
 * more than is captured. As with a fee, such a payment is captured once.
 */
export const transferOfCapture = (
  row: Pick<IntentRow, 'amount' | 'options'>,
  wanted: number | undefined,
  { amount, isFinal }: { amount: bigint; isFinal: boolean },
): bigint | undefined => {
  const transfer = transferOf(row)
  if (!transfer) {
    if (wanted === undefined) return undefined
    throw new AppError('payment_intent_invalid_parameter', {
      message:
        'This payment is passed on to nobody. Leave transfer_data out, or name the destination before it is paid.',
      param: 'transfer_data[amount]',
    })
  }
  if (!isFinal) {
    throw new AppError('payment_intent_invalid_parameter', {
      message: 'A payment with transfer_data is captured once. Leave final_capture out.',
      param: 'final_capture',
    })
  }
  if (wanted !== undefined) checkAmount({ ...transfer, amount: BigInt(wanted) }, least(amount, row.amount))
  const passedOn = wanted === undefined ? transfer.amount : BigInt(wanted)
  return passedOn === undefined ? undefined : least(passedOn, amount)
}

/** What the ledger books of a charge that is passed on; `fee`: what the platform keeps of it. Minor units. */
export const saleOf = (
  { destination, amount }: ProviderTransfer,
  captured: bigint,
  applicationFee = 0n,
): Sale & { readonly fee: bigint } => {
  const transferred = least(amount ?? captured, captured)
  return {
    seller: destination,
    captured,
    transferred,
    fee: captured - transferred + least(applicationFee, transferred),
  }
}

/** The sale behind a charge that is kept; undefined: it was passed on to nobody. */
export const saleOfCharge = ({
  method,
  amount_captured,
}: Pick<ChargeRow, 'method' | 'amount_captured'>): Sale | undefined => {
  const kept = method?.transfer as { destination: string; amount?: string } | undefined
  if (!kept) return undefined
  const { destination, amount } = kept
  return saleOf({ destination, ...(amount === undefined ? {} : { amount: BigInt(amount) }) }, amount_captured)
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
