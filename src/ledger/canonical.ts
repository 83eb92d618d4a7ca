/**
 * A transaction as its seal signs for it. Ids are public (`ltx_…`), amounts minor units with debit positive, moments
 * text of the form 2026-11-30T12:00:00.000000Z (UTC, always six digits: JavaScript's dates would lose three).
 */
export interface SealedTransaction {
  /** Its number in the merchant's chain, from 1 and without a gap. */
  readonly seq: bigint
  readonly id: string
  readonly eventKey: string
  readonly kind: string
  /** As it was written: not the form that files clean of line breaks. */
  readonly description: string
  readonly effectiveAt: string
  readonly originalEffectiveAt: string | null
  readonly createdAt: string
  readonly valueAt: string | null
  readonly paymentIntent: string | null
  readonly refund: string | null
  readonly thread: string | null
  /** The transaction that this one takes back. */
  readonly reverses: string | null
  readonly baseCurrency: string
  readonly refs: Readonly<Record<string, string>>
  /** By line, from 1. */
  readonly entries: readonly SealedEntry[]
}

export interface SealedEntry {
  readonly line: number
  /** Code of the account in the chart: 1110. */
  readonly account: string
  /** Whose wallet or hold it is; empty for all other accounts. */
  readonly holder: string
  readonly currency: string
  readonly amount: bigint
  readonly baseAmount: bigint
}

/**
 * The bytes that are hashed: UTF-8 of one JSON array without white space, whose members are strings, null or arrays:
 *
 *     [seq, id, event_key, kind, description, effective_at, original_effective_at, posted_at, value_at,
 *      payment_intent, refund, thread, reverses, base_currency,
 *      [[name, value], …], [[line, account_code, holder, currency, amount, base_amount], …]]
 *
 * Numbers are decimal strings, what is missing is null, refs are pairs by name (byte order), entries go by line.
 * Strings are escaped as JSON.stringify does it, which is also what Python writes with
 * `json.dumps(row, ensure_ascii=False, separators=(',', ':'))`. Then
 * `hash(seq) = SHA-256(hash(seq − 1) ‖ bytes(seq))`, and `hash(0)` is 32 zero bytes.
 *
 * A JSON Lines export has one object per entry. The chain is recomputed from these members: `seq`, `journal_id` (id),
 * `event_key`, `kind`, `description` (as written), `effective_at`, `original_effective_at`, `posted_at`, `value_at`,
 * `payment_intent_id`, `refund_id`, `thread_id`, `reverses_journal_id`, `base_currency`, `refs` (an object), `line`,
 * `account_code`, `holder`, `currency`, `amount_minor`, `base_amount_minor`; and compared with `chain_hash`
 * (hexadecimal). What is missing is null there, never an empty string; only `holder` and `description` may be empty.
 */
export const canonicalText = (transaction: SealedTransaction): string =>
  JSON.stringify([
    String(transaction.seq),
    transaction.id,
    transaction.eventKey,
    transaction.kind,
    transaction.description,
    transaction.effectiveAt,
    transaction.originalEffectiveAt,
    transaction.createdAt,
    transaction.valueAt,
    transaction.paymentIntent,
    transaction.refund,
    transaction.thread,
    transaction.reverses,
    transaction.baseCurrency,
    Object.entries(transaction.refs).sort(([a], [b]) => (a < b ? -1 : 1)),
    transaction.entries.map((entry) => [
      String(entry.line),
      entry.account,
      entry.holder,
      entry.currency,
      String(entry.amount),
      String(entry.baseAmount),
    ]),
  ])

/** What the first seal of a chain is made of instead of the one before it. */
export const chainStart: Uint8Array = new Uint8Array(32)

/** The text that a checkpoint's Ed25519 signature covers. `merchant` is the public id, `hash` hexadecimal. */
export const checkpointText = (merchant: string, seq: bigint, hash: string): string =>
  `parley ledger checkpoint\n${merchant}\n${seq}\n${hash}\n`
