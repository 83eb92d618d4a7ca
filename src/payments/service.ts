import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { PaymentDeps } from './apply-service.ts'
import {
  cancelIntent,
  captureIntent,
  carriedOptions,
  closeOpenPage,
  confirmIntent,
  incrementAuthorization,
  intentEvent,
  requireLocked,
} from './command-service.ts'
import { createIntentWriter, expiryOf, type OwnKey, planIntent } from './create-service.ts'
import { explainIntent } from './explain-service.ts'
import type { IntentRow } from './intent-view.ts'
import { findDueOperations } from './operation-repo.ts'
import { resolveOperation } from './operation-service.ts'
import { createPageService } from './page-service.ts'
import { createReader } from './read-service.ts'
import { findExpired, findWaiting, updateIntent } from './repo.ts'
import type { ConfirmIntent, CreateIntent, UpdateIntent } from './schemas.ts'
import { recordAttempt, syncPayment } from './sync-service.ts'

export type PaymentService = ReturnType<typeof createPaymentService>

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

export const createPaymentService = (deps: PaymentDeps) => {
  const write = createIntentWriter(deps)
  const reader = createReader(deps)
  const scopeOf = (scope: Scope, id: string) => ({
    merchantId: scope.merchantId,
    intentId: requireUuid('paymentIntent', id, 'payment_intent', 'intent'),
    requestId: scope.resourceId,
  })
  return {
    ...reader,
    ...createPageService(deps),

    /** Creates in one batched transaction; `ownKey` makes the Idempotency-Key part of it. */
    create: async (scope: Scope, body: CreateIntent, ownKey?: OwnKey) => {
      const row = await planIntent(deps, scope, body)
      const created = await write(row, ownKey)
      if ('replay' in created) return created
      return body.expand ? reader.show(scope.merchantId, row, body.expand) : created.view
    },

    createAndConfirm: async (scope: Scope, body: CreateIntent) => {
      await write(await planIntent(deps, scope, body))
      const command = { merchantId: scope.merchantId, intentId: scope.resourceId, requestId: scope.resourceId }
      const row = await confirmIntent(deps, command, confirmationOf(body))
      return reader.show(scope.merchantId, row, body.expand)
    },

    update: async (scope: Scope, id: string, body: UpdateIntent) => {
      const command = scopeOf(scope, id)
      if (body.amount !== undefined || body.currency !== undefined) await closeOpenPage(deps, command)
      const row = await updateFields(deps, command, body)
      deps.queue.wake('outbox.drain', { id: row.id })
      return reader.show(scope.merchantId, row, body.expand)
    },

    confirm: async (scope: Scope, id: string, body: ConfirmIntent) =>
      reader.show(scope.merchantId, await confirmIntent(deps, scopeOf(scope, id), body), body.expand),

    capture: async (
      scope: Scope,
      id: string,
      body: Parameters<typeof captureIntent>[2] & { expand?: ConfirmIntent['expand'] },
    ) => reader.show(scope.merchantId, await captureIntent(deps, scopeOf(scope, id), body), body.expand),

    cancel: async (
      scope: Scope,
      id: string,
      body: { cancellation_reason?: string | undefined; expand?: ConfirmIntent['expand'] },
    ) =>
      reader.show(
        scope.merchantId,
        await cancelIntent(deps, scopeOf(scope, id), body.cancellation_reason),
        body.expand,
      ),

    incrementAuthorization: async (
      scope: Scope,
      id: string,
      body: Parameters<typeof incrementAuthorization>[2] & { expand?: ConfirmIntent['expand'] },
    ) => reader.show(scope.merchantId, await incrementAuthorization(deps, scopeOf(scope, id), body), body.expand),

    explain: (merchantId: string, id: string) => explainIntent(deps, merchantId, id),

    /** Look-up at the provider (webhook, return from a page, sweep). */
    sync: (merchantId: string, intentId: string, paymentRef?: string) =>
      syncPayment(deps, merchantId, intentId, paymentRef),
    recordAttempt: (merchantId: string, intentId: string, chargeRef: string) =>
      recordAttempt(deps, merchantId, intentId, chargeRef),

    /** Job: finds out what became of an operation. */
    resolve: async (merchantId: string, operationId: string): Promise<void> => {
      await resolveOperation(deps, merchantId, operationId)
    },

    /** Job: cancels a payment whose time is over, unless money has come in. */
    expire: async (merchantId: string, intentId: string): Promise<void> => {
      try {
        await cancelIntent(deps, { merchantId, intentId, requestId: newUuid() }, 'expired')
      } catch (error) {
        // The payer was faster, or somebody works on it: the next sweep looks again.
        if (error instanceof AppError && error.status < 500) await syncPayment(deps, merchantId, intentId)
        else throw error
      }
    },

    /** Wakes the jobs for everything that waits: due operations, payments past their time, payments that went quiet. */
    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      const { maintenance } = deps.db
      for (const row of await findDueOperations(maintenance, now, 500)) {
        if (row.kind !== 'refund' && row.kind !== 'cancel_refund')
          deps.queue.wake('operation.resolve', { id: row.id, merchant: row.merchant_id })
      }
      for (const row of await findExpired(maintenance, now, 200))
        deps.queue.wake('payment.expire', { id: row.id, merchant: row.merchant_id })
      const quietSince = new Date(now.getTime() - quietMs)
      for (const row of await findWaiting(maintenance, quietSince, 100))
        deps.queue.wake('payment.check', { id: row.id, merchant: row.merchant_id })
    },

    /** Job: asks after a payment from which nothing was heard. Touches the row so that the sweep goes on to others. */
    check: async (merchantId: string, intentId: string): Promise<void> => {
      await syncPayment(deps, merchantId, intentId)
      await inTransaction(deps.db, merchantId, (tx) =>
        tx
          .updateTable('payment_intents')
          .set({ updated_at: deps.clock.now() })
          .where('merchant_id', '=', merchantId)
          .where('id', '=', intentId)
          .execute(),
      )
    },
  }
}

