import type { IntentRow } from './intent-view.ts'

type CardOptions = Partial<
  Record<'request_incremental_authorization' | 'request_multicapture' | 'request_overcapture', string>
>

/** What is asked of the payer's bank for a hold, beyond one capture of it; a provider without it leaves it out. */
export const wishesOf = (options: IntentRow['options']) => {
  const { card } = (options.payment_method_options as { card?: CardOptions } | undefined) ?? {}
  return {
    incremental: card?.request_incremental_authorization === 'if_available',
    multicapture: card?.request_multicapture === 'if_available',
    overcapture: card?.request_overcapture === 'if_available',
  }
}

/** The command that takes nothing more and gives back what is still held. */
export const captureRest = (row: Pick<IntentRow, 'amount_captured'>, paymentRef: string) => ({
  paymentRef,
  captured: row.amount_captured.toString(),
})
