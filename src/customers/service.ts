import type { Clock } from '#kernel/clock.ts'
import { type AppError, notFound } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import { previousAttributes, showCustomer, wholeAddress } from './customer-view.ts'
import { detachMethods } from './method-repo.ts'
import {
  type CustomerRow,
  findCustomer,
  insertCustomer,
  lockCustomer,
  requireCustomer,
  saveCustomer,
  selectCustomers,
} from './repo.ts'
import type { Customer, CustomerInput, CustomerListQuery, DeletedCustomer } from './schemas.ts'

export interface CustomerServiceOptions {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
}

interface Scope {
  merchantId: string
  livemode: boolean
}

export type CustomerService = ReturnType<typeof createCustomerService>

export const createCustomerService = (options: CustomerServiceOptions) => {
  const { db, queue } = options
  const woken = async <T>(work: Promise<T>): Promise<T> => {
    const answer = await work
    queue.wake('outbox.drain', { id: newUuid() })
    return answer
  }
  return {
    create: (scope: Scope, id: string, input: CustomerInput) => woken(create(options, scope, id, input)),
    update: (merchantId: string, id: string, input: CustomerInput) => woken(update(options, merchantId, id, input)),
    remove: (merchantId: string, id: string) => woken(remove(options, merchantId, id)),

    retrieve: (merchantId: string, id: string): Promise<Customer | DeletedCustomer> =>
      inTransaction(db, merchantId, async (tx) => {
        const row = await findCustomer(tx, merchantId, uuidOf(id))
        if (!row) throw missing(id)
        return row.deleted_at ? deleted(id) : showCustomer(row)
      }),

    list: (merchantId: string, query: CustomerListQuery) =>
      inTransaction(db, merchantId, async (tx) => {
        let select = selectCustomers(tx, merchantId).where('deleted_at', 'is', null)
        if (query.email) select = select.where('email', '=', query.email)
        const page = await readPage(select, query, 'customer')
        const data = page.rows.map((row) => showCustomer(row as CustomerRow))
        return listAnswer('/v1/customers', data, page.hasMore)
      }),
  }
}

const missing = (id: string): AppError => notFound('customer', id)
const uuidOf = (id: string): string => requireUuid('customer', id, 'customer')
const deleted = (id: string): DeletedCustomer => ({ id, object: 'customer', deleted: true })

const create = (
  { db, clock }: CustomerServiceOptions,
  { merchantId, livemode }: Scope,
  id: string,
  input: CustomerInput,
): Promise<Customer> =>
  inTransaction(db, merchantId, async (tx) => {
    const row = apply(blank({ merchant_id: merchantId, id, livemode, created_at: clock.now() }), input)
    const isNew = await insertCustomer(tx, row)
    if (!isNew) return showCustomer(await requireCustomer(tx, merchantId, id, 'id'))
    const shown = showCustomer(row)
    await tell(tx, row, { type: 'customer.created', object: shown, at: row.created_at })
    return shown
  })

const update = (
  { db, clock }: CustomerServiceOptions,
  merchantId: string,
  id: string,
  input: CustomerInput,
): Promise<Customer> =>
  inTransaction(db, merchantId, async (tx) => {
    const before = await lockCustomer(tx, merchantId, uuidOf(id))
    if (!before) throw missing(id)
    const after = apply(before, input)
    const shown = showCustomer(after)
    const previous = previousAttributes(showCustomer(before), shown)
    if (Object.keys(previous).length === 0) return shown
    await saveCustomer(tx, after)
    await tell(tx, after, { type: 'customer.updated', object: shown, previous, at: clock.now() })
    return shown
  })

/** The row stays, so that payments can still name their customer; what it said of a person is gone, their cards too. */
const remove = async (
  { db, clock, queue }: CustomerServiceOptions,
  merchantId: string,
  id: string,
): Promise<DeletedCustomer> => {
  const { shown, methods } = await inTransaction(db, merchantId, async (tx) => {
    const before = await lockCustomer(tx, merchantId, uuidOf(id))
    if (!before) throw missing(id)
    const now = clock.now()
    await saveCustomer(tx, { ...blank(before), deleted_at: now })
    const methods = await detachMethods(tx, merchantId, { customerId: before.id, isErased: true }, now)
    await tell(tx, before, { type: 'customer.deleted', object: showCustomer(before), at: now })
    return { shown: deleted(showId('customer', before.id)), methods }
  })
  for (const method of methods) queue.wake('method.forget', { id: method.id, merchant: merchantId })
  return shown
}

type Origin = Pick<CustomerRow, 'merchant_id' | 'id' | 'livemode' | 'created_at'>

const blank = ({ merchant_id, id, livemode, created_at }: Origin): CustomerRow => ({
  merchant_id,
  id,
  name: null,
  email: null,
  phone: null,
  description: null,
  address: null,
  shipping: null,
  metadata: {},
  livemode,
  deleted_at: null,
  created_at,
})

const apply = (row: CustomerRow, input: CustomerInput): CustomerRow => {
  const { name, email, phone, description, address, shipping, metadata } = input
  return {
    ...row,
    ...(name === undefined ? {} : { name: name || null }),
    ...(email === undefined ? {} : { email: email || null }),
    ...(phone === undefined ? {} : { phone: phone || null }),
    ...(description === undefined ? {} : { description: description || null }),
    ...(address === undefined ? {} : { address: address === '' ? null : wholeAddress(address) }),
    ...(shipping === undefined
      ? {}
      : {
          shipping:
            shipping === ''
              ? null
              : { address: wholeAddress(shipping.address), name: shipping.name, phone: shipping.phone || null },
        }),
    ...(metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, metadata) }),
  }
}

interface News {
  type: 'customer.created' | 'customer.updated' | 'customer.deleted'
  object: Customer
  previous?: Record<string, unknown>
  at: Date
}

const tell = (tx: Tx, row: CustomerRow, { type, object, previous, at }: News): Promise<void> =>
  appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type,
      objectId: row.id,
      threadId: null,
      paymentIntentId: null,
      object,
      ...(previous ? { previousAttributes: previous } : {}),
      livemode: row.livemode,
      createdAt: at,
    },
  ])
