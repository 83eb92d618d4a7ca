import { notFound } from '#kernel/errors.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer } from '#platform/listing.ts'
import { type ClosingDeps, finishClosing, readChecklist } from './closing-service.ts'
import { type Month, monthOf } from './month.ts'
import { booksState, type Period, periodsOf } from './period.ts'
import { findClosing, readBookedMonths, readLocks } from './period-repo.ts'
import { showPeriod } from './period-view.ts'

/** How long a reader waits for a closing that somebody else has not finished, and for the sealer. */
const lookWaitMs = 200
const sweepWaitMs = 1000

export const createPeriodService = (deps: ClosingDeps) => ({
  /** Every month from the first booked to this one, or to the last booked if that is later; newest first. */
  listPeriods: async (merchantId: string) => {
    await settle(deps, merchantId)
    return inTransaction(deps.db, merchantId, async (tx) =>
      listAnswer('/v1/ledger/periods', await readPeriods(tx, deps, merchantId), false),
    )
  },

  retrievePeriod: async (merchantId: string, month: Month) => {
    await settle(deps, merchantId)
    return inTransaction(deps.db, merchantId, async (tx) => {
      const found = (await readPeriods(tx, deps, merchantId)).find((period) => period.month === month)
      if (!found) throw notFound('period', month, 'month')
      return found
    })
  },

  /** Finishes closings whose request has ended: the process died, or somebody wrote for long. */
  sweep: async (): Promise<void> => {
    for (const merchantId of await findClosing(deps.db.maintenance)) await finishClosing(deps, merchantId, sweepWaitMs)
  },
})

const settle = async (deps: ClosingDeps, merchantId: string): Promise<void> => {
  const isFinished = await finishClosing(deps, merchantId, lookWaitMs)
  if (isFinished) await deps.sealer.catchUp(merchantId, lookWaitMs)
}

const readPeriods = async (tx: Tx, { clock }: ClosingDeps, merchantId: string) => {
  const now = clock.now()
  const booked = await readBookedMonths(tx, merchantId)
  const locks = await readLocks(tx, merchantId)
  const last = booked && booked.last > monthOf(now) ? booked.last : monthOf(now)
  const periods = periodsOf(locks, booked?.first, last)
  const { next } = booksState(locks, booked?.first)
  const show = async (period: Period) =>
    showPeriod(period, period.month === next ? await readChecklist(tx, merchantId, next, now) : null)
  return Promise.all(periods.map(show))
}
