import type { Currency } from '#kernel/currencies.ts'
import type { ProviderAnswer, ProviderTags } from './provider.ts'

/**
 * Stripe's words. `warning_…` are inquiries, by which no money has moved: a complaint of WeChat Pay is one
 * (PENDING `warning_needs_response`, PROCESSING `warning_under_review`, PROCESSED `warning_closed`).
 */
export type DisputeState =
  | 'warning_needs_response'
  | 'warning_under_review'
  | 'warning_closed'
  | 'needs_response'
  | 'under_review'
  | 'appeal_needs_response'
  | 'appeal_under_review'
  | 'won'
  | 'lost'
  | 'prevented'

/** Evidence that is a text. A provider with one free text only (WeChat's `response_content`) takes `uncategorized_text`. */
export type EvidenceText =
  | 'access_activity_log'
  | 'billing_address'
  | 'cancellation_policy_disclosure'
  | 'cancellation_rebuttal'
  | 'customer_email_address'
  | 'customer_name'
  | 'customer_purchase_ip'
  | 'duplicate_charge_explanation'
  | 'duplicate_charge_id'
  | 'product_description'
  | 'refund_policy_disclosure'
  | 'refund_refusal_explanation'
  | 'service_date'
  | 'shipping_address'
  | 'shipping_carrier'
  | 'shipping_date'
  | 'shipping_tracking_number'
  | 'uncategorized_text'

/** Evidence that is an uploaded file. A provider that tells no kinds apart (WeChat's `response_images`) takes them in this order. */
export type EvidenceFile =
  | 'cancellation_policy'
  | 'customer_communication'
  | 'customer_signature'
  | 'duplicate_charge_documentation'
  | 'receipt'
  | 'refund_policy'
  | 'service_documentation'
  | 'shipping_documentation'
  | 'uncategorized_file'

export type EvidenceField = EvidenceText | EvidenceFile

/** Money that the provider took from the balance, or put back, because of a dispute. */
export interface DisputeMovement {
  /** The provider's balance transaction: the key under which the movement is booked once. */
  ref: string
  kind: 'withdrawn' | 'reinstated'
  /** Never negative; of what was paid, without the fee. */
  amount: bigint
  /** What the provider kept for its trouble with this movement; negative when it gave an earlier fee back. */
  fee: bigint
  /** The currency of the balance, which may differ from the dispute's. */
  currency: Currency
  at: Date
  availableOn: Date
}

/** The whole dispute as the provider sees it now. */
export interface ProviderDispute {
  ref: string
  /** At least one of the two names the payment, or `tags` do. */
  paymentRef?: string
  chargeRef?: string
  state: DisputeState
  /** The provider's word for what the payer says: `fraudulent`, `product_not_received`, `general` … */
  reason: string
  amount: bigint
  currency: Currency
  /** Whether the payment may still be refunded; of an inquiry that ends it. */
  isRefundable: boolean
  /** What the provider holds now, submitted or not: texts, and refs of files. What is empty is absent. */
  evidence: Readonly<Partial<Record<EvidenceField, string>>>
  /** Until when the merchant may answer; absent when it cannot (any more). */
  dueBy?: Date
  isPastDue: boolean
  /** How often evidence was submitted. It never sinks. */
  submissions: number
  /** Starts at 1, and rises when a dispute that was closed is opened again (WeChat's `user_complaint_times`). It never sinks. */
  round: number
  /** All so far; none of an inquiry. */
  movements: readonly DisputeMovement[]
  createdAt: Date
  /** Ours, if the provider keeps them with the dispute or its payment. */
  tags: ProviderTags
  network?: {
    /** `visa`, `mastercard` … */
    brand?: string
    /** `chargeback`, `inquiry`, `compliance` … */
    caseType?: string
    reasonCode?: string
  }
  /** What the payer wrote, where the provider shows it (`complaint_detail`). */
  statement?: string
}

/** A file at the provider. We keep no bytes of it. */
export interface ProviderFile {
  ref: string
  /** Bytes. */
  size: number
  createdAt: Date
}

export interface UploadCommand {
  idempotencyKey: string
  name: string
  type: 'application/pdf' | 'image/jpeg' | 'image/png'
  /** At most 5 MiB. A provider that takes less, or no such type, refuses. */
  bytes: Uint8Array
}

export interface EvidenceCommand {
  idempotencyKey: string
  disputeRef: string
  /** Those that change; '' clears a field. */
  texts: Readonly<Partial<Record<EvidenceText, string>>>
  /** Refs of uploaded files; '' clears a field. */
  files: Readonly<Partial<Record<EvidenceFile, string>>>
  /** Sends all that is staged to the bank (or the payer). Without it the fields are only kept, or refused where none can be. */
  submit: boolean
}

/** A page of disputes; the list is complete once there is no `next`. */
export interface DisputePage {
  readonly data: readonly ProviderDispute[]
  readonly next?: string
}

/**
 * What a provider with disputes offers. Commands are looked up by `find` when their outcome is unknown, and are not
 * sent again before: `submissions`, `evidence` and `state` tell whether one was done. Look-ups answer as those of the
 * provider do.
 */
export interface DisputeCalls {
  find(query: { disputeRef: string }): Promise<ProviderAnswer<ProviderDispute | undefined>>
  /** Those opened since then, newest first: how one is found whose notice never came. `cursor`: the last page's `next`. */
  list(query: { since: Date; cursor?: string | undefined }): Promise<ProviderAnswer<DisputePage>>
  submitEvidence(command: EvidenceCommand): Promise<ProviderAnswer<ProviderDispute>>
  /** Stripe: the loss is accepted. WeChat: the merchant says that the complaint is settled (`complete`). */
  close(command: { idempotencyKey: string; disputeRef: string }): Promise<ProviderAnswer<ProviderDispute>>
  /** Present where files can be evidence. */
  uploadFile?(command: UploadCommand): Promise<ProviderAnswer<ProviderFile>>
  /** Takes PNG and JPEG alone, and knows no repetition of an upload. */
  readonly imagesOnly?: true
}