/** A waiting payment is asked after when the provider has said nothing for this long: a lost webhook costs no more. */
const quietMs = 5 * 60_000

const confirmationOf = (body: CreateIntent): ConfirmIntent => ({
  ...(body.return_url === undefined ? {} : { return_url: body.return_url }),
  ...(body.off_session === undefined ? {} : { off_session: body.off_session }),
})

const updateFields = (
  deps: PaymentDeps,
  scope: { merchantId: string; intentId: string },
  body: UpdateIntent,
): Promise<IntentRow> =>
  inTransaction(deps.db, scope.merchantId, async (tx) => {
    const row = await requireLocked(tx, scope)
    const isOpen = row.status === 'requires_payment_method' || row.status === 'requires_confirmation'
    const fixed = (
      ['amount', 'currency', 'capture_method', 'payment_method', 'expires_at', 'expires_in'] as const
    ).find((name) => body[name] !== undefined)
    if (fixed && !isOpen) {
      throw new AppError('payment_intent_unexpected_state', {
        message: `This PaymentIntent's ${fixed} could not be updated because it has a status of ${row.status}. Only requires_payment_method and requires_confirmation allow it.`,
        param: fixed,
      })
    }
    const now = deps.clock.now()
    const expiresAt = expiryOf(body, now)
    const saved = await updateIntent(
      tx,
      row,
      {
        ...(body.amount === undefined ? {} : { amount: BigInt(body.amount) }),
        ...(body.currency === undefined ? {} : { currency: body.currency }),
        ...(body.customer === undefined
          ? {}
          : { customer_id: requireUuid('customer', body.customer, 'customer', 'customer') }),
        ...(body.description === undefined ? {} : { description: body.description }),
        ...(body.metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, body.metadata) }),
        ...(body.capture_method === undefined
          ? {}
          : { capture_method: body.capture_method === 'manual' ? ('manual' as const) : ('automatic' as const) }),
        ...(body.payment_method === undefined
          ? {}
          : { payment_method: body.payment_method, status: 'requires_confirmation' as const }),
        ...(expiresAt === null ? {} : { expires_at: expiresAt }),
        options: { ...row.options, ...carriedOptions(body) },
      },
      now,
    )
    await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated')])
    return saved
  })
