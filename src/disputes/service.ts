import { addMs } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { EvidenceFile, EvidenceText } from '#providers/disputes.ts'
import { accountOf, requireDone, type StoredAnswer, workOnDispute } from './answer-service.ts'
import { isAnswerable, isDisputeClosed, nextReminder } from './dispute-machine.ts'
import { type DisputeRow, showDispute } from './dispute-view.ts'
import { evidenceFields, evidenceTextMax, isFileField } from './evidence.ts'
import { createFiles, fileRefOf } from './file-service.ts'
import { createLooks } from './look-service.ts'
import { beginOperation, findDueOperations } from './operation-repo.ts'
import { findDispute, findToCheck, findToRemind, lockDispute, readWhole, touchChecked, updateDispute } from './repo.ts'
import type { UpdateDispute } from './schemas.ts'
import { type DisputedPayment, syncDispute } from './sync-service.ts'

export type DisputeService = ReturnType<typeof createDisputeService>

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

/** A dispute that is open, or whose money is, is asked after when this long has passed. */
const checkEveryMs = 24 * 3_600_000

export const createDisputeService = (deps: PaymentDeps) => ({
  ...createFiles(deps),
  looks: createLooks(deps),

  retrieve: (merchantId: string, id: string) =>
    inTransaction(deps.db, merchantId, async (tx) => show(tx, await requireDispute(tx, merchantId, id))),

  list: (
    merchantId: string,
    query: Omit<ListQuery, 'expand'> & { payment_intent?: string | undefined; charge?: string | undefined },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = tx.selectFrom('disputes').selectAll().where('merchant_id', '=', merchantId)
      const { payment_intent: intent, charge } = query
      if (intent !== undefined)
        select = select.where(
          'payment_intent_id',
          '=',
          requireUuid('paymentIntent', intent, 'payment_intent', 'payment_intent'),
        )
      if (charge !== undefined)
        select = select.where('charge_id', '=', requireUuid('charge', charge, 'charge', 'charge'))
      const page = await readPage(select, query, 'dispute')
      return listAnswer('/v1/disputes', (await readWhole(tx, page.rows)).map(showDispute), page.hasMore)
    }),

  /** Keeps or submits evidence at the provider, and metadata here. Answers how the dispute stands after that. */
  update: async (scope: Scope, id: string, body: UpdateDispute) => {
    const operationId = await inTransaction(deps.db, scope.merchantId, (tx) => beginUpdate(tx, deps, scope, id, body))
    return finish(deps, scope, id, operationId)
  },

  /** Gives in: Stripe books the loss, WeChat Pay ends the complaint. */
  close: async (scope: Scope, id: string) => {
    const operationId = await inTransaction(deps.db, scope.merchantId, async (tx) => {
      const row = await requireDispute(tx, scope.merchantId, id, lockDispute)
      if (isDisputeClosed(row.state)) return repeated(tx, scope, row, 'close')
      const command = { kind: 'close' as const, command: {} }
      return (await beginOperation(tx, { ...operationOf(scope, row), ...command }, deps.clock.now())).id
    })
    return finish(deps, scope, id, operationId)
  },

  /** What the provider says of a dispute, for its news: see `syncDispute`. */
  sync: (
    from: Omit<ProviderAccount, 'merchantId'>,
    ref: string,
    whose?: { hint?: DisputedPayment | undefined; owner?: string | undefined },
  ) => syncDispute(deps, from, ref, whose),

  /** Job `dispute.answer`. */
  work: (merchantId: string, operationId: string) => workOnDispute(deps, merchantId, operationId),

  /** Job `dispute.check`: asks after a dispute from which nothing was heard for a day. */
  check: async (merchantId: string, id: string): Promise<void> => {
    const now = deps.clock.now()
    const row = await inTransaction(deps.db, merchantId, (tx) => touchChecked(tx, merchantId, id, now))
    if (!row) return
    const hint = { merchant_id: merchantId, id: row.payment_intent_id }
    await syncDispute(deps, accountOf(row), row.provider_ref, { hint })
  },

  /** Job `dispute.remind`: tells the merchant, once for each time that has come, that evidence is due. */
  remind: async (merchantId: string, id: string): Promise<void> => {
    await inTransaction(deps.db, merchantId, (tx) => remind(tx, deps, merchantId, id))
    deps.queue.wake('outbox.drain', { id })
  },

  sweep: async (): Promise<void> => {
    const now = deps.clock.now()
    const { maintenance } = deps.db
    const repeated = { repeated: true }
    for (const { id, merchant_id: merchant } of await findDueOperations(maintenance, now, 500))
      deps.queue.wake('dispute.answer', { id, merchant }, repeated)
    for (const { id, merchant_id: merchant } of await findToCheck(maintenance, addMs(now, -checkEveryMs), 100))
      deps.queue.wake('dispute.check', { id, merchant }, repeated)
    for (const { id, merchant_id: merchant } of await findToRemind(maintenance, now, 100))
      deps.queue.wake('dispute.remind', { id, merchant }, repeated)
  },
})

