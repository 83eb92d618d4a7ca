import { addMs } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction, type Tx, violatedConstraint } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import { type Arrival, arrivalPosting, arrivedAs } from './arrival-service.ts'
import type { PayoutDeps } from './claim-service.ts'
import { findEntryIds } from './entry-repo.ts'
import { judgeConfirmation } from './payout-news.ts'
import { isArrivalBooked, lockPayout, type PayoutRow, updatePayout } from './payout-repo.ts'
import { showPayout } from './payout-view.ts'
import type { ConfirmPayout, Payout } from './schemas.ts'

/** Clocks of banks and ours differ; more than that is a slip of the pen. */
const futureMs = 24 * 3_600_000

/** A payout that was seen on the bank statement. */
export const createConfirmations = (deps: PayoutDeps) => ({
  /**
   * Books Dr 1010 / Cr 1140 under the bank's name for it, unless the provider's word has done so; then only the names
   * change. The same confirmation again answers the same. Throws `payout_unexpected_state`.
   */
  confirm: async (merchantId: string, id: string, body: ConfirmPayout): Promise<Payout> => {
    const uuid = requireUuid('payout', id, 'payout')
    const receivedAt = new Date(body.received_at * 1000)
    if (receivedAt > addMs(deps.clock.now(), futureMs))
      throw new AppError('payout_invalid_confirmation', {
        message: 'received_at lies in the future. Send the day of the bank statement.',
        param: 'received_at',
      })
    try {
      const payout = await inTransaction(deps.db, merchantId, (tx) =>
        confirm(tx, deps, { merchantId, id, uuid }, { id: newUuid(), bankRef: body.bank_reference, at: receivedAt }),
      )
      deps.queue.wake('outbox.drain', { id: uuid })
      return payout
    } catch (error) {
      if (violatedConstraint(error) === 'payouts_merchant_id_bank_reference_key')
        throw referenceTaken(body.bank_reference)
      throw error
    }
  },
})

const confirm = async (
  tx: Tx,
  deps: PayoutDeps,
  { merchantId, id, uuid }: { merchantId: string; id: string; uuid: string },
  arrival: Arrival,
): Promise<Payout> => {
  const row = await lockPayout(tx, merchantId, uuid)
  if (!row) throw notFound('payout', id)
  const known = { status: row.status, confirmedBy: row.confirmed_by, bankReference: row.bank_reference }
  const verdict = judgeConfirmation(known, arrival.bankRef)
  if (!verdict.ok) throw new AppError('payout_unexpected_state', { message: verdict.message })
  if (verdict.kind === 'repeat') return showPayout(row, await findEntryIds(tx, row))
  const now = deps.clock.now()
  if (verdict.kind === 'book') {
    if (await isArrivalBooked(tx, merchantId, arrival.bankRef)) throw referenceTaken(arrival.bankRef)
    await postLedger(tx, arrivalPosting(row, arrival), now)
  }
  const transaction = verdict.kind === 'book' ? {} : { paid_transaction_id: row.paid_transaction_id }
  const saved = await updatePayout(tx, row, { ...arrivedAs('bank', arrival), ...transaction, updated_at: now })
  await appendEvents(tx, [await updatedEvent(tx, saved, now)])
  return showPayout(saved, await findEntryIds(tx, saved))
}

const updatedEvent = async (tx: Tx, row: PayoutRow, now: Date) => ({
  merchantId: row.merchant_id,
  type: 'payout.updated',
  objectId: row.id,
  threadId: null,
  paymentIntentId: null,
  object: showPayout(row, await findEntryIds(tx, row)),
  livemode: row.livemode,
  createdAt: now,
})

const referenceTaken = (bankReference: string): AppError =>
  new AppError('payout_invalid_confirmation', {
    message: `${bankReference} is another payout's line of the bank statement. Send the reference of this payout's own line.`,
    param: 'bank_reference',
  })
