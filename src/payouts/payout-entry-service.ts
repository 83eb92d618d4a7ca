import { inTransaction } from '#platform/database.ts'
import type { ProviderBalanceEntry } from '#providers/money.ts'
import type { AccountKey } from './account-repo.ts'
import type { PayoutDeps } from './claim-service.ts'
import { findMerchantsOf, putInPayout } from './entry-repo.ts'

/** Says of entries of other payouts (one that came back, one made by hand) that this payout took them. */
export const takeIntoPayout = async (
  deps: PayoutDeps,
  account: AccountKey,
  entries: readonly ProviderBalanceEntry[],
  payoutRef: string,
): Promise<void> => {
  const refs = entries.map(({ ref }) => ref)
  const merchants = refs.length === 0 ? [] : await findMerchantsOf(deps.db.maintenance, account, refs)
  if (merchants.length === 0) return
  await inTransaction(deps.db, merchants, (tx) => putInPayout(tx, account, refs, payoutRef))
}
