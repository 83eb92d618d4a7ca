import type { Connection } from '#channels/channel.ts'
import { addMs } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { intentEvent } from '#payments/command-service.ts'
import { coalesce } from '#platform/coalesce.ts'
import { requestContext } from '#platform/request-context.ts'
import { findOffers, insertHolds, type NewHold, type OfferQuery, type OfferRow } from './batch-repo.ts'
import { heldChange, holdMs, nativeProviderOf, type SeenOffer, takenBy } from './rules.ts'

/** What many payers ask for at the same moment, when a drop opens or a bill is split: read and held together. */
export interface HoldBatches {
  /** The payment that a platform's payload names, and the request that asked for it (if we know of one). */
  readOffer(connection: Connection, payload: string): Promise<SeenOffer | undefined>
  /** False: nothing was written, and whoever looks closer can say why. */
  writeHold(connection: Connection, wish: HoldWish, seen: SeenOffer): Promise<boolean>
}

export interface HoldWish {
  payload: string
  payer: string
  signal?: AbortSignal
}

interface Item {
  hold: NewHold
  signal: AbortSignal | undefined
}

export const createHoldBatches = (deps: PaymentDeps): HoldBatches => {
  const onOverload = () => new AppError('overloaded', { retryAfter: 1 })
  const read = coalesce<OfferQuery, SeenOffer | undefined>({
    run: async (queries) => {
      const rows = new Map((await findOffers(deps.db, queries)).map((row) => [row.asked, row]))
      return queries.map((_, n) => ({ ok: true, value: seenIn(rows.get(n)) }))
    },
    onOverload,
  })
  const write = coalesce<Item, boolean>({
    run: async (items) => {
      // Whoever has given up while it waited wants nothing to be held.
      const wanted = items.filter(({ signal }) => signal?.aborted !== true).map(({ hold }) => hold)
      const held = wanted.length > 0 ? await insertHolds(deps.db, wanted) : new Set()
      return items.map(({ hold }) => ({ ok: true, value: held.has(hold.id) }))
    },
    onBatch: (size) => deps.metrics.batches.observe({ name: 'hold_native_payments' }, size),
    onOverload,
  })
  return {
    readOffer: ({ merchantId, id: connectionId, channel }, payload) =>
      read({ merchantId, connectionId, channel, payload, intentId: parseId('paymentIntent', payload) ?? null }),
    writeHold: (connection, wish, seen) => write({ hold: planHold(deps, connection, wish, seen), signal: wish.signal }),
  }
}

const seenIn = (row: OfferRow | undefined): SeenOffer | undefined => {
  if (!row) return undefined
  const { asked: _asked, native_id: id, native_state: state, native_payer: payer, only_payer, ...intent } = row
  return {
    intent,
    native: id === null || state === null ? undefined : { id, state, payer },
    onlyPayer: only_payer ?? undefined,
  }
}

const planHold = (
  deps: PaymentDeps,
  connection: Connection,
  { payload, payer }: HoldWish,
  seen: SeenOffer,
): NewHold => {
  const { intent } = seen
  const provider = nativeProviderOf(connection.channel)
  if (provider === undefined) throw new Error(`${connection.channel} takes no money`)
  const now = deps.clock.now()
  const nativeId = seen.native?.id ?? newUuid()
  const version = intent.version + 1
  const saved = { ...intent, ...heldChange, ...takenBy(provider, nativeId), version, updated_at: now }
  const { object, previousAttributes } = intentEvent(deps, saved, 'payment_intent.processing', {
    status: intent.status,
  })
  return {
    id: newUuid(),
    merchantId: intent.merchant_id,
    intentId: intent.id,
    version: intent.version,
    nativeId,
    connectionId: connection.id,
    channel: connection.channel,
    reference: payload,
    amount: intent.amount.toString(),
    currency: intent.currency,
    payer,
    provider,
    checkAt: addMs(now, holdMs),
    now,
    data: object,
    previous: previousAttributes,
    requestId: requestContext()?.requestId ?? null,
  }
}
