import { showCustomer } from '#customers/customer-view.ts'
import { findCustomer } from '#customers/repo.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import { listParticipants } from '#threads/repo.ts'
import { showThread } from '#threads/thread-view.ts'
import type { PaymentDeps } from './apply-service.ts'
import { type ChargeRow, showCharge } from './charge-view.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import { findCharges, findIntent } from './repo.ts'
import { parseSearch } from './search-query.ts'

type Expandable = 'latest_charge' | 'customer' | 'thread'

/** The object with the members the client asked to see whole. */
export const expandIntents = async (
  deps: PaymentDeps,
  tx: Tx,
  rows: readonly IntentRow[],
  expand: readonly Expandable[] = [],
) => {
  const views = rows.map((row) => showIntent(row, intentLinks(deps, row)))
  if (expand.length === 0) return views
  const merchantId = rows[0]?.merchant_id ?? ''
  const ids = (pick: (row: IntentRow) => string | null) => [...new Set(rows.flatMap((row) => pick(row) ?? []))]
  const charges = expand.includes('latest_charge')
    ? await findCharges(
        tx,
        merchantId,
        ids((row) => row.latest_charge_id),
      )
    : []
  const threads = expand.includes('thread')
    ? await readThreads(
        tx,
        merchantId,
        ids((row) => row.thread_id),
      )
    : new Map<string, object>()
  const customers = expand.includes('customer')
    ? await readCustomers(
        tx,
        merchantId,
        ids((row) => row.customer_id),
      )
    : new Map<string, object>()
  return rows.map((row, index) => {
    const charge = charges.find((one) => one.id === row.latest_charge_id)
    return {
      ...(views[index] ?? showIntent(row, intentLinks(deps, row))),
      ...(charge ? { latest_charge: showCharge(charge, row) } : {}),
      ...(row.thread_id && threads.has(row.thread_id) ? { thread: threads.get(row.thread_id) } : {}),
      ...(row.customer_id && customers.has(row.customer_id) ? { customer: customers.get(row.customer_id) } : {}),
    }
  })
}

const readThreads = async (tx: Tx, merchantId: string, ids: readonly string[]): Promise<Map<string, object>> => {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('threads')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', 'in', [...ids])
    .execute()
  const people = await listParticipants(tx, merchantId, ids)
  return new Map(
    rows.map((row) => [
      row.id,
      showThread(
        row,
        people.filter((one) => one.thread_id === row.id),
      ),
    ]),
  )
}

const readCustomers = async (tx: Tx, merchantId: string, ids: readonly string[]): Promise<Map<string, object>> => {
  const rows = await Promise.all(ids.map((id) => findCustomer(tx, merchantId, id)))
  return new Map(rows.flatMap((row) => (row ? [[row.id, showCustomer(row)]] : [])))
}

const dataExpand = (expand: readonly string[] | undefined): Expandable[] =>
  (expand ?? []).map((name) => name.replace(/^data\./, '') as Expandable)

