import type { Currency } from '#kernel/currencies.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { toDecimalString } from '#kernel/money.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { showCharge } from '#payments/charge-view.ts'
import { type IntentRow, showIntent } from '#payments/intent-view.ts'
import { intentLinks } from '#payments/link-service.ts'
import { beginOperation, findDueOperations } from '#payments/operation-repo.ts'
import { findCharges, findIntent, lockIntent } from '#payments/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import { applyRefund } from './apply-service.ts'
import { feeCommand } from './fee-command.ts'
import { isRefundOpen } from './refund-machine.ts'
import { type RefundRow, showRefund } from './refund-view.ts'
import { findQuietRefunds, findRefund, insertRefund, lockRefund, reserveRefund, updateRefund } from './repo.ts'
import type { CreateRefund } from './schemas.ts'
import { workOnRefund } from './submit-service.ts'
import { syncRefund } from './sync-service.ts'

export type RefundService = ReturnType<typeof createRefundService>

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

type Expand = readonly string[] | undefined

/** A refund from which nothing was heard is asked after when this long has passed. */
const quietMs = 5 * 60_000

export const createRefundService = (deps: PaymentDeps) => ({
  /** Reserves the amount and writes the refund; a job takes it to the provider. Answers `pending`. */
  create: async (scope: Scope, body: CreateRefund) => {
    const made = await inTransaction(deps.db, scope.merchantId, (tx) => createRefund(tx, deps, scope, body))
    deps.queue.wake('refund.submit', { id: made.operationId, merchant: scope.merchantId })
    deps.queue.wake('outbox.drain', { id: made.refund.id })
    return inTransaction(deps.db, scope.merchantId, (tx) => show(tx, deps, made.refund, body.expand))
  },

  retrieve: (merchantId: string, id: string, expand?: Expand) =>
    inTransaction(deps.db, merchantId, async (tx) => show(tx, deps, await requireRefund(tx, merchantId, id), expand)),

  list: (
    merchantId: string,
    query: Omit<ListQuery, 'expand'> & {
      payment_intent?: string | undefined
      charge?: string | undefined
      expand?: string[] | undefined
    },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = tx.selectFrom('refunds').selectAll().where('merchant_id', '=', merchantId)
      if (query.payment_intent !== undefined) {
        select = select.where(
          'payment_intent_id',
          '=',
          requireUuid('paymentIntent', query.payment_intent, 'payment_intent', 'payment_intent'),
        )
      }
      if (query.charge !== undefined)
        select = select.where('charge_id', '=', requireUuid('charge', query.charge, 'charge', 'charge'))
      const page = await readPage(select, query, 'refund')
      const expand = query.expand?.map((name) => name.replace(/^data\./, ''))
      const data = await Promise.all(page.rows.map((row) => show(tx, deps, row, expand)))
      return listAnswer('/v1/refunds', data, page.hasMore)
    }),

  update: async (
    scope: Scope,
    id: string,
    body: { metadata?: Record<string, string> | '' | undefined; expand?: Expand },
  ) => {
    const view = await inTransaction(deps.db, scope.merchantId, async (tx) => {
      const row = await requireRefund(tx, scope.merchantId, id, lockRefund)
      const saved = await updateRefund(
        tx,
        row,
        { metadata: mergeMetadata(row.metadata, body.metadata ?? {}) },
        deps.clock.now(),
      )
      await appendEvents(tx, [await refundEvent(tx, deps, saved, 'refund.updated')])
      return show(tx, deps, saved, body.expand)
    })
    deps.queue.wake('outbox.drain', { id: scope.resourceId })
    return view
  },

  /** Cancels a refund that is not final: here when it has not left yet, else at the provider. */
  cancel: async (scope: Scope, id: string, expand?: Expand) => {
    const operationId = await inTransaction(deps.db, scope.merchantId, (tx) => beginCancel(tx, deps, scope, id))
    if (operationId !== undefined) await workOnRefund(deps, scope.merchantId, operationId, true)
    deps.queue.wake('outbox.drain', { id: scope.resourceId })
    return inTransaction(deps.db, scope.merchantId, async (tx) => {
      const row = await requireRefund(tx, scope.merchantId, id)
      if (operationId !== undefined && row.status !== 'canceled') throw refuseCancel(row)
      return show(tx, deps, row, expand)
    })
  },

  /** Job `refund.submit`. */
  work: (merchantId: string, operationId: string) => workOnRefund(deps, merchantId, operationId),
  sync: (merchantId: string, intentId: string, refundRef: string) => syncRefund(deps, merchantId, intentId, refundRef),

  sweep: async (): Promise<void> => {
    const now = deps.clock.now()
    for (const row of await findDueOperations(deps.db.maintenance, now, 500)) {
      if (row.kind === 'refund' || row.kind === 'cancel_refund')
        deps.queue.wake('refund.submit', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    }
    const quiet = await findQuietRefunds(deps.db.maintenance, new Date(now.getTime() - quietMs), 100)
    for (const row of quiet)
      deps.queue.wake('refund.check', { id: row.id, merchant: row.merchant_id }, { repeated: true })
  },

  /** Job `refund.check`: asks after a refund that has been pending for long. Touched first, like a payment. */
  check: async (merchantId: string, id: string): Promise<void> => {
    const row = await inTransaction(deps.db, merchantId, async (tx) => {
      const found = await lockRefund(tx, merchantId, id)
      return found && updateRefund(tx, found, {}, deps.clock.now())
    })
    if (row?.provider_ref) await syncRefund(deps, merchantId, row.payment_intent_id, row.provider_ref)
  },
})

