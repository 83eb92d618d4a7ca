import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type {
  BalanceEntryKind,
  BalanceEntrySource,
  MoneyCalls,
  MoneyPage,
  ProviderBalanceEntry,
  ProviderPayout,
  ProviderPayoutState,
} from '#providers/money.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import { currencyFromWire, fromWire, UnmappedError } from './amounts.ts'
import { lookup } from './client.ts'
import { applicationFeeIn, mapTags, refOf } from './mapping.ts'
import { lookUp } from './states.ts'

/** Balance transactions and payouts, as Stripe tells them. */
export const stripeMoney = (stripe: Stripe): MoneyCalls => ({
  listEntries: ({ cursor, ...query }) =>
    page(
      () =>
        stripe.balanceTransactions.list({
          limit: 100,
          expand: source.map((path) => `data.${path}`),
          ...('payoutRef' in query ? { payout: query.payoutRef } : { created: { gte: unixSeconds(query.since) } }),
          ...(cursor === undefined ? {} : { starting_after: cursor }),
        }),
      mapEntry,
    ),
  findEntry: ({ entryRef }) =>
    lookup(async () => mapEntry(await stripe.balanceTransactions.retrieve(entryRef, { expand: source }))),
  findPayout: ({ payoutRef }) => lookup(async () => mapPayout(await stripe.payouts.retrieve(payoutRef))),
  listPayouts: ({ since, cursor }) =>
    page(
      () =>
        stripe.payouts.list({
          limit: 100,
          created: { gte: unixSeconds(since) },
          ...(cursor === undefined ? {} : { starting_after: cursor }),
        }),
      mapPayout,
    ),
})

/** With what a reversal or a returned fee belongs to: only that says of which charge it is. */
const source = ['source', 'source.transfer', 'source.fee']

/** One page, newest first; the last object's id is the way to the next. */
const page = async <S extends { id: string }, T>(
  list: () => Stripe.ApiListPromise<S>,
  map: (object: S) => T,
): Promise<ProviderAnswer<MoneyPage<T>>> => {
  const answer = await lookup(async (): Promise<MoneyPage<T>> => {
    const { object, data, has_more: hasMore } = await list()
    if (object !== 'list' || !Array.isArray(data)) throw new UnmappedError('no list but', object)
    const last = data.at(-1)
    return { data: data.map(map), ...(hasMore && last ? { next: last.id } : {}) }
  })
  if (answer.outcome !== 'ok') return answer
  return answer.value ? { outcome: 'ok', value: answer.value } : { outcome: 'unknown', reason: 'the cursor is gone' }
}

export const mapEntry = (entry: Stripe.BalanceTransaction): ProviderBalanceEntry => {
  if (entry.object !== 'balance_transaction') throw new UnmappedError('no balance transaction but', entry.object)
  const currency = currencyFromWire(entry.currency, 'currency')
  const amount = (field: 'amount' | 'fee' | 'net') => fromWire(entry[field], currency, field)
  const net = amount('net')
  if (net !== amount('amount') - amount('fee'))
    throw new UnmappedError('a net amount that is not amount − fee', entry.id)
  const source = mapSource(entry.source)
  const applicationFee = applicationFeeIn(entry, currency)
  return {
    ref: entry.id,
    kind: kindOf(entry.reporting_category, net, source),
    type: entry.type,
    category: entry.reporting_category,
    amount: amount('amount'),
    fee: amount('fee'),
    ...(applicationFee === undefined ? {} : { applicationFee }),
    net,
    currency,
    ...(source ? { source } : {}),
    ...(entry.description ? { description: entry.description } : {}),
    availableOn: time(entry.available_on, 'available_on'),
    createdAt: time(entry.created, 'created'),
    status: lookUp(entryStates, entry.status, 'state of a balance transaction'),
  }
}

const entryStates = { pending: 'pending', available: 'available' } as const

/**
 * Stripe's reporting categories; what is not here is `other`, which somebody has to look at.
 * Source: docs.stripe.com/reports/reporting-categories.
 */
const kinds: Readonly<Record<string, BalanceEntryKind | 'reserve'>> = {
  charge: 'charge',
  partial_capture_reversal: 'charge',
  charge_failure: 'charge_failure',
  refund: 'refund',
  refund_failure: 'refund_failure',
  dispute: 'dispute',
  dispute_reversal: 'dispute_reversal',
  fee: 'fee',
  network_cost: 'fee',
  tax: 'fee',
  payout: 'payout',
  payout_reversal: 'payout_reversal',
  payout_minimum_balance_hold: 'reserve',
  payout_minimum_balance_release: 'reserve',
  risk_reserved_funds: 'reserve',
  connect_reserved_funds: 'reserve',
}

