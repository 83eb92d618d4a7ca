import { newUuid } from '#kernel/ids.ts'
import { type Database, inTransaction } from '#platform/database.ts'

/** Stops booking before `until` (the first of a month), or allows it again from there: as an approved proposal does. */
export const lockPeriod = (
  db: Database,
  merchantId: string,
  number: number,
  action: 'closing' | 'reopened',
  until: string,
): Promise<void> =>
  inTransaction(db, merchantId, async (tx) => {
    const [id, now] = [newUuid(), new Date()]
    const proposal = {
      merchant_id: merchantId,
      id,
      kind: action === 'closing' ? 'period_close' : 'period_reopen',
      status: 'approved',
      content: '{}',
      reason: 'month end',
      proposed_by: newUuid(),
      decided_by: newUuid(),
      four_eyes: true,
      livemode: false,
      created_at: now,
      decided_at: now,
    } as const
    await tx.insertInto('ledger_proposals').values(proposal).execute()
    const lock = { merchant_id: merchantId, number, action, closed_until: until, proposal_id: id, created_at: now }
    await tx.insertInto('ledger_period_locks').values(lock).execute()
  })
