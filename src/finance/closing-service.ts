import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { readHeadSeq } from '#ledger/balance-repo.ts'
import type { Sealer } from '#ledger/seal-service.ts'
import { sha256 } from '#platform/crypto.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { blockersOf, type ChecklistItem, checklistOf } from './checklist.ts'
import { firstDay, type Month, nextMonth, startOf } from './month.ts'
import { booksState, closedUntil, type Lock, periodsOf } from './period.ts'
import {
  insertLock,
  isPassed,
  lockBooks,
  readBarrier,
  readBookedMonths,
  readFacts,
  readLocks,
  readMonthEnd,
} from './period-repo.ts'
import { showPeriod } from './period-view.ts'
import type { Proposal } from './proposal.ts'
import { findProposal } from './proposal-repo.ts'
import { trialBalanceText } from './trial-balance.ts'

export interface ClosingDeps {
  readonly db: Database
  readonly clock: Clock
  readonly sealer: Sealer
}

/** How often to look whether those who were writing have ended. */
const lookEveryMs = 20

/** The check-list of a month as it is now. */
export const readChecklist = async (tx: Tx, merchantId: string, month: Month, now: Date): Promise<ChecklistItem[]> => {
  const { base_currency: baseCurrency } = await tx
    .selectFrom('merchants')
    .select('base_currency')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()
  return checklistOf(await readFacts(tx, merchantId, month, baseCurrency, now))
}

/** The check-list of a month that can be closed now, or the error that says why it cannot. */
export const requireClosable = async (
  tx: Tx,
  merchantId: string,
  month: Month,
  now: Date,
): Promise<ChecklistItem[]> => {
  const state = await readState(tx, merchantId)
  if (state.closing) throw notReady(`${state.closing} is being closed. Try again in a moment.`)
  if (month !== state.next) {
    throw notReady(
      state.next === undefined
        ? 'Nothing is booked yet.'
        : `Months are closed in their order; the next one is ${state.next}.`,
    )
  }
  if (startOf(nextMonth(month)) > now) throw notReady(`${month} is not over yet.`)
  const checklist = await readChecklist(tx, merchantId, month, now)
  const blockers = blockersOf(checklist)
  if (blockers.length > 0) throw notReady(`${month} cannot be closed yet: ${blockers.join('; ')}.`)
  return checklist
}

/** Appends the lock: from its commit on nothing is booked in the month. `finishClosing` does the rest. */
export const beginClosing = async (tx: Tx, clock: Clock, proposal: Proposal, month: Month): Promise<void> => {
  await requireClosable(tx, proposal.merchantId, month, clock.now())
  await append(tx, clock, proposal, { action: 'closing', closedUntil: closedUntil(month) })
}

/** Refuses a month that is not the last one closed. */
export const requireReopenable = async (tx: Tx, merchantId: string, month: Month): Promise<void> => {
  const { closing, lastClosed } = await readState(tx, merchantId)
  if (closing) throw notReady(`${closing} is being closed. Try again in a moment.`)
  if (month === lastClosed) return
  throw notReady(
    lastClosed === undefined
      ? 'No month is closed.'
      : `Months are reopened from the last one closed, which is ${lastClosed}.`,
  )
}

export const reopen = async (tx: Tx, clock: Clock, proposal: Proposal, month: Month): Promise<void> => {
  await requireReopenable(tx, proposal.merchantId, month)
  await append(tx, clock, proposal, { action: 'reopened', closedUntil: firstDay(month) })
}

/**
 * Closes the month that is `closing`, if there is one: waits until everyone who may have begun to book before the lock
 * has ended and is sealed, then records the trial balance. False when that took longer than `timeoutMs`; then it is
 * for the next one who looks. Any number may try at once.
 */
export const finishClosing = async (deps: ClosingDeps, merchantId: string, timeoutMs: number): Promise<boolean> => {
  const { db, clock, sealer } = deps
  const isClosing = await inTransaction(db, merchantId, async (tx) => (await readState(tx, merchantId)).closing)
  if (isClosing === undefined) return true
  const until = performance.now() + timeoutMs
  const barrier = await readBarrier(db.app)
  while (!(await isPassed(db.app, barrier))) {
    if (performance.now() >= until) return false
    await sleep(lookEveryMs)
  }
  if (!(await sealer.catchUp(merchantId, until - performance.now()))) return false
  await inTransaction(db, merchantId, (tx) => recordClosed(tx, clock, merchantId))
  return true
}

const recordClosed = async (tx: Tx, clock: Clock, merchantId: string): Promise<void> => {
  const { baseCurrency } = await lockBooks(tx, merchantId)
  const last = (await readLocks(tx, merchantId)).at(-1)
  const month = last && booksState([last], undefined).closing
  if (!last || !month) return
  const proposal = await findProposal(tx, merchantId, last.proposalId)
  if (!proposal) throw new Error(`the proposal ${last.proposalId} is missing`)
  const asOfSeq = await readHeadSeq(tx, merchantId)
  const balances = await readMonthEnd(tx, merchantId, month, asOfSeq)
  const digest = sha256(trialBalanceText({ month, asOfSeq, baseCurrency, balances }))
  await append(tx, clock, proposal, { action: 'closed', closedUntil: last.closedUntil, asOfSeq, sha256: digest })
  await appendPeriodEvent(tx, clock, proposal, month, 'ledger.period.closed')
}

type NextLock = Pick<Lock, 'action' | 'closedUntil'> & { asOfSeq?: bigint; sha256?: Buffer }

/** The caller holds the books. */
const append = async (tx: Tx, clock: Clock, proposal: Proposal, lock: NextLock): Promise<void> => {
  const { merchantId, id: proposalId } = proposal
  const now = clock.now()
  const last = (await readLocks(tx, merchantId)).at(-1)
  await insertLock(tx, { merchantId, number: (last?.number ?? 0) + 1, proposalId, ...lock }, now)
}

/** Tells of a month that was closed or reopened, as it is then. */
export const appendPeriodEvent = async (
  tx: Tx,
  clock: Clock,
  proposal: Proposal,
  month: Month,
  type: 'ledger.period.closed' | 'ledger.period.reopened',
): Promise<void> => {
  const { merchantId } = proposal
  const booked = await readBookedMonths(tx, merchantId)
  const period = periodsOf(await readLocks(tx, merchantId), booked?.first, month)[0]
  if (!period) throw new Error(`nothing is booked in ${month}`)
  await appendEvents(tx, [
    {
      merchantId,
      type,
      objectId: month,
      threadId: null,
      paymentIntentId: null,
      object: showPeriod(period, null),
      livemode: proposal.livemode,
      createdAt: clock.now(),
    },
  ])
}

const readState = async (tx: Tx, merchantId: string) =>
  booksState(await readLocks(tx, merchantId), (await readBookedMonths(tx, merchantId))?.first)

const notReady = (message: string): AppError => new AppError('ledger_period_not_ready', { message, param: 'month' })
