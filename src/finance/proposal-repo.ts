import type { Selectable } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { LedgerProposalsTable } from '#platform/tables-ledger.ts'
import type { Proposal, ProposalStatus } from './proposal.ts'
import { proposalContent } from './schemas.ts'

type Row = Selectable<LedgerProposalsTable>

/** All proposals of a merchant, to be narrowed by the caller. */
export const selectProposals = (tx: Tx, merchantId: string) =>
  tx.selectFrom('ledger_proposals').selectAll().where('merchant_id', '=', merchantId)

/** Writes a proposal that nobody has decided yet. */
export const insertProposal = async (
  tx: Tx,
  proposal: Omit<Proposal, 'status' | 'decidedBy' | 'decisionReason' | 'transactionId' | 'decidedAt'>,
): Promise<Proposal> => {
  const { kind, ...content } = proposal.content
  const row = await tx
    .insertInto('ledger_proposals')
    .values({
      merchant_id: proposal.merchantId,
      id: proposal.id,
      kind,
      status: 'proposed',
      content: JSON.stringify(content),
      reason: proposal.reason,
      attachment: proposal.attachment,
      proposed_by: proposal.proposedBy,
      four_eyes: proposal.fourEyes,
      livemode: proposal.livemode,
      created_at: proposal.createdAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toProposal(row)
}

export const findProposal = async (tx: Tx, merchantId: string, id: string): Promise<Proposal | undefined> => {
  const row = await selectProposals(tx, merchantId).where('id', '=', id).executeTakeFirst()
  return row && toProposal(row)
}

/** The same for who decides: one at a time. */
export const lockProposal = async (tx: Tx, merchantId: string, id: string): Promise<Proposal | undefined> => {
  const row = await selectProposals(tx, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()
  return row && toProposal(row)
}

export interface Decision {
  readonly status: Exclude<ProposalStatus, 'proposed'>
  readonly decidedBy: string
  readonly decidedAt: Date
  readonly decisionReason?: string | undefined
  readonly transactionId?: string | undefined
}

/** Writes the decision. The database refuses a second one, and with four eyes the key that proposed. */
export const decideProposal = async (tx: Tx, { merchantId, id }: Proposal, decision: Decision): Promise<Proposal> => {
  const row = await tx
    .updateTable('ledger_proposals')
    .set({
      status: decision.status,
      decided_by: decision.decidedBy,
      decided_at: decision.decidedAt,
      decision_reason: decision.decisionReason ?? null,
      transaction_id: decision.transactionId ?? null,
    })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toProposal(row)
}

export const toProposal = (row: Row): Proposal => ({
  merchantId: row.merchant_id,
  id: row.id,
  status: row.status,
  content: proposalContent.parse({ kind: row.kind, ...row.content }),
  reason: row.reason,
  attachment: row.attachment,
  proposedBy: row.proposed_by,
  decidedBy: row.decided_by,
  decisionReason: row.decision_reason,
  fourEyes: row.four_eyes,
  transactionId: row.transaction_id,
  livemode: row.livemode,
  createdAt: row.created_at,
  decidedAt: row.decided_at,
})
