import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ChecklistItem } from './checklist.ts'
import type { Month } from './month.ts'

/** What is proposed. Amounts are decimal strings of minor units, moments ISO 8601: it is kept as JSON. */
export type ProposalContent =
  | {
      readonly kind: 'adjustment'
      readonly description: string
      readonly effectiveAt: string
      readonly entries: readonly {
        readonly account: string
        readonly currency: string
        readonly amount: string
        readonly holder: string | null
      }[]
    }
  | { readonly kind: 'reversal'; readonly transactionId: string; readonly effectiveAt: string }
  | { readonly kind: 'period_close'; readonly month: Month; readonly checklist: readonly ChecklistItem[] }
  | { readonly kind: 'period_reopen'; readonly month: Month }

export type ProposalKind = ProposalContent['kind']
export type ProposalStatus = 'proposed' | 'approved' | 'rejected'

export interface Proposal {
  readonly merchantId: string
  readonly id: string
  readonly status: ProposalStatus
  readonly content: ProposalContent
  readonly reason: string
  readonly attachment: string | null
  readonly proposedBy: string
  readonly decidedBy: string | null
  readonly decisionReason: string | null
  readonly fourEyes: boolean
  readonly transactionId: string | null
  readonly livemode: boolean
  readonly createdAt: Date
  readonly decidedAt: Date | null
}

export type DecisionVerdict = 'decide' | 'repeat' | 'decided' | 'four_eyes'

/**
 * Whether a key may decide a proposal: once, and with four eyes not approve its own; rejecting that withdraws it. The
 * same decision of the same key again is a repeat, which changes nothing.
 */
export const judgeDecision = (
  proposal: Pick<Proposal, 'status' | 'proposedBy' | 'decidedBy' | 'fourEyes'>,
  decision: 'approved' | 'rejected',
  apiKeyId: string,
): DecisionVerdict => {
  if (proposal.status !== 'proposed') {
    return proposal.status === decision && proposal.decidedBy === apiKeyId ? 'repeat' : 'decided'
  }
  const isOwn = proposal.proposedBy === apiKeyId
  return decision === 'approved' && isOwn && proposal.fourEyes ? 'four_eyes' : 'decide'
}

const nothing = {
  description: null,
  entries: null,
  effective_at: null,
  reverses: null,
  period: null,
  checklist: null,
}

export const showProposal = (proposal: Proposal) => ({
  id: showId('ledgerProposal', proposal.id),
  object: 'ledger_proposal' as const,
  kind: proposal.content.kind,
  status: proposal.status,
  ...nothing,
  ...showContent(proposal.content),
  reason: proposal.reason,
  attachment: proposal.attachment,
  proposed_by: showId('apiKey', proposal.proposedBy),
  decided_by: proposal.decidedBy && showId('apiKey', proposal.decidedBy),
  decision_reason: proposal.decisionReason,
  transaction: proposal.transactionId && showId('ledgerTransaction', proposal.transactionId),
  created: unixSeconds(proposal.createdAt),
  decided_at: proposal.decidedAt && unixSeconds(proposal.decidedAt),
})

const showContent = (content: ProposalContent) => {
  switch (content.kind) {
    case 'adjustment':
      return {
        description: content.description,
        effective_at: unixSeconds(new Date(content.effectiveAt)),
        entries: content.entries.map(({ amount, ...entry }) => ({ ...entry, amount: toJsonAmount(BigInt(amount)) })),
      }
    case 'reversal':
      return {
        reverses: showId('ledgerTransaction', content.transactionId),
        effective_at: unixSeconds(new Date(content.effectiveAt)),
      }
    case 'period_close':
      return { period: content.month, checklist: content.checklist.map((item) => ({ ...item })) }
    case 'period_reopen':
      return { period: content.month }
  }
}
