import type { Currency } from '#kernel/currencies.ts'
import type { AccountCode } from './chart.ts'
import type { PostingKind } from './kinds.ts'

/** One line of a posting: debit positive, credit negative, minor units, never zero. */
export interface Leg {
  readonly code: AccountCode
  readonly currency: Currency
  readonly amount: bigint
  /** Whose it is: the user of a wallet, the packet, bill or transfer of a hold, the seller of a payable. Each has an account of its own. */
  readonly holder?: string
  /** Its value in the base currency where that is given, as in a reversal; else the day's rate says. All legs of a currency or none. */
  readonly baseAmount?: bigint
}

/** What the event is called elsewhere; ids only. */
export type Refs = Readonly<
  Partial<Record<'provider' | 'object' | 'balance_transaction' | 'payout' | 'order' | 'message' | 'customer', string>>
>

/** A business event as the ledger books it. `eventKey` is what makes it happen once. */
export interface Posting {
  readonly eventKey: string
  readonly kind: PostingKind
  /** One line of at most 500 characters. Never a person's name: the ledger cannot forget. */
  readonly description: string
  readonly effectiveAt: Date
  /** When the provider makes the money available. */
  readonly valueAt?: Date
  /** The transaction (its UUID) that this one takes back; at most one may. */
  readonly reverses?: string
  readonly refs?: Refs
  readonly legs: readonly Leg[]
}

/** What an event brings along. `effectiveAt` is when it happened at the provider, not when we heard of it. */
export interface Occurrence {
  readonly effectiveAt: Date
  readonly valueAt?: Date
  readonly description?: string
  readonly refs?: Refs
}

/** An occurrence that moves money of one currency. */
export interface MoneyEvent extends Occurrence {
  readonly currency: Currency
}

/** `ref` is the id of what it happened to; with the kind (and `part`, where it happens several times) it is the event's key. */
interface Subject {
  readonly ref: string
  readonly kind: PostingKind
  readonly part?: string
  readonly description: string
  readonly refs?: Refs
}

export type Line = readonly [code: AccountCode, amount: bigint, holder?: string | undefined]

/** A posting in one currency. Lines of zero are left out; an event of no money is no posting. */
export const posting = (event: MoneyEvent, subject: Subject, lines: readonly Line[]): Posting | undefined =>
  postingOfLegs(
    event,
    subject,
    lines.map(([code, amount, holder]) => ({
      code,
      currency: event.currency,
      amount,
      ...(holder === undefined ? {} : { holder }),
    })),
  )

/**
 * A posting in any currencies. Throws a RangeError when a currency does not add up to zero, and when a wallet or a hold
 * has no holder.
 */
export const postingOfLegs = (event: Occurrence, subject: Subject, all: readonly Leg[]): Posting | undefined => {
  const legs = all.filter((leg) => leg.amount !== 0n)
  if (legs.length === 0) return undefined
  const eventKey = [subject.ref, subject.kind, ...(subject.part === undefined ? [] : [subject.part])].join(':')
  requireBalance(eventKey, legs)
  return {
    eventKey,
    kind: subject.kind,
    description: oneLine(event.description ?? subject.description),
    effectiveAt: event.effectiveAt,
    ...(event.valueAt === undefined ? {} : { valueAt: event.valueAt }),
    refs: { object: subject.ref, ...subject.refs, ...event.refs },
    legs,
  }
}

const requireBalance = (eventKey: string, legs: readonly Leg[]): void => {
  const rests = new Map<Currency, bigint>()
  for (const { code, currency, amount, holder = '' } of legs) {
    if (held.has(code) && holder === '') throw new RangeError(`${eventKey} books on ${code} without saying whose it is`)
    rests.set(currency, (rests.get(currency) ?? 0n) + amount)
  }
  for (const [currency, rest] of rests) {
    if (rest !== 0n) throw new RangeError(`${eventKey} is unbalanced by ${rest} ${currency}`)
  }
}

/** Accounts that owe money to somebody in particular. The database keeps each from going below zero. */
const held: ReadonlySet<AccountCode> = new Set(['2020', '2030', '2031', '2032'])

/** Line breaks and other control characters become spaces; what is longer than 500 characters is cut. */
export const oneLine = (text: string): string => {
  const line = text.toWellFormed().replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
  return line.length <= descriptionMax ? line : [...line].slice(0, descriptionMax).join('')
}

const descriptionMax = 500

/** The amount itself, or a RangeError that names it when it is negative. */
export const notNegative = (what: string, amount: bigint): bigint => {
  if (amount < 0n) throw new RangeError(`${what} must not be negative, got ${amount}`)
  return amount
}

/** A part of an amount, which cannot be negative nor exceed it. */
export const partOf = (what: string, part: bigint, whole: bigint): bigint => {
  if (notNegative(what, part) > whole) throw new RangeError(`${what} of ${part} exceeds the ${whole} it is part of`)
  return part
}
