import { AppError, notFound } from '#kernel/errors.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { type OutboundDeps, tellOutbound } from './apply-service.ts'
import { storeCommand } from './calls-service.ts'
import {
  beginOutboundOperation,
  findDueOutboundOperations,
  findEarlierOutbound,
  findSendOperation,
  type OutboundOperation,
} from './operation-repo.ts'
import { isOutboundOpen, nextOutboundCheck } from './outbound-machine.ts'
import { showOutbound } from './outbound-view.ts'
import { chooseSender, findRecipient, requireWithinLimit, type Sender } from './recipient-service.ts'
import {
  findOutbound,
  findOutboundToCheck,
  insertOutbound,
  lockOutbound,
  type OutboundRow,
  requireOutbound,
  selectOutbound,
} from './repo.ts'
import type { CreateOutbound, ListOutbound, OutboundPayment } from './schemas.ts'
import { checkOutbound, syncOutbound } from './sync-service.ts'
import { type OutboundOutcome, resolveOutboundOperation, runOutboundOperation } from './work-service.ts'

export type OutboundService = ReturnType<typeof createOutboundService>

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

/** Money that a merchant sends to people, where the account's provider can. */
export const createOutboundService = (deps: OutboundDeps) => ({
  create: (scope: Scope, body: CreateOutbound): Promise<OutboundPayment> => create(deps, scope, body),

  retrieve: (merchantId: string, id: string): Promise<OutboundPayment> =>
    inTransaction(deps.db, merchantId, async (tx) => showOutbound(await requireOutbound(tx, merchantId, id))),

  list: (merchantId: string, query: ListOutbound) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const { thread, customer, status } = query
      let select = selectOutbound(tx, merchantId)
      if (thread !== undefined)
        select = select.where('thread_id', '=', requireUuid('thread', thread, 'thread', 'thread'))
      if (customer !== undefined)
        select = select.where('customer_id', '=', requireUuid('customer', customer, 'customer', 'customer'))
      if (status !== undefined) select = select.where('status', '=', status)
      const page = await readPage(select, query, 'outboundPayment')
      return listAnswer('/v1/outbound_payments', page.rows.map(showOutbound), page.hasMore)
    }),

  cancel: (scope: Scope, id: string): Promise<OutboundPayment> => cancel(deps, scope, id),

  /** What the provider says of an outbound payment: see `syncOutbound`. */
  sync: (merchantId: string, id: string) => syncOutbound(deps, merchantId, id),

  /** Job `outbound.resolve`: finds out what became of a call. */
  resolve: async (merchantId: string, operationId: string): Promise<void> => {
    await resolveOutboundOperation(deps, merchantId, operationId)
  },

  /** Job `outbound.check`. */
  check: (merchantId: string, id: string): Promise<void> => checkOutbound(deps, merchantId, id),

  sweep: async (): Promise<void> => {
    const { maintenance } = deps.db
    const now = deps.clock.now()
    for (const { id, merchant_id: merchant } of await findDueOutboundOperations(maintenance, now, 500))
      deps.queue.wake('outbound.resolve', { id, merchant }, { repeated: true })
    for (const { id, merchant_id: merchant } of await findOutboundToCheck(maintenance, now, 100))
      deps.queue.wake('outbound.check', { id, merchant }, { repeated: true })
  },
})

/** Payment, operation and event are written before the provider is called; the same request again finds them. */
const create = async (deps: OutboundDeps, scope: Scope, body: CreateOutbound): Promise<OutboundPayment> => {
  const { merchantId, resourceId: id } = scope
  const find = (tx: Tx) => findOutbound(tx, merchantId, id)
  const known = await inTransaction(deps.db, merchantId, find)
  const sender = known ? undefined : await chooseSender(deps, scope, body.connection)
  const begun = sender && (await inTransaction(deps.db, merchantId, (tx) => begin(tx, deps, scope, sender, body)))
  deps.queue.wake('outbox.drain', { id })
  const outcome = begun ? await runOutboundOperation(deps, begun) : await takeUp(deps, merchantId, id)
  // Of what nobody knows yet the payment says so itself: processing.
  if (outcome.kind !== 'refused') return showOutbound(outcome.row)
  const { decline, row } = outcome
  throw new AppError('outbound_payment_refused', {
    message: decline.message,
    declineCode: decline.declineCode ?? decline.code,
    extra: { outbound_payment: showOutbound(row) },
  })
}