const kindOf = (category: string, net: bigint, source: BalanceEntrySource | undefined): BalanceEntryKind => {
  if (source?.chargeRef !== undefined && Object.hasOwn(soldKinds, category)) return soldKinds[category] ?? 'other'
  const kind = Object.hasOwn(kinds, category) ? kinds[category] : undefined
  if (kind !== 'reserve') return kind ?? 'other'
  return net < 0n ? 'reserve_hold' : 'reserve_release'
}

/** Of a destination charge. Without one they are transfers and fees of another kind, which somebody has to look at. */
const soldKinds: Readonly<Record<string, BalanceEntryKind>> = {
  transfer: 'transfer',
  transfer_reversal: 'transfer_reversal',
  platform_earning: 'application_fee',
  platform_earning_refund: 'application_fee_refund',
}

/** The object itself, as it is asked for; an id alone when Stripe does not show it. */
const mapSource = (source: Stripe.BalanceTransaction['source']): BalanceEntrySource | undefined => {
  const ref = refOf(source)
  if (ref === undefined) return undefined
  if (typeof source === 'string' || source === null) return { kind: 'other', ref, tags: {} }
  const shown: Shown = source
  const kind = Object.hasOwn(sources, shown.object) ? sources[shown.object] : undefined
  const chargeRef = kind === 'charge' ? ref : chargeBehind(shown)
  const paymentRef = refOf(shown.payment_intent)
  return {
    kind: kind ?? 'other',
    ref,
    ...(chargeRef ? { chargeRef } : {}),
    ...(paymentRef ? { paymentRef } : {}),
    tags: mapTags(shown.metadata),
  }
}

interface Shown {
  readonly object: string
  readonly charge?: unknown
  readonly payment_intent?: unknown
  readonly metadata?: unknown
  readonly transfer?: unknown
  readonly source_transaction?: unknown
  readonly fee?: unknown
  readonly originating_transaction?: unknown
}

/** The charge on this account. The `charge` of an application fee is on the other one. */
const chargeBehind = (shown: Shown): string | undefined => {
  const { object, transfer, fee } = shown
  if (object === 'transfer') return refOf(shown.source_transaction)
  if (object === 'application_fee') return refOf(shown.originating_transaction)
  if (object === 'transfer_reversal') return isShown(transfer) ? chargeBehind(transfer) : undefined
  if (object === 'fee_refund') return isShown(fee) ? chargeBehind(fee) : undefined
  return refOf(shown.charge)
}

const isShown = (value: unknown): value is Shown => typeof value === 'object' && value !== null && 'object' in value

const sources: Readonly<Record<string, BalanceEntrySource['kind']>> = {
  charge: 'charge',
  refund: 'refund',
  dispute: 'dispute',
  payout: 'payout',
}

export const mapPayout = (payout: Stripe.Payout): ProviderPayout => {
  if (payout.object !== 'payout') throw new UnmappedError('no payout but', payout.object)
  const currency = currencyFromWire(payout.currency, 'currency')
  const entryRef = refOf(payout.balance_transaction)
  const failureEntryRef = refOf(payout.failure_balance_transaction)
  return {
    ref: payout.id,
    state: lookUp(payoutStates, payout.status, 'state of a payout'),
    amount: fromWire(payout.amount, currency, 'amount'),
    currency,
    arrivalDate: time(payout.arrival_date, 'arrival_date'),
    automatic: payout.automatic,
    method: lookUp(payoutMethods, payout.method, 'method of a payout'),
    isComposed: payout.automatic && payout.reconciliation_status === 'completed',
    ...(entryRef ? { entryRef } : {}),
    ...(failureEntryRef ? { failureEntryRef } : {}),
    ...(payout.failure_code ? { failureCode: payout.failure_code } : {}),
    ...(payout.failure_message ? { failureMessage: payout.failure_message } : {}),
    ...(payout.trace_id?.value ? { traceRef: payout.trace_id.value } : {}),
    ...(payout.description ? { description: payout.description } : {}),
    ...(payout.statement_descriptor ? { statementDescriptor: payout.statement_descriptor } : {}),
    livemode: payout.livemode,
    createdAt: time(payout.created, 'created'),
  }
}

/** Typed as plain text by the SDK; these are the documented ones. */
const payoutStates = {
  pending: 'pending',
  in_transit: 'in_transit',
  paid: 'paid',
  failed: 'failed',
  canceled: 'canceled',
} as const satisfies Record<ProviderPayoutState, ProviderPayoutState>
const payoutMethods = { standard: 'standard', instant: 'instant' } as const

const time = (value: unknown, what: string): Date => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return new Date(value * 1000)
  throw new UnmappedError(what, value)
}
