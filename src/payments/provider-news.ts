import type { IntentStatus } from './intent-machine.ts'
import { judgeNews } from './intent-machine.ts'

/** What the rules need to know of our payment intent. */
export interface IntentFacts {
  status: IntentStatus
  captureMethod: 'automatic' | 'manual'
  amount: bigint
  currency: string
  amountAuthorized: bigint
  amountCaptured: bigint
  providerRef: string | null
  /** The new total of an increment that is under way, which the provider may show before its answer reaches us. */
  amountPending?: bigint | undefined
  /** A hosted page of the provider is (or was last) the way to pay. */
  hasPage: boolean
  /** The payment is with another account than the one whose news this is. */
  isElsewhere?: boolean
  /** The caller knows that this is the payment to follow: its own call's answer, or the page's payment. */
  isCurrent: boolean
}

/** What the rules need to know of the attempt that the provider reports, as we stored it before (if we did). */
export interface ChargeFacts {
  status: 'pending' | 'succeeded' | 'failed'
  amount: bigint
  amountCaptured: bigint
  /** Nothing more can be captured. */
  captured: boolean
  /** The fees that are known of it. */
  feeRefs: readonly string[]
}

/** The provider's view, in the words of its port. */
export interface PaymentNews {
  ref: string
  state: IntentStatus
  amount: bigint
  amountCapturable: bigint
  amountReceived: bigint
  currency: string
  charge?: {
    ref: string
    state: 'pending' | 'succeeded' | 'failed'
    amount: bigint
    amountCaptured: bigint
    captured: boolean
    /** Up to how much may be captured, when that is more than is held. */
    maxCapturable?: bigint
    /** Of the price, what somebody else than the payer paid, or (`settled` false) nobody did. */
    discounts?: readonly { amount: bigint; settled: boolean }[]
    fee?: FeeNews
    moreFees?: readonly FeeNews[]
  }
}

interface FeeNews {
  ref: string
  amount: bigint
  currency: string
}

/** Something that happened to money and must be booked. `total` is all of its kind so far, `before` what is booked of it. */
export type MoneyFact =
  | { kind: 'authorized' | 'released' | 'captured'; total: bigint; before: bigint }
  /** What the provider took off for the merchant's own discounts. */
  | { kind: 'discounted'; amount: bigint }
  | { kind: 'fee'; ref: string }

export type IntentEvent =
  | 'payment_intent.requires_action'
  | 'payment_intent.processing'
  | 'payment_intent.amount_capturable_updated'
  | 'payment_intent.succeeded'
  | 'payment_intent.payment_failed'
  | 'payment_intent.canceled'
export type ChargeEvent = 'charge.pending' | 'charge.succeeded' | 'charge.failed' | 'charge.captured' | 'charge.updated'

export type NewsVerdict =
  | { kind: 'unchanged' }
  | { kind: 'stale'; reason: string }
  /** The hosted page is over without money; the payment can be paid another way. */
  | { kind: 'abandoned' }
  /** Never booked: kept and shown to a person. */
  | { kind: 'conflict'; reason: string }
  | {
      kind: 'change'
      status: IntentStatus
      amount: bigint
      amountAuthorized: bigint
      amountCapturable: bigint
      amountCaptured: bigint
      money: readonly MoneyFact[]
      intentEvents: readonly IntentEvent[]
      chargeEvents: readonly ChargeEvent[]
    }

const moneyStates: readonly IntentStatus[] = ['processing', 'requires_capture', 'succeeded']

/**
 * Compares the provider's view with ours and says what follows. Pure: the same news twice is `unchanged` the second
 * time, old news is `stale`, and an amount, currency or second payment that should not be is a `conflict`.
 */
export const readNews = (intent: IntentFacts, known: ChargeFacts | undefined, told: PaymentNews): NewsVerdict => {
  const news = withTaken(told)
  const mismatch = findMismatch(intent, news)
  if (mismatch) return { kind: 'conflict', reason: mismatch }
  const isKnown = intent.isElsewhere !== true && (intent.isCurrent || intent.providerRef === news.ref)
  const isTaken = intent.isElsewhere === true || intent.providerRef !== null
  if (!isKnown && (isTaken || isIdle(news))) return judgeOther(intent, news)
  if (news.state === 'canceled' && intent.hasPage && isBeforeMoney(intent.status)) return { kind: 'abandoned' }
  const verdict = judgeNews(intent.status, news.state)
  if (verdict === 'conflict')
    return { kind: 'conflict', reason: `the provider holds money (${news.state}) of a canceled payment` }
  if (verdict === 'stale' || isBehind(intent, news))
    return { kind: 'stale', reason: `${news.state} is older than ${intent.status}` }
  return describeChange(intent, known, news)
}

