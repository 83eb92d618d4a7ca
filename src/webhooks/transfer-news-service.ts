import { parseId } from '#kernel/ids.ts'
import type { Database } from '#platform/database.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import { matchOutbound } from '#transfers/repo.ts'
import type { OutboundService } from '#transfers/service.ts'
import { judgeSync, type Verdict } from './verdict.ts'

/** Applies news of money to a person, if it is of ours at that very account. */
export const judgeTransferNews = async (
  { db, transfers }: { db: Database; transfers: Pick<OutboundService, 'sync'> },
  from: Omit<ProviderAccount, 'merchantId'>,
  { ref, key }: { ref: string; key?: string },
): Promise<{ verdict: Verdict; merchantId?: string }> => {
  const operationId = key === undefined ? undefined : parseId('operation', key)
  const match = await matchOutbound(db.maintenance, from, { ref, operationId })
  if (!match) return { verdict: { state: 'ignored', reason: 'not about an outbound payment of ours' } }
  const synced = await transfers.sync(match.merchant_id, match.id)
  return { verdict: judgeSync(synced), merchantId: match.merchant_id }
}
