import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import { requireFeeTaker } from './application-fee-service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { captureRest, wishesOf } from './hold.ts'
import { checkCommand, type IntentCommand } from './intent-machine.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { leavePage } from './leave-page-service.ts'
import { intentLinks } from './link-service.ts'
import { beginOperation, type NewOperation, type OperationRow } from './operation-repo.ts'
import { type Outcome, resolveOperation, runOperation } from './operation-service.ts'
import { detailsOf, mandateOf } from './order-details.ts'
import { keepsByApi, keptUsage, payerToKeep, resolveMethod } from './payer-service.ts'
import {
  type CommandScope,
  newOperation,
  type Planned,
  refuseConflicted,
  refuseOther,
  refuseOwned,
  refuseWhileBusy,
  requireLocked,
} from './plan-service.ts'
import { isBeforeMoney } from './provider-news.ts'
import { updateIntent } from './repo.ts'
import { routeByMethod } from './route-service.ts'
import type { ConfirmIntent } from './schemas.ts'
import { refuseMoved, withTransfer } from './transfer.ts'
import { requireAllowed } from './veto-service.ts'

/**
 * Confirms with a payment method: the first phase writes the operation, the second calls, the third records. `page`:
 * the payer did it on ours, for this amount, and comes back there.
 */
export const confirmIntent = async (
  deps: PaymentDeps,
  scope: CommandScope,
  body: ConfirmIntent,
  page?: { amount: bigint; returnUrl: string },
): Promise<IntentRow> => {
  const asked = await leavePage(deps, scope)
  if (page && page.amount !== asked.amount) throw new AppError('lock_timeout', { retryAfter: 1 })
  if (isBeforeMoney(asked.status)) await requireAllowed(deps, asked, scope.requestId)
  const keeping = keepsByApi({ ...asked.options, ...carriedOptions(body) })
  const keeper = keeping && isBeforeMoney(asked.status) ? await payerToKeep(deps, asked) : undefined
  return perform(deps, scope, 'confirm', async (tx, row) => {
    refuseOther(asked, row)
    if (body.capture_method === 'manual') refuseOwned(row, 'capture_method')
    const method = body.payment_method ?? row.payment_method
    if (!method) {
      throw new AppError('payment_intent_unexpected_state', {
        message:
          'You cannot confirm this PaymentIntent because it is missing a payment method. Send payment_method with the confirmation.',
        param: 'payment_method',
      })
    }
    const options = withTransfer(row.options, carriedOptions(body))
    refuseMoved(row, options)
    const account = await routeByMethod(tx, deps, row, method)
    await requireFeeTaker(tx, deps, { ...row, ...account, options })
    const used = await resolveMethod(tx, { ...row, ...account }, method, body.off_session ?? false)
    const captureMethod =
      body.capture_method === undefined ? row.capture_method : body.capture_method === 'manual' ? 'manual' : 'automatic'
    const saved = await updateIntent(
      tx,
      row,
      {
        ...account,
        payment_method: method,
        options,
        capture_method: captureMethod,
        ...(row.status === 'requires_payment_method' ? { status: 'requires_confirmation' } : {}),
        ...(body.return_url === undefined ? {} : { return_url: body.return_url }),
      },
      deps.clock.now(),
    )
    return {
      row: saved,
      kind: 'authorize',
      amount: saved.amount,
      command: {
        paymentRef: saved.provider_ref ?? undefined,
        // A method that is kept already is not kept again.
        ...(used.customerRef === undefined && keeper !== undefined
          ? { customerRef: keeper, save: keptUsage(options) }
          : {}),
        ...used,
        capture: captureMethod,
        ...wishesOf(options),
        offSession: body.off_session ?? false,
        ...(body.error_on_requires_action === true ? { refuseAction: true } : {}),
        mandate: mandateOf(body.mandate_data),
        details: detailsOf({ ...saved, options }),
        returnUrl: page?.returnUrl ?? saved.return_url ?? `${intentLinks(deps, saved).checkoutUrl}?returned=1`,
        description: saved.description ?? undefined,
      },
    }
  })
}

/** Cancels here and, when the provider knows the payment, there first: money may have moved in the meantime. */
export const cancelIntent = async (
  deps: PaymentDeps,
  scope: CommandScope,
  reason: string | undefined,
): Promise<IntentRow> => {
  await leavePage(deps, scope)
  return perform(deps, scope, 'cancel', async (tx, row) => {
    if (row.provider_ref === null) {
      refuseConflicted(row)
      return { row: await cancelLocally(tx, deps, row, reason) }
    }
    // What is captured is a sale; giving it back would be a refund, which nobody has asked for.
    if (row.amount_captured > 0n) {
      if (reason === 'expired') return { row, kind: 'capture', command: captureRest(row, row.provider_ref) }
      throw new AppError('payment_intent_unexpected_state', {
        message:
          'A part of this PaymentIntent is captured, so it cannot be canceled. Capture 0 (amount_to_capture=0) to give back the rest, and refund what is captured.',
      })
    }
    return { row, kind: 'cancel', command: { paymentRef: row.provider_ref, reason } }
  })
}

