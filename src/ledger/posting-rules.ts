import type { Currency } from '#kernel/currencies.ts'
import { allocate } from '#kernel/money.ts'
import type { AccountCode } from './chart.ts'

/** One line of a posting: debit positive, credit negative, minor units, never zero. */
export interface Leg {
  readonly code: AccountCode
  readonly currency: Currency
  readonly amount: bigint
  /** Whose wallet or hold it is (2020, 2030–2032): an account of its own for each. */
  readonly holder?: string
}

/** What the event is called elsewhere; ids only. */
export type Refs = Readonly<
  Partial<Record<'provider' | 'object' | 'balance_transaction' | 'payout' | 'order' | 'message' | 'customer', string>>
>

/** A business event as the ledger books it. `eventKey` is what makes it happen once. */
export interface Posting {
  readonly eventKey: string
  readonly kind: string
  /** Never a person's name: the ledger cannot forget. */
  readonly description: string
  readonly effectiveAt: Date
  /** When the provider makes the money available. */
  readonly valueAt?: Date
  /** The transaction (its UUID) that this one takes back; at most one may. */
  readonly reverses?: string
  readonly refs?: Refs
  readonly legs: readonly Leg[]
}

/** What every event carries. `effectiveAt` is when it happened at the provider, not when we heard of it. */
interface Event {
  readonly currency: Currency
  readonly effectiveAt: Date
  readonly description?: string
}

/**
 * Authorised: Dr 9010 / Cr 9011. `total` is all that the charge is authorised for, `before` what was authorised (and
 * booked) earlier: an increment books the difference.
 */
export const postAuthorized = (
  event: Event & { providerChargeRef: string; total: bigint; before?: bigint },
): Posting | undefined => {
  const { providerChargeRef: ref, total, before = 0n } = event
  const amount = notNegative('an increment', total - notNegative('an authorisation', before))
  const eventKey = before === 0n ? `${ref}:auth` : `${ref}:auth:${total}`
  return posting(event, eventKey, 'auth', `Authorised ${ref}`, [
    ['9010', amount],
    ['9011', -amount],
  ])
}

/** Released on capture, cancellation or expiry, always the whole authorised total: Dr 9011 / Cr 9010. */
export const postReleased = (event: Event & { providerChargeRef: string; total: bigint }): Posting | undefined => {
  const amount = notNegative('a release', event.total)
  const ref = event.providerChargeRef
  return posting(event, `${ref}:auth_release`, 'auth_release', `Released ${ref}`, [
    ['9011', amount],
    ['9010', -amount],
  ])
}

/** What a captured amount is made of, from the order lines. */
export interface CaptureParts {
  readonly goods: bigint
  readonly shipping: bigint
  readonly tax: bigint
  readonly tip: bigint
}

/** Captured, we are the merchant: Dr 1110 / Cr 4010 · 4020 · 2310 · 2060. Without parts all of it is sales. */
export const postCaptured = (
  event: Event & { providerChargeRef: string; total: bigint; parts?: CaptureParts },
): Posting | undefined => {
  const { providerChargeRef: ref, parts = { goods: event.total, shipping: 0n, tax: 0n, tip: 0n } } = event
  const total = notNegative('a capture', event.total)
  for (const [name, part] of Object.entries(parts)) notNegative(name, part)
  const sum = parts.goods + parts.shipping + parts.tax + parts.tip
  if (sum !== total) throw new RangeError(`the parts of ${ref} add up to ${sum}, not to ${total}`)
  return posting(event, `${ref}:capture`, 'capture', `Captured ${ref}`, [
    ['1110', total],
    ['4010', -parts.goods],
    ['4020', -parts.shipping],
    ['2310', -parts.tax],
    ['2060', -parts.tip],
  ])
}

/** The parts of a partial capture: the order's parts pro rata, by largest remainder. */
export const scaleParts = (parts: CaptureParts, total: bigint): CaptureParts => {
  const [goods = 0n, shipping = 0n, tax = 0n, tip = 0n] = allocate(total, [
    parts.goods,
    parts.shipping,
    parts.tax,
    parts.tip,
  ])
  return { goods, shipping, tax, tip }
}

