import type { ChannelId, Channels, Connection } from '#channels/channel.ts'
import type { InboundPayment, InboundRefund } from '#channels/inbound.ts'
import type { InvoiceLink, OfferedCard } from '#channels/payments.ts'
import { addMs } from '#kernel/clock.ts'
import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { lockIntent } from '#payments/repo.ts'
import { LookupFailed } from '#payments/sync-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { RefundService } from '#refunds/service.ts'
import { applyNative, type NativeVerdict, releaseNative } from './apply-service.ts'
import { createHoldBatches } from './batch-service.ts'
import {
  findOffered,
  type Held,
  type HoldDeps,
  type HoldQuery,
  type HoldRequest,
  holdNative,
  newOffer,
  type Prepared,
  prepareHold,
} from './hold-service.ts'
import { openInvoiceLink } from './invoice-link-service.ts'
import { findDueNatives, lockNative, type NativeRow, updateNative, upsertOffer } from './repo.ts'
import { nextLook } from './rules.ts'

export interface NativeDeps extends PaymentDeps {
  channels: Channels
  connections: {
    openAny(merchantId: string, id: string): Promise<Connection | undefined>
  }
  refunds: Pick<RefundService, 'sync'>
}

export interface Offer {
  merchantId: string
  connectionId: string
  channel: ChannelId
  intentId: string
  reference: string
  /** Minor units, as the request shows it. */
  amount: bigint
  currency: Currency
}

export type NativePayments = ReturnType<typeof createNativePayments>

/** Payments that a chat platform takes itself: offered with a message, held when it asks, booked when it tells. */
export const createNativePayments = (deps: NativeDeps) => {
  const holds: HoldDeps = { ...deps, ...createHoldBatches(deps) }
  return {
    /** Writes down what a message offers, in the caller's transaction. The same reference again is the same row. */
    offer: async (tx: Tx, given: Offer): Promise<void> => {
      const now = deps.clock.now()
      const { merchantId, connectionId: id, channel } = given
      // A platform that can be asked knows the message's own reference; the others bring back the payment's id.
      const reference = hasLookUp(deps, channel) ? given.reference : showId('paymentIntent', given.intentId)
      const row = newOffer({ merchantId, id, channel }, { ...given, id: given.intentId }, reference, now)
      await upsertOffer(tx, { ...row, check_at: hasLookUp(deps, channel) ? nextLook(now, now) : null })
    },

    /** Where the payer pays inside the platform: made once for the same terms, however often it is asked for. */
    link: (connection: Connection, card: OfferedCard): Promise<InvoiceLink> => openInvoiceLink(deps, connection, card),

    /** The payment that a platform's question is about. */
    read: async (connection: Connection, payload: string): Promise<IntentRow | undefined> =>
      (await holds.readOffer(connection, payload))?.intent,

    prepare: (connection: Connection, query: HoldQuery): Promise<Prepared> => prepareHold(holds, connection, query),

    hold: (connection: Connection, request: HoldRequest): Promise<Held> => holdNative(holds, connection, request),

    /** Takes a yes back that the platform has not been told. */
    release: (connection: Connection, payload: string): Promise<void> =>
      inTransaction(deps.db, connection.merchantId, async (tx) => {
        const found = await findOffered(tx, connection, payload)
        if (found?.native) await releaseLocked(tx, deps, found.native, { isDue: false })
      }),

    /** Works off a platform's news of money. Throws `LookupFailed` when it must be tried again later. */
    apply: async (
      connection: Connection,
      update: (InboundPayment & { readonly at: Date }) | InboundRefund,
    ): Promise<NativeVerdict> => {
      if (update.kind === 'refund') return applyRefundNews(deps, connection, update)
      const { kind: _kind, isHint, ...told } = update
      const news = isHint ? await lookUp(deps, connection, update.payload, update.at) : told
      return news
        ? applyNative(deps, connection, news)
        : { verdict: 'nothing', reason: 'the platform does not know of this payment' }
    },

    /** Job `payment.native`: looks after a request whose time has come, and ends a hold of which nothing was heard. */
    look: (merchantId: string, id: string): Promise<void> => look(deps, merchantId, id),

    sweep: async (): Promise<void> => {
      for (const row of await findDueNatives(deps.db.maintenance, deps.clock.now(), 200))
        deps.queue.wake('payment.native', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    },
  }
}

const hasLookUp = (deps: NativeDeps, channel: ChannelId): boolean => deps.channels[channel].payments?.find !== undefined

/** Fresh from the platform, undefined when it knows of no attempt. */
const lookUp = async (deps: NativeDeps, connection: Connection, reference: string, at: Date) => {
  const find = deps.channels[connection.channel].payments?.find
  if (!find) throw new Error(`${connection.channel} has no look-up`)
  const found = await find(connection, { reference })
  if (found.outcome !== 'ok') throw new LookupFailed(found.outcome === 'unknown' ? found.reason : found.decline.message)
  // The platform's own name of the request, whatever its answer repeats.
  return found.value && { ...found.value, payload: reference, at }
}

const applyRefundNews = async (
  deps: NativeDeps,
  connection: Connection,
  update: InboundRefund,
): Promise<NativeVerdict> => {
  const found = await inTransaction(deps.db, connection.merchantId, (tx) => findOffered(tx, connection, update.payload))
  if (!found) return { verdict: 'nothing', reason: 'not about a payment of ours' }
  return deps.refunds.sync(connection.merchantId, found.intent.id, update.refundRef)
}

const look = async (deps: NativeDeps, merchantId: string, id: string): Promise<void> => {
  const row = await inTransaction(deps.db, merchantId, async (tx) => {
    const found = await lockNative(tx, merchantId, id)
    const now = deps.clock.now()
    if (!found || found.check_at === null || found.check_at > now) return undefined
    // Touched first: a look-up that fails comes back in its time, and the sweep goes on to others.
    const check_at = found.state === 'held' ? addMs(now, 60_000) : nextLook(found.created_at, now)
    return updateNative(tx, found, { check_at }, now)
  })
  if (!row) return
  const connection = await deps.connections.openAny(merchantId, row.connection_id)
  if (connection && hasLookUp(deps, connection.channel)) {
    const news = await lookUp(deps, connection, row.reference, deps.clock.now())
    if (news) await applyNative(deps, connection, news)
    // An attempt that is still open at the platform keeps its hold.
    if (news && news.state === 'pending') return
  }
  if (row.state === 'held')
    await inTransaction(deps.db, merchantId, (tx) => releaseLocked(tx, deps, row, { isDue: true }))
}

const releaseLocked = async (
  tx: Tx,
  deps: NativeDeps,
  row: NativeRow,
  { isDue }: { isDue: boolean },
): Promise<void> => {
  const intent = await lockIntent(tx, row.merchant_id, row.payment_intent_id)
  const native = await lockNative(tx, row.merchant_id, row.id)
  if (!intent || native?.state !== 'held') return
  // Somebody has said yes again since this one was found to be over.
  if (isDue && native.updated_at.getTime() !== row.updated_at.getTime()) return
  const channel = native.channel as ChannelId
  await releaseNative(
    tx,
    deps,
    { intent, native },
    hasLookUp(deps, channel) ? nextLook(native.created_at, deps.clock.now()) : null,
  )
}
