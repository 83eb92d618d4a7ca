import type { Currency } from '#kernel/currencies.ts'
import { AppError } from '#kernel/errors.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { checkFee } from './application-fee.ts'
import type { PaymentDeps } from './apply-service.ts'
import { requireTaker } from './chat-money-service.ts'
import { intentEvent } from './command-service.ts'
import type { IntentRow } from './intent-view.ts'
import { hasInFlight } from './operation-repo.ts'
import { readPlace } from './place-service.ts'
import { updateIntent } from './repo.ts'
import { reroute, routeNew } from './route-service.ts'
import { checkTransfer } from './transfer.ts'

/** A payment that is part of something larger: a checkout, a share of a bill. Amounts are minor units. */
export interface EmbeddedIntent {
  id: string
  merchantId: string
  livemode: boolean
  threadId: string | null
  participantId: string | null
  customerId: string | null
  amount: bigint
  currency: Currency
  description: string | null
  metadata: Record<string, string>
  /** What Stripe's dialect carries: amount_details, shipping, receipt_email (`IntentRow.options`). */
  options: Record<string, unknown>
  returnUrl: string | null
  expiresAt: Date | null
}

/**
 * Creates a payment intent with its event in the caller's transaction. The caller wakes `outbox.drain` after its
 * commit. Repeated with the same id it changes nothing and answers the row that is there.
 */
export const addIntent = async (tx: Tx, deps: PaymentDeps, given: EmbeddedIntent): Promise<IntentRow> => {
  const now = deps.clock.now()
  const { merchantId, threadId, customerId } = given
  const terms = { thread_id: threadId, currency: given.currency, capture_method: 'automatic' } as const
  await requireTaker(tx, deps, { ...terms, merchant_id: merchantId })
  const place = await readPlace(tx, deps, { merchantId, threadId, customerId })
  const { attribution } = place
  const { route, ...account } = routeNew(deps, place, { ...given, ...terms })
  const inserted = await tx
    .insertInto('payment_intents')
    .values({
      merchant_id: given.merchantId,
      id: given.id,
      thread_id: given.threadId,
      participant_id: given.participantId,
      customer_id: given.customerId,
      status: 'requires_payment_method',
      capture_method: 'automatic',
      amount: given.amount,
      currency: given.currency,
      description: given.description,
      metadata: JSON.stringify(given.metadata),
      options: JSON.stringify(given.options),
      return_url: given.returnUrl,
      expires_at: given.expiresAt,
      ...account,
      route: route && JSON.stringify(route),
      attribution: attribution && JSON.stringify(attribution),
      livemode: given.livemode,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'id']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (inserted) {
    await appendEvents(tx, [intentEvent(deps, inserted, 'payment_intent.created')])
    return inserted
  }
  return tx
    .selectFrom('payment_intents')
    .selectAll()
    .where('merchant_id', '=', given.merchantId)
    .where('id', '=', given.id)
    .executeTakeFirstOrThrow()
}

/**
 * Gives a locked payment that nobody has paid yet new terms. Throws `lock_timeout` while a page is open or a call is
 * under way (leave the page first: `leavePage`), `payment_intent_unexpected_state` once money may have moved.
 */
export const reviseIntent = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  terms: {
    amount?: bigint
    description?: string
    options?: Record<string, unknown>
    expiresAt?: Date
    customerId?: string
    returnUrl?: string | null
  },
): Promise<IntentRow> => {
  if (row.status !== 'requires_payment_method' && row.status !== 'requires_confirmation') {
    const message = `The payment is ${row.status}; its amount cannot change any more.`
    throw new AppError('payment_intent_unexpected_state', { message })
  }
  if (row.page_ref !== null || (await hasInFlight(tx, row.merchant_id, row.id)))
    throw new AppError('lock_timeout', { retryAfter: 1 })
  const change = {
    ...(terms.amount === undefined ? {} : { amount: terms.amount }),
    ...(terms.options === undefined ? {} : { options: { ...row.options, ...terms.options } }),
    ...(terms.customerId === undefined ? {} : { customer_id: terms.customerId }),
  }
  checkFee({ ...row, ...change })
  checkTransfer({ ...row, ...change })
  const saved = await updateIntent(
    tx,
    row,
    {
      ...change,
      ...(await reroute(tx, deps, row, change)),
      ...(terms.description === undefined ? {} : { description: terms.description }),
      ...(terms.expiresAt === undefined ? {} : { expires_at: terms.expiresAt }),
      ...(terms.returnUrl === undefined ? {} : { return_url: terms.returnUrl }),
    },
    deps.clock.now(),
  )
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated')])
  return saved
}