const createRefund = async (tx: Tx, deps: PaymentDeps, scope: Scope, body: CreateRefund) => {
  const now = deps.clock.now()
  const intent = await lockPayment(tx, scope.merchantId, body)
  // The same request again, after a crash: its refund is there, and so is its operation.
  const existing = await findRefund(tx, scope.merchantId, scope.resourceId)
  if (!existing) await refuseDisputed(tx, intent)
  const amount = existing?.amount ?? chooseAmount(intent, body.amount)
  if (!existing && !(await reserveRefund(tx, scope.merchantId, intent.id, amount))) throw exceeds(intent, amount)
  const refund =
    existing ??
    (await insertRefund(tx, {
      merchant_id: scope.merchantId,
      id: scope.resourceId,
      payment_intent_id: intent.id,
      charge_id: intent.latest_charge_id ?? '',
      status: 'pending',
      amount,
      currency: intent.currency,
      reason: body.reason ?? null,
      failure_reason: null,
      metadata: mergeMetadata({}, body.metadata ?? {}),
      provider: intent.provider,
      provider_ref: null,
      version: 1,
      created_at: now,
      updated_at: now,
    }))
  const { provider, provider_ref: paymentRef, currency, version } = intent
  const { operation, isNew } = await beginOperation(
    tx,
    {
      merchantId: scope.merchantId,
      paymentIntentId: intent.id,
      refundId: refund.id,
      kind: 'refund',
      requestId: refund.id,
      amount,
      command: { provider, paymentRef, currency, version, ...feeCommand(intent, body) },
      state: 'created',
    },
    now,
  )
  if (isNew) await appendEvents(tx, [await refundEvent(tx, deps, refund, 'refund.created')])
  return { refund, operationId: operation.id }
}

const lockPayment = async (tx: Tx, merchantId: string, body: CreateRefund): Promise<IntentRow> => {
  if ((body.payment_intent === undefined) === (body.charge === undefined)) {
    throw new AppError(body.charge === undefined ? 'parameter_missing' : 'parameters_exclusive', {
      message: 'Send exactly one of payment_intent and charge.',
      param: 'payment_intent',
    })
  }
  const chargeId = body.charge === undefined ? undefined : requireUuid('charge', body.charge, 'charge', 'charge')
  const [charge] = chargeId === undefined ? [] : await findCharges(tx, merchantId, [chargeId])
  if (chargeId !== undefined && !charge) throw notFound('charge', body.charge ?? '', 'charge')
  const id = charge?.payment_intent_id ?? parseId('paymentIntent', body.payment_intent ?? '')
  const intent = id && (await lockIntent(tx, merchantId, id))
  if (!intent) throw notFound('payment_intent', body.payment_intent ?? '', 'payment_intent')
  if (
    intent.status !== 'succeeded' ||
    intent.latest_charge_id === null ||
    (charge && charge.id !== intent.latest_charge_id)
  ) {
    throw new AppError('payment_intent_unexpected_state', {
      message: `This PaymentIntent (${showId('paymentIntent', intent.id)}) does not have a successful charge to refund; its status is ${intent.status}.`,
      param: body.charge === undefined ? 'payment_intent' : 'charge',
    })
  }
  return intent
}