/** The provider's fee: Dr 5010 (+ 1230 for VAT that is recoverable) / Cr 1110. A fee given back is negative. */
export const postFee = (
  event: Event & { balanceRef: string; amount: bigint; recoverableTax?: bigint },
): Posting | undefined => {
  const { balanceRef: ref, amount, recoverableTax = 0n } = event
  return posting(event, `${ref}:fee`, 'fee', `Processing fee ${ref}`, [
    ['5010', amount - recoverableTax],
    ['1230', recoverableTax],
    ['1110', -amount],
  ])
}

/**
 * What of a payment may still be refunded, by the account that the refund debits: 4090 for goods and shipping, 2310
 * for tax, 2060 for tips, and 2040 for refunds that failed after they were booked and are owed since.
 */
export interface Refundable {
  readonly sales: bigint
  readonly tax: bigint
  readonly tip: bigint
  readonly owed: bigint
}

/** What may be refunded right after a capture. */
export const refundableOf = (parts: CaptureParts): Refundable => ({
  sales: parts.goods + parts.shipping,
  tax: parts.tax,
  tip: parts.tip,
  owed: 0n,
})

/**
 * Refunded: Dr 4090 · 2310 · 2060 / Cr 1110. An earlier refund that failed is owed already (2040) and is settled
 * first, so that the revenue is not taken back twice. The rest falls pro rata on what is *left* of each leg: no leg
 * can exceed what was captured, and the last refund takes exactly the rest. (Pro rata on the captured total would
 * not do: by largest remainder a part may shrink while the whole grows.) Without `left` all of it is sales.
 */
export const postRefunded = (
  event: Event & { refundId: string; amount: bigint; left?: Refundable },
): Posting | undefined => {
  const { refundId, left = { sales: event.amount, tax: 0n, tip: 0n, owed: 0n } } = event
  const amount = notNegative('a refund', event.amount)
  if (amount === 0n) return undefined
  const parts = refundLegs(amount, left)
  return posting(event, `${refundId}:refund`, 'refund', `Refund ${refundId}`, [
    ['2040', parts.owed],
    ['4090', parts.sales],
    ['2310', parts.tax],
    ['2060', parts.tip],
    ['1110', -amount],
  ])
}

/** How a refund falls on the legs of its payment. */
export const refundLegs = (amount: bigint, left: Refundable): Refundable => {
  for (const [name, part] of Object.entries(left)) notNegative(name, part)
  const open = left.sales + left.tax + left.tip
  if (amount > open + left.owed) throw new RangeError(`a refund of ${amount} exceeds the ${open + left.owed} left`)
  const owed = amount < left.owed ? amount : left.owed
  if (amount === owed) return { owed, sales: 0n, tax: 0n, tip: 0n }
  const [sales = 0n, tax = 0n, tip = 0n] = allocate(amount - owed, [left.sales, left.tax, left.tip])
  return { owed, sales, tax, tip }
}

/**
 * A refund that had been booked and then failed at the issuer: the money is back at the provider but the payer is
 * still owed it, so the sale is not restored. Dr 1110 / Cr 2040.
 */
export const postRefundFailed = (event: Event & { refundId: string; amount: bigint }): Posting | undefined => {
  const amount = notNegative('a refund', event.amount)
  const { refundId } = event
  return posting(event, `${refundId}:refund_failure`, 'refund_failure', `Refund failed ${refundId}`, [
    ['1110', amount],
    ['2040', -amount],
  ])
}

/** The opposite of any posting. Its key admits one reversal per original, whose own reversal has its own key. */
export const reversePosting = (original: Posting, reversal: { effectiveAt: Date; description?: string }): Posting => ({
  eventKey: `${original.eventKey}:reversal`,
  kind: 'reversal',
  description: reversal.description ?? `Reversal of ${original.eventKey}`,
  effectiveAt: reversal.effectiveAt,
  legs: original.legs.map((leg) => ({ ...leg, amount: -leg.amount })),
})

/** An event of no money is no posting. */
const posting = (
  event: Event,
  eventKey: string,
  kind: string,
  description: string,
  lines: readonly (readonly [AccountCode, bigint])[],
): Posting | undefined => {
  const legs = lines
    .filter(([, amount]) => amount !== 0n)
    .map(([code, amount]) => ({ code, currency: event.currency, amount }))
  if (legs.length === 0) return undefined
  return { eventKey, kind, description: event.description ?? description, effectiveAt: event.effectiveAt, legs }
}

const notNegative = (what: string, amount: bigint): bigint => {
  if (amount < 0n) throw new RangeError(`${what} must not be negative, got ${amount}`)
  return amount
}