/**
 * A payment and its charge may have been read a moment apart, with a capture in between: what the charge has taken is
 * not held any more.
 */
const withTaken = (news: PaymentNews): PaymentNews => {
  const { state, charge, amountReceived, amountCapturable } = news
  const taken = charge?.state === 'succeeded' ? charge.amountCaptured : 0n
  if (state !== 'requires_capture' || taken <= amountReceived) return news
  return { ...news, amountReceived: taken, amountCapturable: most(amountCapturable - (taken - amountReceived), 0n) }
}

/** A hold that is captured in parts keeps its state; only the amounts tell which news is older. */
const isBehind = (intent: IntentFacts, news: PaymentNews): boolean =>
  news.state === 'requires_capture' && news.amountReceived < intent.amountCaptured

const findMismatch = (intent: IntentFacts, news: PaymentNews): string | undefined => {
  if (news.currency !== intent.currency)
    return `the provider's currency is ${news.currency}, ours is ${intent.currency}`
  if (!moneyStates.includes(news.state)) return undefined
  const overcaptured = isOvercaptured(news)
  const isRaised = overcaptured && news.amount === news.amountReceived && news.amount > intent.amount
  if (news.amount !== intent.amount && news.amount !== intent.amountPending && !isRaised)
    return `the provider's amount is ${news.amount}, ours is ${intent.amount}`
  if (news.amountReceived > news.amount && !overcaptured)
    return `the provider received ${news.amountReceived} of ${news.amount}`
  if (news.amountReceived < intent.amountCaptured && !isBehind(intent, news))
    return `the provider received ${news.amountReceived}, we booked ${intent.amountCaptured}`
  return undefined
}

/** More than was held, and no more than the provider had said may be taken. */
const isOvercaptured = ({ amount, amountReceived, charge }: PaymentNews): boolean =>
  charge?.maxCapturable !== undefined && amountReceived >= amount && amountReceived <= charge.maxCapturable

/** Neither holds money nor waits for the payer: an attempt that was given up, or has not begun. */
const isIdle = (news: PaymentNews): boolean => !moneyStates.includes(news.state) && news.state !== 'requires_action'

/** Whether a payment in this state holds money, or is about to. */
export const holdsMoney = (state: IntentStatus): boolean => moneyStates.includes(state)

export const isBeforeMoney = (status: IntentStatus): boolean =>
  status === 'requires_payment_method' || status === 'requires_confirmation' || status === 'requires_action'

/** Another payment at the provider than the one we follow: old news, unless it holds money. */
const judgeOther = (intent: IntentFacts, news: PaymentNews): NewsVerdict =>
  moneyStates.includes(news.state)
    ? {
        kind: 'conflict',
        reason: `a second payment ${news.ref} is ${news.state} while ${intent.providerRef ?? 'another account'} is ${intent.status}`,
      }
    : { kind: 'stale', reason: `${news.ref} is not the payment that is followed` }

const describeChange = (intent: IntentFacts, known: ChargeFacts | undefined, news: PaymentNews): NewsVerdict => {
  const chargeEvents = describeCharge(known, news.charge)
  const isNewFailure = news.charge?.state === 'failed' && known?.status !== 'failed'
  const changed = intent.status !== news.state
  const authorized = authorizedTotal(intent, news)
  const money = describeMoney(intent, known, news)
  const isPart = news.state === 'requires_capture' && news.amountReceived > intent.amountCaptured
  const isTold = changed || isNewFailure || authorized > intent.amountAuthorized || isPart
  const isSame = !changed && !isPart && authorized === intent.amountAuthorized
  if (isSame && chargeEvents.length === 0 && money.length === 0) return { kind: 'unchanged' }
  return {
    kind: 'change',
    status: news.state,
    amount: moneyStates.includes(news.state) ? news.amount : intent.amount,
    amountAuthorized: authorized,
    amountCapturable: news.state === 'requires_capture' ? news.amountCapturable : 0n,
    amountCaptured: most(news.amountReceived, intent.amountCaptured),
    money,
    intentEvents: isTold ? intentEvents(news.state, isNewFailure) : [],
    chargeEvents,
  }
}

