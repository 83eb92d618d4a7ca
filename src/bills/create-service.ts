import type { Currency } from '#kernel/currencies.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { expiryOf } from '#payments/create-service.ts'
import { addIntent } from '#payments/embed-service.ts'
import type { Tx } from '#platform/database.ts'
import { mergeMetadata } from '#platform/listing.ts'
import { listParticipants, type ParticipantRow } from '#threads/repo.ts'
import { resolveParticipant, resolveThread } from '#threads/service.ts'
import { type BillPlan, planBill } from './bill-plan.ts'
import type { BillRow } from './bill-rows.ts'
import { tellBill, viewBill } from './follow-service.ts'
import { insertBill, insertShares, readBill } from './repo.ts'
import type { Bill, CreateBill } from './schemas.ts'
import { shareTitle } from './share-title.ts'
import type { Part } from './split.ts'

export interface BillScope {
  merchantId: string
  livemode: boolean
  /** Identity of the request; of a new bill, its id. */
  resourceId: string
}

/** Writes the bill with a payment for every participant; the same request again answers the bill that is there. */
export const createBill = async (tx: Tx, deps: PaymentDeps, scope: BillScope, body: CreateBill): Promise<Bill> => {
  const existing = await readBill(tx, scope.merchantId, scope.resourceId)
  if (existing) return viewBill(deps, existing)
  const now = deps.clock.now()
  const thread = await resolveThread(tx, scope, body.thread, now)
  const find = (reference: CreateBill['participants'][number]['participant']) =>
    resolveParticipant(tx, scope.merchantId, thread.id, reference, now)
  const ids: string[] = []
  for (const { participant } of body.participants) ids.push(await find(participant))
  const organizerId = body.organizer === undefined ? null : await find(body.organizer)
  const people = orderPeople(ids, await listParticipants(tx, scope.merchantId, [thread.id]))
  const plan = planBill(
    body,
    people.map((person) => ({ id: showId('participant', person.id), externalId: person.external_id })),
  )
  if (!plan.ok) throw new AppError(plan.code, { message: plan.message, param: plan.param })
  const bill = await writeBill(tx, scope, body, plan, {
    thread_id: thread.id,
    organizer_id: organizerId,
    expires_at: expiryOf(body, now),
    created_at: now,
    updated_at: now,
  })
  for (const [index, person] of people.entries()) {
    const weight = body.participants[index]?.weight ?? null
    const part = plan.parts[index]
    if (!part) throw new Error('a participant without a part')
    await addShare(tx, deps, bill, {
      ...part,
      id: newUuid(),
      participantId: person.id,
      weight,
      locale: person.locale ?? thread.locale,
    })
  }
  const whole = await readBill(tx, scope.merchantId, bill.id)
  if (!whole) throw new Error('a bill vanished')
  return tellBill(tx, deps, whole, 'bill.created')
}

const orderPeople = (ids: readonly string[], people: readonly ParticipantRow[]): ParticipantRow[] => {
  const byId = new Map(people.map((person) => [person.id, person]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

const writeBill = (
  tx: Tx,
  scope: BillScope,
  body: CreateBill,
  { total, items }: BillPlan,
  place: Pick<BillRow, 'thread_id' | 'organizer_id' | 'expires_at' | 'created_at' | 'updated_at'>,
): Promise<BillRow> =>
  insertBill(tx, {
    ...place,
    ...total,
    merchant_id: scope.merchantId,
    id: scope.resourceId,
    split: body.split,
    status: 'open',
    title: body.title,
    currency: body.currency,
    items: JSON.stringify(items),
    metadata: JSON.stringify(mergeMetadata({}, body.metadata ?? {})),
    livemode: scope.livemode,
  })

interface NewShare extends Part {
  id: string
  participantId: string
  weight: number | null
  locale: string | null
  isRest?: boolean
}

/** A share and its payment, whose money is held for the bill. */
export const addShare = async (tx: Tx, deps: PaymentDeps, bill: BillRow, share: NewShare): Promise<void> => {
  const now = deps.clock.now()
  const billId = showId('bill', bill.id)
  const intent = await addIntent(tx, deps, {
    id: newUuid(),
    merchantId: bill.merchant_id,
    livemode: bill.livemode,
    threadId: bill.thread_id,
    participantId: share.participantId,
    customerId: null,
    amount: share.amount,
    currency: bill.currency as Currency,
    description: shareTitle(bill.title, share.locale),
    metadata: { bill: billId, bill_share: showId('billShare', share.id) },
    options: { bill: billId },
    returnUrl: null,
    expiresAt: bill.expires_at,
  })
  await insertShares(tx, [
    {
      merchant_id: bill.merchant_id,
      id: share.id,
      bill_id: bill.id,
      participant_id: share.participantId,
      payment_intent_id: intent.id,
      is_rest: share.isRest ?? false,
      status: 'open',
      amount: share.amount,
      tax: share.tax,
      tip: share.tip,
      weight: share.weight,
      created_at: now,
      updated_at: now,
    },
  ])
}
