import { AppError } from '#kernel/errors.ts'
import { mergeMetadata } from '#platform/listing.ts'
import { feeOfCapture } from './application-fee.ts'
import { requireFeeTaker } from './application-fee-service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { capturableOf } from './charge-facts.ts'
import { perform } from './command-service.ts'
import { captureRest } from './hold.ts'
import type { IntentRow } from './intent-view.ts'
import type { CommandScope } from './plan-service.ts'
import { findCharges, updateIntent } from './repo.ts'
import { transferOfCapture, withTransfer } from './transfer.ts'

type Metadata = Record<string, string> | '' | undefined

interface CaptureBody {
  amount_to_capture?: number | undefined
  final_capture?: boolean | undefined
  application_fee_amount?: number | undefined
  transfer_data?: { amount?: number | undefined } | undefined
  metadata?: Metadata
}

/**
 * Takes what is held, or a part. The rest is given back unless `final_capture` is false, which the payer's bank must
 * allow, as it must more than is held. Capturing 0 after a part gives back the rest.
 */
export const captureIntent = (deps: PaymentDeps, scope: CommandScope, body: CaptureBody): Promise<IntentRow> =>
  perform(deps, scope, 'capture', async (tx, row) => {
    const amount = body.amount_to_capture === undefined ? row.amount_capturable : BigInt(body.amount_to_capture)
    const [charge] = row.latest_charge_id ? await findCharges(tx, row.merchant_id, [row.latest_charge_id]) : []
    const isFinal = body.final_capture ?? true
    refuseCapture(row, charge ? capturableOf(charge) : { isMultiple: false, max: 0n }, { amount, isFinal })
    const { application_fee_amount: wanted, transfer_data: transfer } = body
    const fee = feeOfCapture(row, wanted, { amount, isFinal })
    const passedOn = transferOfCapture(row, transfer?.amount, { amount, isFinal })
    const options = withTransfer(row.options, {
      ...(wanted === undefined ? {} : { application_fee_amount: wanted }),
      ...(transfer?.amount === undefined ? {} : { transfer_data: { amount: transfer.amount } }),
    })
    await requireFeeTaker(tx, deps, { ...row, options })
    const change = {
      ...(wanted === undefined && transfer?.amount === undefined ? {} : { options }),
      ...(body.metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, body.metadata) }),
    }
    const saved = Object.keys(change).length === 0 ? row : await updateIntent(tx, row, change, deps.clock.now())
    const command = {
      ...captureRest(row, requireRef(row)),
      ...(isFinal ? {} : { isFinal }),
      ...(fee === undefined ? {} : { applicationFee: fee.toString() }),
      ...(passedOn === undefined ? {} : { transferAmount: passedOn.toString() }),
    }
    return { row: saved, kind: 'capture', ...(amount === 0n ? {} : { amount }), command }
  })

const refuseCapture = (
  row: IntentRow,
  { isMultiple, max }: ReturnType<typeof capturableOf>,
  { amount, isFinal }: { amount: bigint; isFinal: boolean },
): void => {
  const isRaised = max - row.amount_captured > row.amount_capturable
  const limit = isRaised ? max - row.amount_captured : row.amount_capturable
  if (amount > limit) {
    const more = isRaised ? ' (more than is held, as the bank allows)' : ''
    throw new AppError('amount_too_large', {
      message: `The amount to capture (${amount}) is greater than the capturable amount (${limit})${more}.`,
      param: 'amount_to_capture',
    })
  }
  if (amount === 0n && (row.amount_captured === 0n || !isFinal)) {
    throw new AppError('amount_too_small', {
      message: 'Capturing 0 gives back the rest after a part was captured. To give back all of it, cancel the payment.',
      param: 'amount_to_capture',
    })
  }
  if (!isFinal && !isMultiple) {
    throw new AppError('payment_intent_invalid_parameter', {
      message:
        'This payment can be captured once only: the bank did not allow several captures (payment_method_options[card][request_multicapture]). Leave final_capture out.',
      param: 'final_capture',
    })
  }
}

export const incrementAuthorization = (
  deps: PaymentDeps,
  scope: CommandScope,
  body: { amount: number; description?: string | undefined; metadata?: Metadata },
): Promise<IntentRow> =>
  perform(deps, scope, 'increment', async (tx, row) => {
    const amount = BigInt(body.amount)
    if (amount <= row.amount_authorized) {
      throw new AppError('payment_intent_invalid_parameter', {
        message: `The new total (${amount}) must be greater than the authorized amount (${row.amount_authorized}).`,
        param: 'amount',
      })
    }
    if (row.amount_captured > 0n) {
      throw new AppError('payment_intent_unexpected_state', {
        message: 'A part of this payment is captured; its authorization cannot be raised any more.',
      })
    }
    const change = {
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, body.metadata) }),
    }
    const saved = Object.keys(change).length === 0 ? row : await updateIntent(tx, row, change, deps.clock.now())
    return { row: saved, kind: 'increment', amount, command: { paymentRef: requireRef(row) } }
  })

const requireRef = (row: IntentRow): string => {
  if (row.provider_ref === null)
    throw new AppError('internal_error', { cause: new Error('an authorised payment without a provider reference') })
  return row.provider_ref
}
