import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { DisputeFilesTable, DisputeMovementsTable, DisputesTable } from '#platform/tables-returns.ts'
import { evidenceFields, isFileField } from './evidence.ts'

export type DisputeRow = Omit<DisputesTable, 'evidence' | 'network' | 'metadata'> & {
  evidence: Record<string, string>
  network: { brand?: string; caseType?: string; reasonCode?: string }
  metadata: Record<string, string>
}
export type MovementRow = DisputeMovementsTable
export type FileRow = DisputeFilesTable

/** A dispute with what is shown of it. */
export interface WholeDispute {
  row: DisputeRow
  movements: readonly MovementRow[]
  /** Those of our files that stand in its evidence. */
  files: readonly Pick<FileRow, 'id' | 'provider_ref'>[]
  threadId: string | null
}

/** The dispute as clients read it: Stripe's object with `thread`, `provider` and `statement` beside it. */
export const showDispute = ({ row, movements, files, threadId }: WholeDispute) => ({
  id: showId('dispute', row.id),
  object: 'dispute' as const,
  amount: toJsonAmount(row.amount),
  balance_transactions: movements.filter(({ kind }) => kind !== 'lost').map((movement) => showMovement(row, movement)),
  charge: showId('charge', row.charge_id),
  created: unixSeconds(row.opened_at),
  currency: row.currency,
  enhanced_eligibility_types: [],
  evidence: { ...showEvidence(row, files), enhanced_evidence: {} },
  evidence_details: {
    due_by: row.due_by && unixSeconds(row.due_by),
    enhanced_eligibility: {},
    has_evidence: Object.keys(row.evidence).length > 0,
    past_due: row.is_past_due,
    submission_count: row.submissions,
    submission_method: row.submissions > 0 ? 'manual' : 'not_submitted',
  },
  intended_submission_method: null,
  is_charge_refundable: row.is_refundable,
  livemode: row.livemode,
  metadata: row.metadata,
  ...(row.network.reasonCode === undefined ? {} : { network_reason_code: row.network.reasonCode }),
  payment_intent: showId('paymentIntent', row.payment_intent_id),
  ...(row.network.brand === undefined ? {} : { payment_method_details: showNetwork(row) }),
  provider: row.provider,
  provider_id: row.provider_ref,
  reason: row.reason,
  settled: row.settled_at !== null,
  statement: row.statement,
  status: row.state,
  thread: threadId && showId('thread', threadId),
})

export type DisputeView = ReturnType<typeof showDispute>

const showEvidence = (row: DisputeRow, files: WholeDispute['files']): Record<string, string | null> =>
  Object.fromEntries(
    evidenceFields.map((field) => {
      const value = row.evidence[field] ?? null
      const ours = isFileField(field) ? files.find(({ provider_ref: ref }) => ref !== null && ref === value) : undefined
      return [field, ours ? showId('file', ours.id) : value]
    }),
  )

const showNetwork = ({ network }: DisputeRow) => ({
  type: 'card',
  card: {
    brand: network.brand ?? '',
    case_type: network.caseType ?? 'chargeback',
    network: network.brand ?? null,
    network_reason_code: network.reasonCode ?? null,
  },
})

/** Stripe's balance transaction of a movement. */
const showMovement = (row: DisputeRow, movement: MovementRow) => {
  const isWithdrawn = movement.kind === 'withdrawn'
  const amount = isWithdrawn ? -movement.amount : movement.amount
  const fee = toJsonAmount(movement.fee)
  const description = isWithdrawn ? 'Chargeback withdrawal' : 'Chargeback reversal'
  return {
    id: movement.ref,
    object: 'balance_transaction' as const,
    amount: toJsonAmount(amount),
    available_on: unixSeconds(movement.available_on),
    balance_type: 'payments',
    created: unixSeconds(movement.occurred_at),
    currency: movement.currency,
    description,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: movement.currency,
              description: 'Dispute fee',
              type: 'stripe_fee',
            },
          ],
    net: toJsonAmount(amount - movement.fee),
    reporting_category: isWithdrawn ? 'dispute' : 'dispute_reversal',
    source: showId('dispute', row.id),
    status: 'available',
    type: 'adjustment',
  }
}

/** A file as clients read it; its bytes are at the provider alone. */
export const showFile = (row: FileRow) => ({
  id: showId('file', row.id),
  object: 'file' as const,
  created: unixSeconds(row.created_at),
  expires_at: null,
  filename: row.name,
  links: null,
  provider: row.provider,
  purpose: 'dispute_evidence' as const,
  size: row.size,
  title: null,
  type: row.type,
  url: null,
})
