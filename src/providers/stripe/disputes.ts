import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type {
  DisputeCalls,
  DisputeMovement,
  DisputeState,
  EvidenceCommand,
  EvidenceField,
  ProviderDispute,
  ProviderFile,
} from '#providers/disputes.ts'
import type { ProviderTags } from '#providers/provider.ts'
import { currencyFromWire, fromWire, UnmappedError } from './amounts.ts'
import { command, lookup } from './client.ts'
import { mapTags, refOf } from './mapping.ts'
import { type Known, lookUp } from './states.ts'

/** Disputes, their evidence and its files, as Stripe has them. Files go to Stripe's host for files, as the SDK does. */
export const stripeDisputes = (stripe: Stripe): DisputeCalls => {
  const { disputes, files } = stripe
  return {
    find: ({ disputeRef }) => lookup(async () => mapDispute(await disputes.retrieve(disputeRef, { expand }))),
    list: async ({ since, cursor }) => {
      const found = await lookup(async () => {
        const page = await disputes.list({
          created: { gte: unixSeconds(since) },
          limit: 100,
          expand: expand.map((path) => `data.${path}`),
          ...(cursor === undefined ? {} : { starting_after: cursor }),
        })
        const last = page.has_more ? page.data.at(-1) : undefined
        return { data: page.data.map(mapDispute), ...(last ? { next: last.id } : {}) }
      })
      return found.outcome === 'ok' ? { ...found, value: found.value ?? { data: [] } } : found
    },
    submitEvidence: (order) =>
      command(
        () => disputes.update(order.disputeRef, evidenceParams(order), { idempotencyKey: order.idempotencyKey }),
        mapDispute,
      ),
    close: ({ disputeRef, idempotencyKey }) =>
      command(() => disputes.close(disputeRef, { expand }, { idempotencyKey }), mapDispute),
    uploadFile: ({ name, type, bytes, idempotencyKey }) =>
      command(
        () => files.create({ purpose: 'dispute_evidence', file: { name, type, data: bytes } }, { idempotencyKey }),
        mapFile,
      ),
  }
}

/** The payment carries our ids; Stripe's dispute has metadata of its own. */
const expand = ['payment_intent']

const evidenceParams = ({ texts, files, submit }: EvidenceCommand): Stripe.DisputeUpdateParams => ({
  evidence: { ...texts, ...files },
  submit,
  expand,
})

export const mapDispute = (dispute: Stripe.Dispute): ProviderDispute => {
  if (dispute.object !== 'dispute') throw new UnmappedError('no dispute but', dispute.object)
  const currency = currencyFromWire(dispute.currency, 'currency')
  const { due_by: dueBy, past_due: isPastDue, submission_count: submissions } = dispute.evidence_details
  const [paymentRef, chargeRef] = [refOf(dispute.payment_intent), refOf(dispute.charge)]
  const card = dispute.payment_method_details?.card
  const reasonCode = card?.network_reason_code ?? dispute.network_reason_code ?? undefined
  return {
    ref: dispute.id,
    ...(paymentRef === undefined ? {} : { paymentRef }),
    ...(chargeRef === undefined ? {} : { chargeRef }),
    state: lookUp(states, dispute.status, 'dispute state'),
    reason: dispute.reason,
    amount: fromWire(dispute.amount, currency, 'amount'),
    currency,
    isRefundable: dispute.is_charge_refundable,
    evidence: mapEvidence(dispute.evidence),
    // 0 where the bank allows no answer.
    ...(dueBy ? { dueBy: time(dueBy, 'due_by') } : {}),
    isPastDue,
    submissions,
    // An appeal is a state of its own, and all that reopens a dispute at Stripe.
    round: 1,
    movements: dispute.balance_transactions.map(mapMovement),
    createdAt: time(dispute.created, 'dispute.created'),
    tags: tagsOf(dispute),
    network: {
      ...(card ? { brand: card.brand, caseType: card.case_type } : {}),
      ...(reasonCode === undefined ? {} : { reasonCode }),
    },
  }
}

const states = {
  warning_needs_response: 'warning_needs_response',
  warning_under_review: 'warning_under_review',
  warning_closed: 'warning_closed',
  needs_response: 'needs_response',
  under_review: 'under_review',
  appeal_needs_response: 'appeal_needs_response',
  appeal_under_review: 'appeal_under_review',
  won: 'won',
  lost: 'lost',
  prevented: 'prevented',
} as const satisfies Record<Known<Stripe.Dispute.Status>, DisputeState>

/** What Stripe took is negative there. Its fee is what it kept, also for what it gave back. */
const mapMovement = (entry: Stripe.BalanceTransaction): DisputeMovement => {
  if (entry.object !== 'balance_transaction') throw new UnmappedError('no balance transaction but', entry.object)
  const currency = currencyFromWire(entry.currency, 'currency of a movement')
  const amount = fromWire(entry.amount, currency, 'amount of a movement')
  return {
    ref: entry.id,
    kind: amount > 0n ? 'reinstated' : 'withdrawn',
    amount: amount > 0n ? amount : -amount,
    fee: fromWire(entry.fee, currency, 'fee of a movement'),
    currency,
    at: time(entry.created, 'created of a movement'),
    availableOn: time(entry.available_on, 'available_on of a movement'),
  }
}

const mapEvidence = (evidence: Stripe.Dispute.Evidence): Partial<Record<EvidenceField, string>> =>
  Object.fromEntries(
    Object.entries(evidence).flatMap(([field, value]) => {
      const text = field === 'enhanced_evidence' || field === 'appeal' ? undefined : refOf(value)
      return text === undefined ? [] : [[field, text]]
    }),
  )

const tagsOf = ({ metadata, payment_intent: payment }: Stripe.Dispute): ProviderTags => ({
  ...mapTags(metadata),
  ...(typeof payment === 'object' && payment !== null ? mapTags(payment.metadata) : {}),
})

const mapFile = (file: Stripe.File): ProviderFile => {
  if (file.object !== 'file') throw new UnmappedError('no file but', file.object)
  return { ref: file.id, size: file.size, createdAt: time(file.created, 'file.created') }
}

const time = (value: unknown, what: string): Date => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return new Date(value * 1000)
  throw new UnmappedError(what, value)
}