const finish = async (deps: PaymentDeps, { merchantId }: Scope, id: string, operationId: string | undefined) => {
  if (operationId !== undefined) {
    await workOnDispute(deps, merchantId, operationId)
    await inTransaction(deps.db, merchantId, (tx) => requireDone(tx, merchantId, operationId))
  }
  deps.queue.wake('outbox.drain', { id: operationId ?? parseId('dispute', id) ?? id })
  return inTransaction(deps.db, merchantId, async (tx) => show(tx, await requireDispute(tx, merchantId, id)))
}

const beginUpdate = async (
  tx: Tx,
  deps: PaymentDeps,
  scope: Scope,
  id: string,
  { evidence = {}, submit, metadata }: UpdateDispute,
): Promise<string | undefined> => {
  const now = deps.clock.now()
  const before = await requireDispute(tx, scope.merchantId, id, lockDispute)
  const row =
    metadata === undefined
      ? before
      : await updateDispute(tx, before, { metadata: mergeMetadata(before.metadata, metadata) }, now)
  const fields = evidenceFields.filter((field) => evidence[field] !== undefined)
  // As at Stripe: evidence is submitted unless the client says that it is only to be kept.
  const isSubmitted = submit ?? fields.length > 0
  if (fields.length === 0 && !isSubmitted) {
    if (metadata !== undefined) await appendEvents(tx, [await eventOf(tx, deps, row, 'charge.dispute.updated')])
    return undefined
  }
  const command: StoredAnswer = {
    ...(await readEvidence(tx, row, evidence)),
    submit: isSubmitted,
    submissions: row.submissions,
  }
  if (!isAnswerable(row.state)) return repeated(tx, scope, row, 'evidence')
  return (await beginOperation(tx, { ...operationOf(scope, row), kind: 'evidence', command: { ...command } }, now)).id
}

const operationOf = ({ merchantId, resourceId }: Scope, row: DisputeRow) => ({
  merchantId,
  disputeId: row.id,
  requestId: resourceId,
})

/** The same request again, after its work was done; any other one is refused now. */
const repeated = async (tx: Tx, scope: Scope, row: DisputeRow, kind: 'evidence' | 'close'): Promise<string> => {
  const done = await tx
    .selectFrom('dispute_operations')
    .select('id')
    .where('merchant_id', '=', scope.merchantId)
    .where('dispute_id', '=', row.id)
    .where('kind', '=', kind)
    .where('request_id', '=', scope.resourceId)
    .executeTakeFirst()
  if (done) return done.id
  throw new AppError('dispute_unexpected_state', {
    message: isDisputeClosed(row.state)
      ? 'This dispute is already closed.'
      : `This dispute takes no evidence now; its status is ${row.state}.`,
  })
}

const readEvidence = async (tx: Tx, row: DisputeRow, evidence: NonNullable<UpdateDispute['evidence']>) => {
  const texts: Partial<Record<EvidenceText, string>> = {}
  const files: Partial<Record<EvidenceFile, string>> = {}
  for (const field of evidenceFields) {
    const value = evidence[field]
    if (value === undefined) continue
    if (isFileField(field)) files[field] = value === '' ? '' : await fileRefOf(tx, row, value, field)
    else texts[field] = value
  }
  const length = Object.values(texts).reduce((sum, text) => sum + text.length, 0)
  if (length > evidenceTextMax)
    throw new AppError('parameter_invalid_string', {
      message: `The texts of the evidence have ${length} characters; send at most ${evidenceTextMax} in all.`,
      param: 'evidence',
    })
  return { texts, files }
}

const remind = async (tx: Tx, deps: PaymentDeps, merchantId: string, id: string): Promise<void> => {
  const now = deps.clock.now()
  const row = await lockDispute(tx, merchantId, id)
  if (!row || row.next_reminder_at === null || row.next_reminder_at > now) return
  const next = nextReminder(row.state, row.due_by, now)
  // Late by more than the deadline there is nothing to remind of.
  const isDue = isAnswerable(row.state) && row.due_by !== null && row.due_by > now
  const saved = await updateDispute(tx, row, { next_reminder_at: next, ...(isDue ? { reminded_at: now } : {}) }, now)
  if (isDue) await appendEvents(tx, [await eventOf(tx, deps, saved, 'dispute.evidence_due')])
}

const eventOf = async (tx: Tx, deps: PaymentDeps, row: DisputeRow, type: string) => {
  const object = await show(tx, row)
  const [whole] = await readWhole(tx, [row])
  return {
    merchantId: row.merchant_id,
    type,
    objectId: row.id,
    threadId: whole?.threadId ?? null,
    paymentIntentId: row.payment_intent_id,
    object,
    livemode: row.livemode,
    createdAt: deps.clock.now(),
  }
}

const show = async (tx: Tx, row: DisputeRow) => {
  const [whole] = await readWhole(tx, [row])
  if (!whole) throw new Error('nothing to show')
  return showDispute(whole)
}

const requireDispute = async (tx: Tx, merchantId: string, id: string, find = findDispute): Promise<DisputeRow> => {
  const row = await find(tx, merchantId, requireUuid('dispute', id, 'dispute'))
  if (!row) throw notFound('dispute', id)
  return row
}
