import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ChecklistItem } from './checklist.ts'
import type { Lock, Period } from './period.ts'

/** A period as the API shows it. The check-list is of the earliest open month alone, else null. */
export const showPeriod = (period: Period, checklist: readonly ChecklistItem[] | null) => {
  const { month, status, closed, history } = period
  return {
    object: 'ledger_period' as const,
    month,
    status,
    checklist: checklist?.map((item) => ({ ...item })) ?? null,
    as_of_seq: showSeq(closed),
    trial_balance_sha256: closed?.sha256?.toString('hex') ?? null,
    closed_at: closed ? unixSeconds(closed.createdAt) : null,
    closed_by: closed ? showId('apiKey', closed.proposedBy) : null,
    approved_by: closed?.decidedBy ? showId('apiKey', closed.decidedBy) : null,
    history: history.map(showLock),
  }
}

const showSeq = (lock: Lock | undefined): number | null =>
  lock?.asOfSeq === null || lock === undefined ? null : toJsonAmount(lock.asOfSeq)

const showLock = (lock: Lock) => ({
  action: lock.action,
  at: unixSeconds(lock.createdAt),
  reason: lock.reason,
  proposal: showId('ledgerProposal', lock.proposalId),
  proposed_by: showId('apiKey', lock.proposedBy),
  approved_by: lock.decidedBy && showId('apiKey', lock.decidedBy),
  as_of_seq: showSeq(lock),
  trial_balance_sha256: lock.sha256?.toString('hex') ?? null,
})
