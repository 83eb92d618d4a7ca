import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer } from '#platform/listing.ts'
import type { PaymentDeps } from './apply-service.ts'
import { attemptsOf, showAttempt } from './attempt.ts'
import { listNatives } from './attempt-repo.ts'
import { listOperations } from './operation-repo.ts'
import { requireIntent } from './read-service.ts'

type Query = Pick<ListQuery, 'limit' | 'starting_after' | 'ending_before'>

/** The attempts to get a payment paid, newest first. They are few, so a page is cut from all of them. */
export const listAttempts = (deps: PaymentDeps, merchantId: string, id: string, query: Query) =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await requireIntent(tx, merchantId, id)
    const operations = await listOperations(tx, merchantId, intent.id)
    const natives = await listNatives(tx, merchantId, intent.id)
    const charges = await tx
      .selectFrom('charges')
      .selectAll()
      .where('merchant_id', '=', merchantId)
      .where('payment_intent_id', '=', intent.id)
      .orderBy('id')
      .execute()
    const { page, hasMore } = cut(attemptsOf(operations, natives, charges), query)
    return listAnswer(
      `/v1/payment_intents/${id}/attempts`,
      page.map((attempt) => showAttempt(attempt, intent)),
      hasMore,
    )
  })

const cut = <T extends { id: string }>(all: readonly T[], query: Query): { page: T[]; hasMore: boolean } => {
  const { limit, starting_after: after, ending_before: before } = query
  if (after !== undefined && before !== undefined) {
    const message = 'Send starting_after or ending_before, not both.'
    throw new AppError('parameters_exclusive', { message, param: 'ending_before' })
  }
  if (before !== undefined) {
    const end = indexOf(all, before, 'ending_before')
    const from = end > limit ? end - limit : 0
    return { page: all.slice(from, end), hasMore: from > 0 }
  }
  const from = after === undefined ? 0 : indexOf(all, after, 'starting_after') + 1
  return { page: all.slice(from, from + limit), hasMore: all.length > from + limit }
}

const indexOf = (all: readonly { id: string }[], cursor: string, param: string): number => {
  const id = parseId('attempt', cursor)
  const index = all.findIndex((one) => one.id === id)
  if (index < 0) throw new AppError('resource_missing', { message: `No such object: '${cursor}'`, param })
  return index
}
