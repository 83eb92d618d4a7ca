import { unixSeconds } from '#kernel/clock.ts'
import type { ProviderFee } from '#providers/fee.ts'
import type { ProviderCharge } from '#providers/provider.ts'
import type { ChargeRow } from './charge-view.ts'

type StoredFee = NonNullable<ChargeRow['fee']>

/** The fees that are known of an attempt: of each of its captures one. */
export const feesOf = ({ fee }: Pick<ChargeRow, 'fee'>): StoredFee[] => (fee ? [fee, ...(fee.more ?? [])] : [])

/** All fees that anybody has told us of; an answer that names fewer takes none back. */
export const keptFees = (
  known: ChargeRow | undefined,
  charge: Pick<ProviderCharge, 'fee' | 'moreFees'>,
): StoredFee | null => {
  const told = [...(charge.fee ? [charge.fee] : []), ...(charge.moreFees ?? [])].map(storeFee)
  const before = known ? feesOf(known) : []
  const [first, ...more] = [...before, ...told.filter(({ ref }) => before.every((fee) => fee.ref !== ref))]
  if (!first) return null
  const { more: _, ...fee } = first
  return more.length === 0 ? fee : { ...fee, more: more.map(({ more: __, ...one }) => one) }
}

const storeFee = ({ ref, amount, applicationFee, currency, availableOn }: ProviderFee): StoredFee => ({
  ref,
  amount: amount.toString(),
  ...(applicationFee === undefined ? {} : { application: applicationFee.toString() }),
  currency,
  available_on: unixSeconds(availableOn),
})

/** How it was paid, and what may still be captured of it. */
export const keptMethod = ({
  method,
  multicapture,
  maxCapturable,
  applicationFee,
  transfer,
}: ProviderCharge): Record<string, unknown> | null =>
  method
    ? {
        ...method,
        ...(multicapture === undefined ? {} : { multicapture }),
        ...(maxCapturable === undefined ? {} : { maxCapturable: maxCapturable.toString() }),
        ...(transfer ? { transfer: { ...transfer, ...inDecimals(transfer.amount) } } : {}),
        ...(applicationFee ? { applicationFee: { ...applicationFee, amount: applicationFee.amount.toString() } } : {}),
      }
    : null

const inDecimals = (amount: bigint | undefined) => (amount === undefined ? {} : { amount: amount.toString() })

/** How much of a held charge may be captured at once, and whether in parts. */
export const capturableOf = ({ method, amount }: Pick<ChargeRow, 'method' | 'amount'>) => ({
  isMultiple: method?.multicapture === true,
  max: typeof method?.maxCapturable === 'string' ? BigInt(method.maxCapturable) : amount,
})
