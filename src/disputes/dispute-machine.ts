import type { Currency } from '#kernel/currencies.ts'
import type { DisputeMovement, DisputeState, ProviderDispute } from '#providers/disputes.ts'

/** How far a dispute has come; of an appeal, further than the decision that it appeals against. */
const ranks: Readonly<Record<DisputeState, number>> = {
  warning_needs_response: 1,
  warning_under_review: 2,
  warning_closed: 3,
  needs_response: 4,
  under_review: 5,
  prevented: 6,
  lost: 6,
  won: 6,
  appeal_needs_response: 7,
  appeal_under_review: 8,
}

export const disputeStates = Object.keys(ranks) as DisputeState[]

const closed: ReadonlySet<DisputeState> = new Set(['warning_closed', 'won', 'lost', 'prevented'])
const answerable: ReadonlySet<DisputeState> = new Set([
  'warning_needs_response',
  'needs_response',
  'appeal_needs_response',
])

export const isDisputeClosed = (state: DisputeState): boolean => closed.has(state)
/** Evidence can be sent, and is awaited. */
export const isAnswerable = (state: DisputeState): boolean => answerable.has(state)
/** No money moves in an inquiry. */
export const isInquiry = (state: DisputeState): boolean => state.startsWith('warning_')

/** What of ours is held against the provider's view. */
export interface DisputeFacts {
  readonly state: DisputeState
  readonly amount: bigint
  readonly currency: string
  readonly isRefundable: boolean
  readonly submissions: number
  readonly round: number
  readonly isPastDue: boolean
  readonly dueBy: Date | null
  readonly reason: string
  readonly evidence: Readonly<Record<string, string>>
  readonly movements: readonly BookedMovement[]
}

/** What was booked of a dispute: the provider's movements, and what was given up (`lost`; negative when regained). */
export interface BookedMovement {
  readonly ref: string
  readonly kind: 'withdrawn' | 'reinstated' | 'lost'
  readonly amount: bigint
  readonly fee: bigint
  readonly currency: string
}

export type DisputeVerdict =
  | { kind: 'change' | 'unchanged' | 'stale' }
  /** The provider contradicts what is booked. */
  | { kind: 'conflict'; reason: string }

/**
 * What the provider's view means beside ours. Rounds, submissions and movements only ever grow, so a view that has
 * fewer of them is old; and without anything new of these a state never goes back. After a decision only an appeal goes
 * on by itself: whatever else opens it again comes with a new round, submission or movement.
 */
export const judgeDispute = (ours: DisputeFacts, theirs: ProviderDispute): DisputeVerdict => {
  const booked = new Map(ours.movements.map((movement) => [movement.ref, movement]))
  const known = theirs.movements.filter(({ ref }) => booked.has(ref))
  const changed = known.find((movement) => !isSame(movement, booked.get(movement.ref)))
  if (changed) return { kind: 'conflict', reason: `the movement ${changed.ref} is not what it was` }
  const provided = ours.movements.filter(({ kind }) => kind !== 'lost').length
  const growth = [
    theirs.round - ours.round,
    theirs.submissions - ours.submissions,
    theirs.movements.length - known.length,
  ]
  if (known.length < provided || growth.some((more) => more < 0)) return { kind: 'stale' }
  const isNewer = growth.some((more) => more > 0)
  if (!isNewer && !isOnward(ours.state, theirs.state)) return { kind: 'stale' }
  return { kind: isNewer || !isEqual(ours, theirs) ? 'change' : 'unchanged' }
}

const isSame = (theirs: DisputeMovement, ours: BookedMovement | undefined): boolean =>
  ours?.kind === theirs.kind &&
  ours.amount === theirs.amount &&
  ours.fee === theirs.fee &&
  ours.currency === theirs.currency

/** A decision may be corrected by another (a bank's, after an appeal), or follow an appeal that was under way. */
const isOnward = (from: DisputeState, to: DisputeState): boolean =>
  ranks[to] >= ranks[from] || (from.startsWith('appeal_') && (to === 'won' || to === 'lost'))

const isEqual = (ours: DisputeFacts, theirs: ProviderDispute): boolean =>
  ours.state === theirs.state &&
  ours.amount === theirs.amount &&
  ours.currency === theirs.currency &&
  ours.isRefundable === theirs.isRefundable &&
  ours.isPastDue === theirs.isPastDue &&
  ours.dueBy?.getTime() === theirs.dueBy?.getTime() &&
  ours.reason === theirs.reason &&
  sameTexts(ours.evidence, theirs.evidence)

const sameTexts = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string | undefined>>): boolean => {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => a[name] === b[name])
}

export interface DisputeBooking {
  /** Those not booked yet. */
  movements: DisputeMovement[]
  /** What is given up now, by currency; negative where something given up has come back. */
  losses: { currency: Currency; amount: bigint }[]
  /** Nothing stays open: over this dispute 1150 is zero. */
  isSettled: boolean
}

/**
 * What is to be booked, however the news came: each movement once, and once the dispute is over whatever is left of it
 * in any currency. A dispute that is won stays open until the money is back: it is owed until then. Less put back than
 * was taken (another day's rate, a part) is a loss of the rest, more a gain.
 */
export const planBooking = (
  booked: readonly BookedMovement[],
  news: Pick<ProviderDispute, 'state' | 'movements'>,
): DisputeBooking => {
  const refs = new Set(booked.map(({ ref }) => ref))
  const movements = news.movements.filter(({ ref }) => !refs.has(ref))
  const rests = new Map<Currency, bigint>()
  for (const { kind, amount, currency } of [...booked, ...movements] as (BookedMovement & { currency: Currency })[])
    rests.set(currency, (rests.get(currency) ?? 0n) + (kind === 'withdrawn' ? amount : -amount))
  if (!isDecided(news)) return { movements, losses: [], isSettled: false }
  const losses = [...rests].flatMap(([currency, amount]) => (amount === 0n ? [] : [{ currency, amount }]))
  return { movements, losses, isSettled: true }
}

const isDecided = ({ state, movements }: Pick<ProviderDispute, 'state' | 'movements'>): boolean => {
  if (state !== 'won') return isDisputeClosed(state)
  const [last] = movements.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.kind === 'reinstated' ? -1 : 1))
  return last === undefined || last.kind === 'reinstated'
}

const hour = 3_600_000
/** Before the evidence is due, the merchant is reminded so long ahead. */
const reminders = [168 * hour, 48 * hour, 12 * hour] as const

/** When the next reminder is due, after `now`; null when none is. */
export const nextReminder = (state: DisputeState, dueBy: Date | null, now: Date): Date | null => {
  if (!isAnswerable(state) || dueBy === null) return null
  const times = reminders.map((ahead) => new Date(dueBy.getTime() - ahead))
  return times.find((time) => time > now) ?? null
}

/** Why a payment cannot be refunded because of its disputes; null when it can. */
export const refundBlock = (
  disputes: readonly { state: DisputeState; isRefundable: boolean }[],
): 'charge_disputed' | 'refund_disputed_payment' | null => {
  if (disputes.some(({ state, isRefundable }) => !isRefundable && !isDisputeClosed(state))) return 'charge_disputed'
  // The bank has given the payer their money already: a refund would pay it twice.
  return disputes.some(({ state }) => state === 'lost') ? 'refund_disputed_payment' : null
}
