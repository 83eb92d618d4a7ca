import type { ProviderTags } from './provider.ts'

/** A verified notification of the provider, reduced to what we act on. */
export interface ProviderNotice {
  /** The provider's event id, the key of deduplication. */
  ref: string
  type: string
  createdAt: Date
  livemode: boolean
  /** What to look at: the object is always fetched fresh, so old or reordered news change nothing. */
  subject:
    | { kind: 'payment'; ref: string }
    | { kind: 'charge'; ref: string; paymentRef?: string }
    | { kind: 'refund'; ref: string; paymentRef?: string }
    | { kind: 'page'; ref: string; paymentRef?: string }
    | { kind: 'dispute'; ref: string; paymentRef?: string }
    | { kind: 'setup'; ref: string }
    /** A method that may be kept: it was changed, replaced or detached there. */
    | { kind: 'method'; ref: string }
    /** Money to a person; `key`: the idempotency key that sent it, where the provider tells it. */
    | { kind: 'transfer'; ref: string; key?: string }
    | { kind: 'payout'; ref: string }
    /** Money became available, or is missing. */
    | { kind: 'balance' }
    /** Known and of no interest (a customer was updated …). */
    | { kind: 'ignored' }
    /** A type we do not know: parked for a person. */
    | { kind: 'unknown' }
  tags: ProviderTags
  /** Whose it is, when that is an account connected to ours and not our own. */
  account?: string
}
