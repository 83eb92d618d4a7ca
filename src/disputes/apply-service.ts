import type { Currency } from '#kernel/currencies.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import {
  postDisputed,
  postDisputeFeeReturned,
  postDisputeLost,
  postDisputeRegained,
  postDisputeWon,
} from '#ledger/dispute-rules.ts'
import { readHeld } from '#ledger/held-repo.ts'
import { readGivenBack } from '#ledger/marketplace-repo.ts'
import { sellerPart } from '#ledger/marketplace-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { postLedger } from '#ledger/repo.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { ChargeRow } from '#payments/charge-view.ts'
import { billOf, type IntentRow } from '#payments/intent-view.ts'
import { saleOfCharge } from '#payments/transfer.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { DisputeMovement, ProviderDispute } from '#providers/disputes.ts'
import {
  type DisputeBooking,
  type DisputeVerdict,
  isDisputeClosed,
  judgeDispute,
  nextReminder,
  planBooking,
  refundBlock,
} from './dispute-machine.ts'
import { type DisputeRow, type MovementRow, showDispute } from './dispute-view.ts'
import {
  findDisputesOfCharge,
  insertDispute,
  insertMovements,
  listMovements,
  markCharge,
  readWhole,
  updateDispute,
} from './repo.ts'

export interface AppliedDispute {
  row: DisputeRow
  verdict: DisputeVerdict
}

interface Disputed {
  /** Locked. */
  intent: IntentRow
  charge: ChargeRow
  /** Whose account took the payment. */
  connectionId: string | null
}

/**
 * Writes down a dispute that is not known yet, with its ledger and events, in the caller's transaction. Undefined when
 * somebody else has done so meanwhile.
 */
export const openDispute = async (
  tx: Tx,
  deps: PaymentDeps,
  disputed: Disputed,
  news: ProviderDispute,
): Promise<DisputeRow | undefined> => {
  const now = deps.clock.now()
  const { intent, charge, connectionId } = disputed
  const plan = planBooking([], news)
  const row = await insertDispute(tx, {
    merchant_id: intent.merchant_id,
    id: newUuid(),
    payment_intent_id: intent.id,
    charge_id: charge.id,
    provider: charge.provider,
    provider_connection_id: connectionId,
    provider_ref: news.ref,
    metadata: {},
    livemode: intent.livemode,
    version: 1,
    opened_at: news.createdAt,
    created_at: now,
    updated_at: now,
    checked_at: now,
    reminded_at: null,
    ...viewOf(news, plan, now, null),
  })
  if (row) await follow(tx, deps, disputed, undefined, row, plan)
  return row
}

/** Brings a locked dispute to the provider's view. The same view twice, or an older one, changes nothing. */
export const applyDispute = async (
  tx: Tx,
  deps: PaymentDeps,
  disputed: Disputed,
  before: DisputeRow,
  news: ProviderDispute,
): Promise<AppliedDispute> => {
  const now = deps.clock.now()
  const booked = await listMovements(tx, before.merchant_id, [before.id])
  const verdict = judgeDispute(factsOf(before, booked), news)
  if (verdict.kind !== 'change') return { row: before, verdict }
  const plan = planBooking(booked, news)
  const row = await updateDispute(tx, before, viewOf(news, plan, now, before.settled_at), now)
  await follow(tx, deps, disputed, before, row, plan)
  return { row, verdict }
}

/** What of a dispute is held against the provider's view. */
export const factsOf = (row: DisputeRow, movements: readonly MovementRow[]) => ({
  state: row.state,
  amount: row.amount,
  currency: row.currency,
  isRefundable: row.is_refundable,
  submissions: row.submissions,
  round: row.round,
  isPastDue: row.is_past_due,
  dueBy: row.due_by,
  reason: row.reason,
  evidence: row.evidence,
  movements,
})

const viewOf = (news: ProviderDispute, plan: DisputeBooking, now: Date, settledAt: Date | null) => ({
  state: news.state,
  reason: news.reason,
  amount: news.amount,
  currency: news.currency,
  is_refundable: news.isRefundable,
  due_by: news.dueBy ?? null,
  is_past_due: news.isPastDue,
  submissions: news.submissions,
  round: news.round,
  evidence: { ...news.evidence } as Record<string, string>,
  network: { ...news.network },
  statement: news.statement ?? null,
  settled_at: plan.isSettled ? (settledAt ?? now) : null,
  next_reminder_at: nextReminder(news.state, news.dueBy ?? null, now),
})

/** What goes with the row: its movements and losses, the ledger, the charge's mark and the events. */
const follow = async (
  tx: Tx,
  deps: PaymentDeps,
  disputed: Disputed,
  before: DisputeRow | undefined,
  row: DisputeRow,
  plan: DisputeBooking,
): Promise<void> => {
  await book(tx, deps, disputed, row, plan)
  const all = await findDisputesOfCharge(tx, row.merchant_id, row.charge_id)
  const facts = all.map((one) => ({ state: one.state, isRefundable: one.is_refundable }))
  await markCharge(tx, row, { dispute_id: all.at(-1)?.id ?? row.id, refund_block: refundBlock(facts) })
  const [whole] = await readWhole(tx, [row])
  if (!whole) return
  const object = showDispute(whole)
  const previousAttributes = before && before.state !== row.state ? { status: before.state } : {}
  await appendEvents(
    tx,
    eventTypes(before, row, plan).map((type) => ({
      merchantId: row.merchant_id,
      type,
      objectId: row.id,
      threadId: whole.threadId,
      paymentIntentId: row.payment_intent_id,
      object,
      previousAttributes,
      livemode: row.livemode,
      createdAt: deps.clock.now(),
    })),
  )
}