const cancelLocally = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  reason: string | undefined,
): Promise<IntentRow> => {
  const now = deps.clock.now()
  const saved = await updateIntent(
    tx,
    row,
    { status: 'canceled', canceled_at: now, cancellation_reason: reason ?? null },
    now,
  )
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.canceled', { status: row.status })])
  return saved
}

export const intentEvent = (deps: PaymentDeps, row: IntentRow, type: string, previousAttributes: object = {}) => ({
  merchantId: row.merchant_id,
  type,
  objectId: row.id,
  threadId: row.thread_id,
  paymentIntentId: row.id,
  object: showIntent(row, intentLinks(deps, row)),
  previousAttributes,
  livemode: row.livemode,
  createdAt: deps.clock.now(),
})

type Plan = (tx: Tx, row: IntentRow) => Promise<Planned>

/** Phase one in a transaction (check, plan, write the operation), then the call, then the record. */
export const perform = async (
  deps: PaymentDeps,
  scope: CommandScope,
  command: IntentCommand,
  plan: Plan,
): Promise<IntentRow> => settle(deps, await performOnce(deps, scope, command, plan))

/** The same, with a refusal as an answer: the caller may know another account to ask. */
export const performOnce = async (
  deps: PaymentDeps,
  scope: CommandScope,
  command: IntentCommand,
  plan: Plan,
): Promise<Outcome> => {
  const planned = await inTransaction(deps.db, scope.merchantId, async (tx) => {
    const row = await requireLocked(tx, scope)
    const earlier = await findEarlier(tx, scope, command)
    if (earlier) return { earlier }
    refuseUnless(deps, row, command)
    if (command === 'confirm' || command === 'page') refuseConflicted(row)
    if (command === 'confirm' || command === 'page' || command === 'cancel') await refuseWhileBusy(tx, row)
    const { row: saved, ...next } = await plan(tx, row)
    if (!next.kind) return { row: saved }
    const { operation } = await beginOperation(tx, newOperation(scope, saved, next), deps.clock.now())
    return { operation }
  })
  if (planned.row) {
    deps.queue.wake('outbox.drain', { id: planned.row.id })
    return { kind: 'done', row: planned.row }
  }
  // The same request again, after a crash or a lost connection: finish its operation instead of making another.
  return planned.earlier
    ? resolveOperation(deps, scope.merchantId, planned.earlier.id, true)
    : runOperation(deps, planned.operation)
}

const operationKind: Partial<Record<IntentCommand, NewOperation['kind']>> = {
  confirm: 'authorize',
  capture: 'capture',
  cancel: 'cancel',
  increment: 'increment',
  page: 'page',
}

const findEarlier = (tx: Tx, scope: CommandScope, command: IntentCommand): Promise<OperationRow | undefined> => {
  const kind = operationKind[command]
  if (!kind) return Promise.resolve(undefined)
  return tx
    .selectFrom('operations')
    .selectAll()
    .where('merchant_id', '=', scope.merchantId)
    .where('payment_intent_id', '=', scope.intentId)
    .where('kind', '=', kind)
    .where('request_id', '=', scope.requestId)
    .executeTakeFirst()
}

const refuseUnless = (deps: PaymentDeps, row: IntentRow, command: IntentCommand): void => {
  const verdict = checkCommand(row.status, command)
  if (verdict.ok) return
  throw new AppError(verdict.code, {
    message: verdict.message,
    extra: { payment_intent: showIntent(row, intentLinks(deps, row)) },
  })
}

/** Turns an outcome into the row, or into the error that the client reads. */
export const settle = (deps: PaymentDeps, outcome: Outcome): IntentRow => {
  if (outcome.kind === 'conflict') refuseConflicted(outcome.row)
  if (outcome.kind === 'done' || outcome.kind === 'conflict') return outcome.row
  if (outcome.kind === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  const { decline, row } = outcome
  throw new AppError(declineCode(decline), {
    message: decline.message,
    ...(decline.declineCode === undefined ? {} : { declineCode: decline.declineCode }),
    extra: {
      payment_intent: showIntent(row, intentLinks(deps, row)),
      ...(row.latest_charge_id === null ? {} : { charge: showId('charge', row.latest_charge_id) }),
    },
  })
}

const declineCode = ({ code }: ProviderDecline): ErrorCode =>
  code in errorCatalogue ? (code as ErrorCode) : 'card_declined'

const carriedNames = [
  'receipt_email',
  'shipping',
  'payment_method_options',
  'payment_method_types',
  'amount_details',
  'application_fee_amount',
  'transfer_data',
  'on_behalf_of',
  'transfer_group',
  'setup_future_usage',
  'statement_descriptor',
  'statement_descriptor_suffix',
] as const

/** The parameters that are kept and shown but decide nothing here. */
export const carriedOptions = (body: { [name in (typeof carriedNames)[number]]?: unknown }): Record<string, unknown> =>
  Object.fromEntries(carriedNames.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])))