export const createReader = (deps: PaymentDeps) => ({
  show: (merchantId: string, row: IntentRow, expand?: readonly Expandable[]) =>
    inTransaction(deps.db, merchantId, async (tx) => first(await expandIntents(deps, tx, [row], expand))),

  retrieve: (merchantId: string, id: string, expand?: readonly Expandable[]) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const row = await requireIntent(tx, merchantId, id)
      return first(await expandIntents(deps, tx, [row], expand))
    }),

  list: (
    merchantId: string,
    query: Omit<ListQuery, 'expand'> & {
      thread?: string | undefined
      customer?: string | undefined
      expand?: string[] | undefined
    },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = tx.selectFrom('payment_intents').selectAll().where('merchant_id', '=', merchantId)
      if (query.thread !== undefined)
        select = select.where('thread_id', '=', requireUuid('thread', query.thread, 'thread', 'thread'))
      if (query.customer !== undefined)
        select = select.where('customer_id', '=', requireUuid('customer', query.customer, 'customer', 'customer'))
      const page = await readPage(select, query, 'paymentIntent')
      return listAnswer(
        '/v1/payment_intents',
        await expandIntents(deps, tx, page.rows, dataExpand(query.expand)),
        page.hasMore,
      )
    }),

  /** Search by metadata, thread, customer, status, amount or currency, all of them with AND. */
  search: (
    merchantId: string,
    query: { query: string; limit: number; page?: string | undefined; expand?: string[] | undefined },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const parsed = parseSearch(query.query)
      if (!parsed.ok) throw new AppError('parameter_invalid_string', { message: parsed.message, param: 'query' })
      const { metadata, fields } = parsed
      let select = tx.selectFrom('payment_intents').selectAll().where('merchant_id', '=', merchantId)
      if (Object.keys(metadata).length > 0) select = select.where('metadata', '@>', JSON.stringify(metadata) as never)
      if (fields.thread !== undefined)
        select = select.where('thread_id', '=', requireUuid('thread', fields.thread, 'thread', 'query'))
      if (fields.customer !== undefined)
        select = select.where('customer_id', '=', requireUuid('customer', fields.customer, 'customer', 'query'))
      if (fields.status !== undefined) select = select.where('status', '=', fields.status as IntentRow['status'])
      if (fields.currency !== undefined) select = select.where('currency', '=', fields.currency.toLowerCase())
      if (fields.amount !== undefined) select = select.where('amount', '=', BigInt(fields.amount))
      const page = await readPage(
        select,
        { limit: query.limit, ...(query.page === undefined ? {} : { starting_after: query.page }) },
        'paymentIntent',
      )
      const last = page.rows.at(-1)
      return {
        object: 'search_result' as const,
        url: '/v1/payment_intents/search',
        has_more: page.hasMore,
        next_page: page.hasMore && last ? showId('paymentIntent', last.id) : null,
        data: await expandIntents(deps, tx, page.rows, dataExpand(query.expand)),
      }
    }),

  retrieveCharge: (merchantId: string, id: string, expand: readonly string[] = []) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const uuid = requireUuid('charge', id, 'charge')
      const [charge] = await findCharges(tx, merchantId, [uuid])
      const intent = charge && (await findIntent(tx, merchantId, charge.payment_intent_id))
      if (!charge || !intent) throw notFound('charge', id)
      return expandCharge(deps, charge, intent, expand.includes('payment_intent'))
    }),

  listCharges: (
    merchantId: string,
    query: Omit<ListQuery, 'expand'> & {
      payment_intent?: string | undefined
      customer?: string | undefined
      expand?: string[] | undefined
    },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = chargesOf(tx, merchantId)
      if (query.payment_intent !== undefined) {
        select = select.where(
          'payment_intent_id',
          '=',
          requireUuid('paymentIntent', query.payment_intent, 'payment_intent', 'payment_intent'),
        )
      }
      const customer =
        query.customer === undefined ? undefined : requireUuid('customer', query.customer, 'customer', 'customer')
      if (customer !== undefined) {
        select = select.where('payment_intent_id', 'in', (inner) =>
          inner
            .selectFrom('payment_intents')
            .select('id')
            .where('merchant_id', '=', merchantId)
            .where('customer_id', '=', customer),
        )
      }
      const page = await readPage(select, query, 'charge')
      const intents = await readIntents(
        tx,
        merchantId,
        page.rows.map((row) => row.payment_intent_id),
      )
      const isWhole = query.expand?.includes('data.payment_intent') ?? false
      const data = page.rows.flatMap((row) => {
        const intent = intents.get(row.payment_intent_id)
        return intent ? [expandCharge(deps, row, intent, isWhole)] : []
      })
      return listAnswer('/v1/charges', data, page.hasMore)
    }),
})

const chargesOf = (tx: Tx, merchantId: string) =>
  tx.selectFrom('charges').selectAll().where('merchant_id', '=', merchantId)

const expandCharge = (deps: PaymentDeps, charge: ChargeRow, intent: IntentRow, isWhole: boolean) => ({
  ...showCharge(charge, intent),
  ...(isWhole ? { payment_intent: showIntent(intent, intentLinks(deps, intent)) } : {}),
})

const readIntents = async (tx: Tx, merchantId: string, ids: readonly string[]): Promise<Map<string, IntentRow>> => {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('payment_intents')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map((row) => [row.id, row]))
}

const first = <T>(list: readonly T[]): T => {
  const [one] = list
  if (one === undefined) throw new Error('nothing to show')
  return one
}

export const requireIntent = async (tx: Tx, merchantId: string, id: string, param = 'intent'): Promise<IntentRow> => {
  const uuid = parseId('paymentIntent', id)
  const row = uuid && (await findIntent(tx, merchantId, uuid))
  if (!row) throw notFound('payment_intent', id, param)
  return row
}
