import { delayMs, statementSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import type { StatementCalendar, StatementLine } from '#providers/statements.ts'
import type { PaymentDeps } from './apply-service.ts'
import { bookStatedFee } from './stated-fee-service.ts'
import { goneAt, spanOf, statedSpan } from './statement-days.ts'
import { disagreementOf } from './statement-lines.ts'
import {
  claimStatement,
  findDueStatements,
  findUnreadDays,
  hasCharges,
  matchLines,
  planStatement,
  type StatementRow,
  updateStatement,
} from './statement-repo.ts'
import { syncPayment } from './sync-service.ts'

/** Longer than a download takes. */
const leaseMs = 5 * 60_000
/** Days are looked for this often; there is nothing to be late for. */
const planEveryMs = 10 * 60_000

/** Statements of providers that tell their fees a day later, in a file: each day of each account is read once. */
export const createStatements = (deps: PaymentDeps) => {
  let plannedAt = Number.NEGATIVE_INFINITY
  const plan = async (now: Date): Promise<void> => {
    for (const provider of deps.providers.routable()) {
      const calendar = deps.providers.capabilities(provider).statements
      if (!calendar) continue
      const span = { ...statedSpan(calendar, now), offsetMinutes: calendar.offsetMinutes }
      for (const stated of await findUnreadDays(deps.db.maintenance, provider, span))
        await inTransaction(deps.db, stated.merchant_id, (tx) => planStatement(tx, newUuid(), stated, now))
    }
  }
  return {
    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      if (now.getTime() - plannedAt >= planEveryMs) {
        await plan(now)
        plannedAt = now.getTime()
      }
      for (const row of await findDueStatements(deps.db.maintenance, now, 100))
        deps.queue.wake('provider.statement', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    },

    /** Job `provider.statement`: reads one, and books the fees in it. */
    read: async (merchantId: string, id: string): Promise<void> => {
      const now = deps.clock.now()
      const row = await inTransaction(deps.db, merchantId, (tx) =>
        claimStatement(tx, merchantId, id, { now, until: addMs(now, leaseMs) }),
      )
      if (row) await readStatement(deps, row)
    },
  }
}

const readStatement = async (deps: PaymentDeps, row: StatementRow): Promise<void> => {
  const { merchant_id: merchantId, provider: id, connection_id: connectionId, day } = row
  const provider = await deps.providers.open({ merchantId, provider: id, connectionId })
  const calendar = provider.capabilities.statements
  if (!provider.statements || !calendar) return end(deps, row, { state: 'none' })
  const found = await provider.statements.trades({ day })
  if (found.outcome === 'ok' && found.value.kind === 'lines')
    return end(deps, row, { state: 'read', ...(await bookLines(deps, row, found.value.lines)) })
  const isEmpty = found.outcome === 'ok' && found.value.kind === 'none'
  if (isEmpty && !(await inTransaction(deps.db, merchantId, (tx) => hasCharges(tx, row, spanOf(calendar, day)))))
    return end(deps, row, { state: 'none' })
  await readLater(deps, row, calendar, isEmpty ? 'there is none, though payments were taken that day' : reasonOf(found))
}

/** Asks again later, for as long as the provider keeps the day. */
const readLater = async (
  deps: PaymentDeps,
  row: StatementRow,
  calendar: StatementCalendar,
  reason: string,
): Promise<void> => {
  const now = deps.clock.now()
  if (now >= goneAt(calendar, row.day)) return end(deps, row, { state: 'gone', reason })
  const delay = delayMs(statementSchedule, row.attempts, Math.random()) // exact: a wait, not money
  if (reason !== notReady)
    deps.logger.warn({ provider: row.provider, day: row.day, reason }, 'a statement could not be read yet')
  await inTransaction(deps.db, row.merchant_id, (tx) =>
    updateStatement(tx, row, { reason: reason.slice(0, 500), next_attempt_at: addMs(now, delay) }),
  )
}

const notReady = 'it is not ready yet'

const reasonOf = (answer: ProviderAnswer<unknown>): string => {
  if (answer.outcome === 'ok') return notReady
  return answer.outcome === 'unknown' ? answer.reason : answer.decline.message
}

const end = (
  deps: PaymentDeps,
  row: StatementRow,
  change: Pick<StatementRow, 'state'> & Partial<Pick<StatementRow, 'lines' | 'fees' | 'reason'>>,
): Promise<void> =>
  inTransaction(deps.db, row.merchant_id, (tx) =>
    updateStatement(tx, row, { reason: null, ...change, read_at: deps.clock.now() }),
  )

/**
 * The lines about this merchant's payments; the account may have others, of other software or other merchants. A
 * payment that the statement knows as paid and we do not is asked after first: its news were lost. A line that disagrees
 * with us is not booked; the statement says which.
 */
const bookLines = async (deps: PaymentDeps, row: StatementRow, lines: readonly StatementLine[]) => {
  const match = () =>
    inTransaction(deps.db, row.merchant_id, (tx) =>
      matchLines(tx, row, {
        charges: lines.map((line) => line.chargeRef),
        payments: lines.map((line) => line.paymentRef),
      }),
    )
  const before = await match()
  const unheard = lines.flatMap((line) => {
    const id = before.charges.has(line.chargeRef) ? undefined : before.payments.get(line.paymentRef)
    return id === undefined ? [] : [{ id, ref: line.paymentRef }]
  })
  for (const { id, ref } of new Map(unheard.map((one) => [one.id, one])).values())
    await syncPayment(deps, row.merchant_id, id, ref)
  const { charges } = unheard.length === 0 ? before : await match()
  const ours = lines.flatMap((line) => {
    const charge = charges.get(line.chargeRef)
    return charge ? [{ line, charge, disagreement: disagreementOf(line, charge) }] : []
  })
  const wrong = ours.flatMap(({ disagreement }) => disagreement ?? [])
  if (wrong.length > 0)
    deps.logger.error(
      { provider: row.provider, day: row.day, wrong },
      'a statement disagrees; those fees were not booked',
    )
  let fees = 0
  for (const { line, charge, disagreement } of ours)
    if (!disagreement && (await bookStatedFee(deps, row.merchant_id, charge.intentId, line))) fees += 1
  if (fees > 0) deps.queue.wake('outbox.drain', { id: row.id })
  return { lines: ours.length, fees, reason: wrong.length === 0 ? null : wrong.join('; ').slice(0, 500) }
}