const authorizedTotal = (intent: IntentFacts, news: PaymentNews): bigint => {
  if (news.state === 'requires_capture') return news.amountCapturable + news.amountReceived
  if (news.state !== 'succeeded') return most(news.amountReceived, intent.amountAuthorized)
  // A partial capture leaves the authorised total with the charge, where also those find it who never saw the hold.
  const held = news.charge?.state === 'succeeded' ? news.charge.amount : 0n
  return most(most(held, news.amountReceived), intent.amountAuthorized)
}

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)

const intentEvents = (state: IntentStatus, isNewFailure: boolean): IntentEvent[] => {
  const byState: Record<IntentStatus, IntentEvent[]> = {
    requires_payment_method: isNewFailure ? ['payment_intent.payment_failed'] : [],
    requires_confirmation: [],
    requires_action: ['payment_intent.requires_action'],
    processing: ['payment_intent.processing'],
    requires_capture: ['payment_intent.amount_capturable_updated'],
    succeeded: ['payment_intent.succeeded'],
    canceled: ['payment_intent.canceled'],
  }
  return byState[state]
}

const describeCharge = (known: ChargeFacts | undefined, charge: PaymentNews['charge']): ChargeEvent[] => {
  if (!charge) return []
  if (known?.status !== charge.state) {
    const first: Record<typeof charge.state, ChargeEvent> = {
      pending: 'charge.pending',
      succeeded: 'charge.succeeded',
      failed: 'charge.failed',
    }
    return [first[charge.state]]
  }
  if (charge.amountCaptured > bookedCapture(known)) return ['charge.captured']
  const isUpdated = charge.amount !== known.amount || charge.captured !== known.captured
  return isUpdated || newFees(known, charge).length > 0 ? ['charge.updated'] : []
}

/** What is captured of a known attempt in our books; one that is pending may say so before it is. */
const bookedCapture = (known: ChargeFacts | undefined): bigint =>
  known?.status === 'succeeded' ? known.amountCaptured : 0n

const newFees = (known: ChargeFacts | undefined, charge: NonNullable<PaymentNews['charge']>): FeeNews[] =>
  [...(charge.fee ? [charge.fee] : []), ...(charge.moreFees ?? [])].filter(
    ({ ref }) => known?.feeRefs.includes(ref) !== true,
  )

const describeMoney = (intent: IntentFacts, known: ChargeFacts | undefined, news: PaymentNews): MoneyFact[] => {
  const { charge } = news
  if (charge?.state !== 'succeeded') return news.state === 'canceled' ? releaseRest(intent, known) : []
  const wasHeld = intent.captureMethod === 'manual' && known?.status === 'succeeded' && !known.captured
  const isHeld = news.state === 'requires_capture'
  const before = wasHeld ? known.amount : 0n
  // A capture takes its part out of what is held; the last one, or a cancellation, all the rest.
  const released = isHeld
    ? { total: charge.amountCaptured, before: wasHeld ? known.amountCaptured : 0n }
    : { total: before, before: wasHeld ? known.amountCaptured : 0n }
  const isOver = charge.captured || news.state === 'canceled'
  return [
    ...(isHeld ? grown('authorized', { total: charge.amount, before }) : []),
    ...(isHeld || (isOver && intent.status !== 'canceled') ? grown('released', released) : []),
    ...grown('captured', { total: charge.amountCaptured, before: bookedCapture(known) }),
    ...(bookedCapture(known) === 0n && charge.amountCaptured > 0n ? ownDiscounts(charge.discounts) : []),
    ...newFees(known, charge).flatMap(({ ref, amount }) => (amount > 0n ? [{ kind: 'fee' as const, ref }] : [])),
  ]
}

const ownDiscounts = (discounts: NonNullable<PaymentNews['charge']>['discounts'] = []): MoneyFact[] => {
  const amount = discounts.reduce((sum, one) => (one.settled ? sum : sum + one.amount), 0n)
  return amount > 0n ? [{ kind: 'discounted', amount }] : []
}

const grown = (kind: 'authorized' | 'released' | 'captured', { total, before }: { total: bigint; before: bigint }) =>
  total > before ? [{ kind, total, before }] : []

const releaseRest = (intent: IntentFacts, known: ChargeFacts | undefined): MoneyFact[] =>
  intent.status !== 'canceled' && intent.captureMethod === 'manual' && known?.status === 'succeeded' && !known.captured
    ? grown('released', { total: known.amount, before: known.amountCaptured })
    : []
