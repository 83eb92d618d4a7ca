import { postApplicationFee, postCapturedForSeller, postTransferred } from '#ledger/marketplace-rules.ts'
import type { MoneyEvent, Posting } from '#ledger/posting.ts'
import type { ProviderTransfer } from '#providers/options.ts'
import type { ProviderCharge } from '#providers/provider.ts'
import { saleOf } from './transfer.ts'

/**
 * A capture that the provider passes on as it happens: captured for the seller, the platform's part kept, the rest gone.
 * `total` is all that is captured of the charge so far, `before` what was (and was booked) earlier.
 */
export const postSale = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; before: bigint },
  transfer: ProviderTransfer,
  { applicationFee }: Pick<ProviderCharge, 'applicationFee'>,
): (Posting | undefined)[] => {
  const { total, before, providerChargeRef: ref } = event
  const now = saleOf(transfer, total, applicationFee?.amount)
  const then = saleOf(transfer, before, applicationFee?.amount)
  const [amount, fee] = [now.captured - then.captured, now.fee - then.fee]
  const sold = { ...event, seller: now.seller, ...(before === 0n ? {} : { part: total.toString() }) }
  return [
    postCapturedForSeller({ ...sold, amount }),
    postApplicationFee({ ...sold, feeRef: ref, amount: fee }),
    postTransferred({ ...sold, transferRef: ref, amount: amount - fee, isPending: true }),
  ]
}