const takeUp = async (deps: OutboundDeps, merchantId: string, id: string): Promise<OutboundOutcome> => {
  const read = (tx: Tx) => findSendOperation(tx, merchantId, id)
  const send = await inTransaction(deps.db, merchantId, read)
  return resolveOutboundOperation(deps, merchantId, send.id, true)
}

const begin = async (
  tx: Tx,
  deps: OutboundDeps,
  { merchantId, livemode, resourceId: id }: Scope,
  sender: Sender,
  body: CreateOutbound,
): Promise<OutboundOperation | undefined> => {
  const amount = BigInt(body.amount)
  await requireWithinLimit(tx, merchantId, amount, body.currency)
  const { payee, threadId, participantId, customerId } = await findRecipient(tx, merchantId, sender, body)
  const now = deps.clock.now()
  const row: OutboundRow = {
    merchant_id: merchantId,
    id,
    thread_id: threadId,
    participant_id: participantId,
    customer_id: customerId,
    status: 'processing',
    amount,
    currency: body.currency,
    payee,
    provider: sender.account.provider,
    provider_connection_id: sender.account.connectionId,
    provider_ref: null,
    source: sender.provider.money ? 'available' : 'pending',
    is_sent: false,
    confirmation: null,
    failure_code: null,
    failure_message: null,
    description: body.description,
    metadata: mergeMetadata({}, body.metadata ?? {}),
    livemode,
    version: 1,
    check_at: nextOutboundCheck(now, now),
    created_at: now,
    updated_at: now,
  }
  if (!(await insertOutbound(tx, row))) return undefined
  await tellOutbound(tx, deps, row, 'outbound_payment.created')
  const command = storeCommand(deps, id, body)
  const key = { merchant_id: merchantId, outbound_payment_id: id, kind: 'send' as const, request_id: id }
  return beginOutboundOperation(tx, { ...key, command }, now)
}

const cancel = async (deps: OutboundDeps, scope: Scope, id: string): Promise<OutboundPayment> => {
  const { merchantId, resourceId: requestId } = scope
  const begun = await inTransaction(deps.db, merchantId, async (tx) => {
    const { id: paymentId } = await requireOutbound(tx, merchantId, id)
    const key = { merchant_id: merchantId, kind: 'cancel' as const, request_id: requestId }
    const row = await lockOutbound(tx, merchantId, paymentId)
    const earlier = await findEarlierOutbound(tx, key)
    if (!row) throw notFound('outbound_payment', id)
    if (earlier) return { earlier }
    if (!isOutboundOpen(row.status)) throw refuseCancel(row)
    const operation = { ...key, outbound_payment_id: paymentId, command: {} }
    // While it is being sent nobody knows yet whether there is anything to stop.
    return { operation: await beginOutboundOperation(tx, operation, deps.clock.now()) }
  })
  const outcome = begun.earlier
    ? await resolveOutboundOperation(deps, merchantId, begun.earlier.id, true)
    : await runOutboundOperation(deps, begun.operation)
  if (outcome.kind === 'done') return showOutbound(outcome.row)
  if (outcome.kind === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  throw refuseCancel(outcome.row, outcome.decline.message)
}

const refuseCancel = (row: OutboundRow, message?: string): AppError =>
  new AppError('outbound_payment_unexpected_state', {
    message: message ?? `This outbound payment cannot be canceled; its status is ${row.status}.`,
    extra: { outbound_payment: showOutbound(row) },
  })