const eventTypes = (before: DisputeRow | undefined, row: DisputeRow, { movements }: DisputeBooking): string[] => {
  const hasClosed = isDisputeClosed(row.state) && !(before && isDisputeClosed(before.state))
  const has = (kind: DisputeMovement['kind']) => movements.some((movement) => movement.kind === kind)
  return [
    before ? 'charge.dispute.updated' : 'charge.dispute.created',
    ...(has('withdrawn') ? ['charge.dispute.funds_withdrawn'] : []),
    ...(has('reinstated') ? ['charge.dispute.funds_reinstated'] : []),
    ...(hasClosed ? ['charge.dispute.closed'] : []),
  ]
}

const book = async (
  tx: Tx,
  deps: PaymentDeps,
  { intent, charge }: Disputed,
  row: DisputeRow,
  { movements, losses }: DisputeBooking,
): Promise<void> => {
  const now = deps.clock.now()
  const key = { merchant_id: row.merchant_id, dispute_id: row.id }
  const known = await listMovements(tx, row.merchant_id, [row.id])
  const number = known.filter(({ kind }) => kind === 'lost').length
  const lost = losses.map((loss, index) => ({ ...loss, ref: `lost ${number + index + 1}` }))
  await insertMovements(tx, [
    ...movements.map(({ at, availableOn, ...movement }) => ({
      ...key,
      ...movement,
      available_on: availableOn,
      occurred_at: at,
    })),
    ...lost.map((loss) => ({ ...key, ...loss, kind: 'lost' as const, fee: 0n, available_on: now, occurred_at: now })),
  ])
  const share = lost.length === 0 ? undefined : await shareOf(tx, intent)
  const sold = lost.length === 0 ? [] : await soldParts(tx, { intent, charge }, lost)
  const subject = { disputeRef: showId('dispute', row.id), refs: { provider: row.provider, object: row.provider_ref } }
  const postings = [
    ...movements.flatMap((movement) => postingsOf(subject, movement, now)),
    ...lost.map(({ amount, currency, ref: part }, index) => {
      const event = { ...subject, part, currency, effectiveAt: now, sold: sold[index] }
      if (amount < 0n) return postDisputeRegained({ ...event, amount: -amount })
      const isShare = share && currency === charge.currency
      return postDisputeLost({
        ...event,
        amount,
        ...(isShare ? { share: { ...share, amount: least(share.amount, amount) } } : {}),
      })
    }),
  ]
  const links = { merchantId: row.merchant_id, paymentIntentId: intent.id, refundId: null, threadId: intent.thread_id }
  await postLedger(
    tx,
    postings.flatMap((posting) => (posting ? [{ ...links, posting }] : [])),
    now,
  )
}

interface Subject {
  disputeRef: string
  refs: { provider: string; object: string }
}

/** In the currency of the balance that it moved: that is what the provider took, whatever the payer had paid in. */
const postingsOf = (subject: Subject, movement: DisputeMovement, now: Date): (Posting | undefined)[] => {
  const event = {
    ...subject,
    refs: { ...subject.refs, balance_transaction: movement.ref },
    part: movement.ref,
    currency: movement.currency,
    effectiveAt: movement.at < now ? movement.at : now,
    valueAt: movement.availableOn,
  }
  const isWithdrawn = movement.kind === 'withdrawn'
  const fee = movement.fee > 0n ? movement.fee : 0n
  return [
    postDisputed({ ...event, amount: isWithdrawn ? movement.amount : 0n, fee }),
    isWithdrawn ? undefined : postDisputeWon({ ...event, amount: movement.amount }),
    postDisputeFeeReturned({ ...event, amount: movement.fee < 0n ? -movement.fee : 0n }),
  ]
}

/** What a bill still holds of the payment: lost, it went back to the payer before it was anybody's sale. */
const shareOf = async (tx: Tx, intent: IntentRow): Promise<{ billId: string; amount: bigint } | undefined> => {
  const billId = billOf(intent)
  if (billId === undefined) return undefined
  const payment = {
    merchantId: intent.merchant_id,
    paymentIntentId: intent.id,
    currency: intent.currency as Currency,
  }
  return { billId, amount: (await readHeld(tx, [payment])).get(intent.id) ?? 0n }
}

/** What the seller bears of each loss of a payment that was passed on: the platform alone was debited. */
const soldParts = async (
  tx: Tx,
  { intent, charge }: Pick<Disputed, 'intent' | 'charge'>,
  lost: DisputeBooking['losses'],
): Promise<({ seller: string; amount: bigint } | undefined)[]> => {
  const sale = saleOfCharge(charge)
  if (!sale) return []
  const currency = charge.currency as Currency
  const payment = { merchantId: intent.merchant_id, paymentIntentId: intent.id, currency }
  let { borne } = await readGivenBack(tx, payment)
  return lost.map((loss) => {
    if (loss.currency !== currency) return undefined
    const before = borne
    borne += loss.amount
    const amount = sellerPart(sale, before, loss.amount)
    return { seller: sale.seller, amount: amount < 0n ? -amount : amount }
  })
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