/** While a bank decides whose the money is, and when it has given it to the payer, a refund would pay twice. */
const refuseDisputed = async (tx: Tx, intent: IntentRow): Promise<void> => {
  const [charge] = await findCharges(tx, intent.merchant_id, [intent.latest_charge_id ?? ''])
  if (charge?.refund_block) throw new AppError(charge.refund_block)
}

const left = (intent: IntentRow): bigint =>
  intent.amount_captured - intent.amount_refunded - intent.amount_refund_pending

const chooseAmount = (intent: IntentRow, wanted: number | undefined): bigint => {
  if (left(intent) <= 0n) throw new AppError('charge_already_refunded')
  const amount = wanted === undefined ? left(intent) : BigInt(wanted)
  if (amount > left(intent)) throw exceeds(intent, amount)
  return amount
}

const exceeds = (intent: IntentRow, amount: bigint): AppError => {
  const shown = (value: bigint) =>
    `${toDecimalString(value, intent.currency as Currency)} ${intent.currency.toUpperCase()}`
  return new AppError('amount_too_large', {
    message: `Refund amount (${shown(amount)}) is greater than unrefunded amount on charge (${shown(left(intent))}).`,
    param: 'amount',
  })
}

const beginCancel = async (tx: Tx, deps: PaymentDeps, scope: Scope, id: string): Promise<string | undefined> => {
  const now = deps.clock.now()
  const found = await requireRefund(tx, scope.merchantId, id)
  const intent = await lockIntent(tx, scope.merchantId, found.payment_intent_id)
  const row = await requireRefund(tx, scope.merchantId, id)
  if (!intent || !isRefundOpen(row.status)) throw refuseCancel(row)
  const unsent = await tx
    .updateTable('operations')
    .set({ state: 'failed', reason: 'canceled before it was sent', finished_at: now })
    .where('merchant_id', '=', scope.merchantId)
    .where('refund_id', '=', row.id)
    .where('kind', '=', 'refund')
    .where('state', '=', 'created')
    .returning('id')
    .executeTakeFirst()
  if (unsent) {
    await applyRefund(tx, deps, intent, row, { status: 'canceled' })
    return undefined
  }
  if (row.provider_ref === null) throw new AppError('lock_timeout', { retryAfter: 1 })
  const { operation } = await beginOperation(
    tx,
    {
      merchantId: scope.merchantId,
      paymentIntentId: row.payment_intent_id,
      refundId: row.id,
      kind: 'cancel_refund',
      requestId: scope.resourceId,
      command: { provider: row.provider, currency: row.currency, version: row.version },
      state: 'created',
    },
    now,
  )
  return operation.id
}

const refuseCancel = (row: RefundRow): AppError =>
  new AppError('refund_unexpected_state', { message: `This refund cannot be canceled; its status is ${row.status}.` })

const requireRefund = async (tx: Tx, merchantId: string, id: string, find = findRefund): Promise<RefundRow> => {
  const uuid = parseId('refund', id)
  const row = uuid && (await find(tx, merchantId, uuid))
  if (!row) throw notFound('refund', id)
  return row
}

export const refundEvent = async (tx: Tx, deps: PaymentDeps, row: RefundRow, type: string) => {
  const intent = await findIntent(tx, row.merchant_id, row.payment_intent_id)
  return {
    merchantId: row.merchant_id,
    type,
    objectId: row.id,
    threadId: intent?.thread_id ?? null,
    paymentIntentId: row.payment_intent_id,
    object: showRefund(row, intent?.thread_id ?? null),
    livemode: intent?.livemode ?? false,
    createdAt: deps.clock.now(),
  }
}

const show = async (tx: Tx, deps: PaymentDeps, row: RefundRow, expand: readonly string[] = []) => {
  const intent = await findIntent(tx, row.merchant_id, row.payment_intent_id)
  const view = showRefund(row, intent?.thread_id ?? null)
  if (!intent || expand.length === 0) return view
  const [charge] = expand.includes('charge') ? await findCharges(tx, row.merchant_id, [row.charge_id]) : []
  return {
    ...view,
    ...(expand.includes('payment_intent') ? { payment_intent: showIntent(intent, intentLinks(deps, intent)) } : {}),
    ...(charge ? { charge: showCharge(charge, intent) } : {}),
  }
}
