import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderAccount, Providers } from '#providers/accounts.ts'
import type { PaymentMethodDetails } from '#providers/provider.ts'
import { findCustomerRef, findMethodByRef, type MethodRow } from './method-repo.ts'
import type { Consent } from './method-schemas.ts'
import { showMethod } from './method-view.ts'
import { lockCustomer } from './repo.ts'

const hourMs = 3_600_000

/**
 * How the provider names the customer, who is made there the first time. Called between transactions. Throws
 * `provider_unknown_outcome`, `provider_error`, and `provider_account_unavailable` when another account might do it.
 */
export const ensureCustomerRef = async (
  { db, clock, providers }: { db: Database; clock: Clock; providers: Providers },
  account: ProviderAccount,
  customerId: string,
): Promise<string> => {
  const { merchantId } = account
  const read = (tx: Tx) => findCustomerRef(tx, account, customerId)
  const known = await inTransaction(db, merchantId, read)
  if (known !== undefined) return known
  const now = clock.now()
  const customer = showId('customer', customerId)
  // A provider replays a stored failure for as long as it keeps the key; the next hour's key makes, at worst, a second
  // customer there that owns nothing.
  const idempotencyKey = `${customer}:${Math.floor(now.getTime() / hourMs)}`
  const provider = await providers.open(account)
  const answer = await provider.createCustomer({ idempotencyKey, customer })
  if (answer.outcome === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  if (answer.outcome === 'refused') {
    const { accountFault, message } = answer.decline
    throw new AppError(accountFault ? 'provider_account_unavailable' : 'provider_error', { message })
  }
  return inTransaction(db, merchantId, async (tx) => {
    await tx
      .insertInto('customer_refs')
      .values({
        merchant_id: merchantId,
        customer_id: customerId,
        provider: account.provider,
        connection: account.connectionId ?? '',
        ref: answer.value.ref,
        created_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return (await read(tx)) ?? answer.value.ref
  })
}

export interface Kept extends ProviderAccount {
  /** The provider's names of the method and of whom it is kept for. */
  methodRef: string
  savedFor: string
  details: PaymentMethodDetails | undefined
  consent: Consent
  usage: MethodRow['usage']
  /** With which it was kept; both null: it was attached. */
  paymentIntentId: string | null
  setupIntentId?: string
  threadId: string | null
  livemode: boolean
  /** Nobody wants it any more: the provider forgets it again. */
  isUnwanted?: boolean
}

/**
 * Writes down a method that the provider keeps, in the transaction that applies what kept it. A second time it changes
 * nothing, unless the payer now agrees to more. Of a customer who has been erased meanwhile nothing is kept: the provider
 * forgets it again.
 */
export const keepMethod = async (tx: Tx, kept: Kept, now: Date): Promise<MethodRow | undefined> => {
  const { merchantId, provider, connectionId, methodRef } = kept
  const owner = await tx
    .selectFrom('customer_refs')
    .select('customer_id')
    .where('merchant_id', '=', merchantId)
    .where('provider', '=', provider)
    .where('connection', '=', connectionId ?? '')
    .where('ref', '=', kept.savedFor)
    .executeTakeFirst()
  if (!owner) return undefined
  const isKnown = (await lockCustomer(tx, merchantId, owner.customer_id)) !== undefined
  const isWanted = isKnown && kept.isUnwanted !== true
  const inserted = await tx
    .insertInto('payment_methods')
    .values({
      merchant_id: merchantId,
      id: newUuid(),
      customer_id: owner.customer_id,
      provider,
      provider_connection_id: connectionId,
      provider_ref: methodRef,
      method: isKnown ? JSON.stringify(kept.details ?? { type: 'card' }) : null,
      consent: JSON.stringify(kept.consent),
      usage: kept.usage,
      payment_intent_id: kept.paymentIntentId,
      setup_intent_id: kept.setupIntentId ?? null,
      livemode: kept.livemode,
      created_at: now,
      detached_at: isWanted ? null : now,
      forget_at: isWanted ? null : now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!inserted) return keepMore(tx, kept)
  if (isWanted) await appendEvents(tx, [attachedEvent(inserted, kept)])
  return inserted
}

/** A method that only the payer's own payments were charged to, until they agreed to others, too. */
const keepMore = async (tx: Tx, { merchantId, provider, methodRef, ...kept }: Kept): Promise<MethodRow | undefined> => {
  const row = await findMethodByRef(tx, merchantId, provider, methodRef)
  const isMore = row?.usage === 'on_session' && kept.usage === 'off_session' && row.detached_at === null
  if (!isMore || kept.isUnwanted) return row
  const change = { usage: kept.usage, consent: JSON.stringify(kept.consent) }
  return tx
    .updateTable('payment_methods')
    .set(change)
    .where('merchant_id', '=', merchantId)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirst()
}

const attachedEvent = (row: MethodRow, { threadId }: Kept) => ({
  merchantId: row.merchant_id,
  type: 'payment_method.attached',
  objectId: row.id,
  threadId,
  paymentIntentId: row.payment_intent_id,
  object: showMethod(row),
  livemode: row.livemode,
  createdAt: row.created_at,
})
