import { requireCustomer } from '#customers/repo.ts'
import { AppError } from '#kernel/errors.ts'
import { inTransaction } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import { requireFeeTaker } from './application-fee-service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { captureIntent, incrementAuthorization } from './capture-service.ts'
import { isChatMoney } from './chat-money.ts'
import { requireTaker } from './chat-money-service.ts'
import { cancelIntent, carriedOptions, confirmIntent, intentEvent } from './command-service.ts'
import { createIntentWriter, findReplay, type OwnKey } from './create-batch-service.ts'
import { expiryOf, planIntent } from './create-service.ts'
import type { IntentRow } from './intent-view.ts'
import { leavePage } from './leave-page-service.ts'
import { createPlaceReader } from './place-service.ts'
import { refuseOwned, refuseWhileBusy, requireLocked } from './plan-service.ts'
import { createReader } from './read-service.ts'
import { updateIntent } from './repo.ts'
import { reroute } from './route-service.ts'
import type { ConfirmIntent, CreateIntent, UpdateIntent } from './schemas.ts'
import { isShared, refuseMoved, withTransfer } from './transfer.ts'

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

/** What clients ask of payment intents. Each answers the object as it is afterwards. */
export const createIntentCommands = (deps: PaymentDeps) => {
  const write = createIntentWriter(deps)
  const plan = { ...deps, readPlace: createPlaceReader(deps) }
  const reader = createReader(deps)
  const scopeOf = (scope: Scope, id: string) => ({
    merchantId: scope.merchantId,
    intentId: requireUuid('paymentIntent', id, 'payment_intent', 'intent'),
    requestId: scope.resourceId,
  })
  /** The row of a new payment that somebody can take. */
  const planTaken = async (scope: Scope, body: CreateIntent): Promise<IntentRow> => {
    const row = await planIntent(plan, scope, body)
    if (isChatMoney(row.currency)) await inTransaction(deps.db, scope.merchantId, (tx) => requireTaker(tx, deps, row))
    if (isShared(row)) await inTransaction(deps.db, scope.merchantId, (tx) => requireFeeTaker(tx, deps, row))
    return row
  }
  return {
    /** Creates in one batched transaction; `ownKey` makes the Idempotency-Key part of it. */
    create: async (scope: Scope, body: CreateIntent, ownKey?: OwnKey) => {
      const row = await planTaken(scope, body).catch((error: unknown) => replayOr(deps, error, scope, ownKey))
      if ('replay' in row) return row
      const created = await write(row, ownKey)
      if ('replay' in created) return created
      return body.expand ? reader.show(scope.merchantId, row, body.expand) : created.view
    },

    createAndConfirm: async (scope: Scope, body: CreateIntent) => {
      await write(await planTaken(scope, body))
      const command = { merchantId: scope.merchantId, intentId: scope.resourceId, requestId: scope.resourceId }
      const row = await confirmIntent(deps, command, confirmationOf(body))
      return reader.show(scope.merchantId, row, body.expand)
    },

    update: async (scope: Scope, id: string, body: UpdateIntent) => {
      const command = scopeOf(scope, id)
      if (changesTerms(body)) await leavePage(deps, command)
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
  }
}

/** A key that is answered already stays answered so, whatever has changed since: looked up when it is needed only. */
const replayOr = async (deps: PaymentDeps, error: unknown, { merchantId }: Scope, ownKey: OwnKey | undefined) => {
  const found = ownKey && error instanceof AppError ? await findReplay(deps, merchantId, ownKey) : undefined
  if (!found) throw error
  return found
}

const confirmationOf = (body: CreateIntent): ConfirmIntent => ({
  ...(body.return_url === undefined ? {} : { return_url: body.return_url }),
  ...(body.off_session === undefined ? {} : { off_session: body.off_session }),
})

const termFields = [
  'amount',
  'currency',
  'capture_method',
  'application_fee_amount',
  'transfer_data',
  'on_behalf_of',
  'transfer_group',
] as const

/** What a page or a call that is under way has promised the payer already. */
const changesTerms = (body: UpdateIntent): boolean => termFields.some((name) => body[name] !== undefined)

const capture = ({ capture_method }: UpdateIntent): Partial<Pick<IntentRow, 'capture_method'>> =>
  capture_method === undefined ? {} : { capture_method: capture_method === 'manual' ? 'manual' : 'automatic' }

/** What cannot change any more once somebody has begun to pay. */
const fixedFields = [...termFields, 'payment_method', 'expires_at', 'expires_in'] as const

/** What a checkout or a bill says of its payment is changed there. */
const ownedFields = ['amount', 'currency', 'capture_method', 'amount_details', 'expires_at', 'expires_in'] as const

const updateFields = (
  deps: PaymentDeps,
  scope: { merchantId: string; intentId: string },
  body: UpdateIntent,
): Promise<IntentRow> =>
  inTransaction(deps.db, scope.merchantId, async (tx) => {
    const row = await requireLocked(tx, scope)
    const isOpen = row.status === 'requires_payment_method' || row.status === 'requires_confirmation'
    const fixed = fixedFields.find((name) => body[name] !== undefined)
    if (fixed && !isOpen) {
      throw new AppError('payment_intent_unexpected_state', {
        message: `This PaymentIntent's ${fixed} could not be updated because it has a status of ${row.status}. Only requires_payment_method and requires_confirmation allow it.`,
        param: fixed,
      })
    }
    refuseOwned(
      row,
      ownedFields.find((name) => body[name] !== undefined),
    )
    if (changesTerms(body)) await refuseWhileBusy(tx, row)
    const customer =
      body.customer === undefined
        ? undefined
        : await requireCustomer(tx, scope.merchantId, requireUuid('customer', body.customer, 'customer', 'customer'))
    const { currency = row.currency } = body
    if (changesTerms(body)) await requireTaker(tx, deps, { ...row, currency, ...capture(body) })
    const now = deps.clock.now()
    const expiresAt = expiryOf(body, now)
    const terms = {
      ...(body.amount === undefined ? {} : { amount: BigInt(body.amount) }),
      ...(body.currency === undefined ? {} : { currency: body.currency }),
      ...(customer === undefined ? {} : { customer_id: customer.id }),
      ...capture(body),
      options: withTransfer(row.options, carriedOptions(body)),
    }
    refuseMoved(row, terms.options)
    const routed = isOpen ? await reroute(tx, deps, row, terms) : {}
    await requireFeeTaker(tx, deps, { ...row, ...terms, ...routed })
    const saved = await updateIntent(
      tx,
      row,
      {
        ...terms,
        ...routed,
        ...(body.description === undefined ? {} : { description: body.description }),
        ...(body.metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, body.metadata) }),
        ...(body.payment_method === undefined
          ? {}
          : {
              payment_method: body.payment_method,
              ...(row.page_ref === null ? { status: 'requires_confirmation' as const } : {}),
            }),
        ...(expiresAt === null ? {} : { expires_at: expiresAt }),
      },
      now,
    )
    await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated')])
    return saved
  })
