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
  /** The caller knows that this is the payment to follow: its own call's answer, or the page's payment. */
  isCurrent: boolean
}

/** What the rules need to know of the attempt that the provider reports, as we stored it before (if we did). */
export interface ChargeFacts {
  status: 'pending' | 'succeeded' | 'failed'
  amount: bigint
  amountCaptured: bigint
  captured: boolean
  hasFee: boolean
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
    fee?: { ref: string; amount: bigint; currency: string }
  }
}

/** Something that happened to money and must be booked. */
export type MoneyFact =
  | { kind: 'authorized'; total: bigint; before: bigint }
  | { kind: 'released'; total: bigint }
  | { kind: 'captured'; total: bigint }
  | { kind: 'fee' }

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
export const readNews = (intent: IntentFacts, known: ChargeFacts | undefined, news: PaymentNews): NewsVerdict => {
  const mismatch = findMismatch(intent, news)
  if (mismatch) return { kind: 'conflict', reason: mismatch }
  const isKnown = intent.isCurrent || intent.providerRef === news.ref
  if (!isKnown && (intent.providerRef !== null || isIdle(news))) return judgeOther(intent, news)
  if (news.state === 'canceled' && intent.hasPage && isBeforeMoney(intent.status)) return { kind: 'abandoned' }
  const verdict = judgeNews(intent.status, news.state)
  if (verdict === 'conflict')
    return { kind: 'conflict', reason: `the provider holds money (${news.state}) of a canceled payment` }
  if (verdict === 'stale') return { kind: 'stale', reason: `${news.state} is older than ${intent.status}` }
  return describeChange(intent, known, news)
}

const findMismatch = (intent: IntentFacts, news: PaymentNews): string | undefined => {
  if (news.currency !== intent.currency)
    return `the provider's currency is ${news.currency}, ours is ${intent.currency}`
  if (!moneyStates.includes(news.state)) return undefined
  if (news.amount !== intent.amount && news.amount !== intent.amountPending)
    return `the provider's amount is ${news.amount}, ours is ${intent.amount}`
  if (news.amountReceived > news.amount) return `the provider received ${news.amountReceived} of ${news.amount}`
  if (news.amountReceived < intent.amountCaptured)
    return `the provider received ${news.amountReceived}, we booked ${intent.amountCaptured}`
  return undefined
}

/** Neither holds money nor waits for the payer: an attempt that was given up, or has not begun. */
const isIdle = (news: PaymentNews): boolean => !moneyStates.includes(news.state) && news.state !== 'requires_action'

export const isBeforeMoney = (status: IntentStatus): boolean =>
  status === 'requires_payment_method' || status === 'requires_confirmation' || status === 'requires_action'

/** Another payment at the provider than the one we follow: old news, unless it holds money. */
const judgeOther = (intent: IntentFacts, news: PaymentNews): NewsVerdict =>
  moneyStates.includes(news.state)
    ? {
        kind: 'conflict',
        reason: `a second payment ${news.ref} is ${news.state} while ${intent.providerRef} is ${intent.status}`,
      }
    : { kind: 'stale', reason: `${news.ref} is not the payment that is followed` }

const describeChange = (intent: IntentFacts, known: ChargeFacts | undefined, news: PaymentNews): NewsVerdict => {
  const chargeEvents = describeCharge(known, news.charge)
  const isNewFailure = news.charge?.state === 'failed' && known?.status !== 'failed'
  const changed = intent.status !== news.state
  const authorized = authorizedTotal(intent, news)
  const money = describeMoney(intent, known, news)
  if (!changed && chargeEvents.length === 0 && money.length === 0 && authorized === intent.amountAuthorized)
    return { kind: 'unchanged' }
  return {
    kind: 'change',
    status: news.state,
    amount: moneyStates.includes(news.state) ? news.amount : intent.amount,
    amountAuthorized: authorized,
    amountCapturable: news.state === 'requires_capture' ? news.amountCapturable : 0n,
    amountCaptured: news.amountReceived,
    money,
    intentEvents:
      changed || isNewFailure || authorized > intent.amountAuthorized ? intentEvents(news.state, isNewFailure) : [],
    chargeEvents,
  }
}

const authorizedTotal = (intent: IntentFacts, news: PaymentNews): bigint => {
  if (news.state === 'requires_capture') return news.amountCapturable
  if (news.state !== 'succeeded') return intent.amountAuthorized
  // A partial capture leaves the authorised total with the charge, where also those find it who never saw the hold.
  const held = news.charge?.state === 'succeeded' ? news.charge.amount : 0n
  return [held, news.amountReceived].reduce((most, one) => (one > most ? one : most), intent.amountAuthorized)
}

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
  if (charge.captured && !known.captured) return ['charge.captured']
  return (charge.fee && !known.hasFee) || charge.amount !== known.amount ? ['charge.updated'] : []
}

const describeMoney = (intent: IntentFacts, known: ChargeFacts | undefined, news: PaymentNews): MoneyFact[] => {
  const { charge } = news
  if (charge?.state !== 'succeeded') return news.state === 'canceled' ? releaseAll(intent, known) : []
  const wasHeld = intent.captureMethod === 'manual' && known?.status === 'succeeded' && !known.captured
  const facts: MoneyFact[] = []
  if (news.state === 'requires_capture') {
    const before = wasHeld ? known.amount : 0n
    if (charge.amount > before) facts.push({ kind: 'authorized', total: charge.amount, before })
  }
  if (news.state === 'canceled') facts.push(...releaseAll(intent, known))
  if (charge.captured && !known?.captured) {
    if (wasHeld) facts.push({ kind: 'released', total: known.amount })
    if (charge.amountCaptured > 0n) facts.push({ kind: 'captured', total: charge.amountCaptured })
  }
  if (charge.fee && charge.fee.amount > 0n && !known?.hasFee) facts.push({ kind: 'fee' })
  return facts
}

const releaseAll = (intent: IntentFacts, known: ChargeFacts | undefined): MoneyFact[] =>
  intent.status !== 'canceled' && intent.captureMethod === 'manual' && known?.status === 'succeeded' && !known.captured
    ? [{ kind: 'released', total: known.amount }]
    : []
