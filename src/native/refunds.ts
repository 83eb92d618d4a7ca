import { showId } from '#kernel/ids.ts'
import type { ProviderRefund } from '#providers/provider.ts'

/** A refund of ours, as far as finding it at the platform goes. Oldest first in every list. */
export interface OurRefund {
  id: string
  amount: bigint
  status: string
  provider_ref: string | null
}

/**
 * Platforms keep none of our ids with a refund: those that nobody knows yet are given to ours of the same amount that
 * wait for an answer, oldest first. Undefined when that cannot be told: fewer were made than are waited for.
 */
export const nameRefunds = (
  made: readonly ProviderRefund[],
  ours: readonly OurRefund[],
): readonly ProviderRefund[] | undefined => {
  const known = new Set(ours.map((one) => one.provider_ref))
  const waiting = ours.filter((one) => one.provider_ref === null && one.status === 'pending')
  const named: ProviderRefund[] = []
  const taken = new Set<string>()
  for (const refund of [...made].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())) {
    const isNew = !known.has(refund.ref) && refund.tags.refund === undefined
    const mine = isNew ? waiting.find((one) => one.amount === refund.amount && !taken.has(one.id)) : undefined
    if (mine) taken.add(mine.id)
    named.push(mine ? { ...refund, tags: { ...refund.tags, refund: showId('refund', mine.id) } } : refund)
  }
  const isUnclear = waiting.some(
    (one) => !taken.has(one.id) && waiting.some((other) => taken.has(other.id) && other.amount === one.amount),
  )
  return isUnclear ? undefined : named
}
