import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { JobQueue } from '#platform/queue.ts'
import { restartDelivery, type ShownDeliveryRow, selectDeliveries } from './delivery-repo.ts'
import type { Delivery, DeliveryListQuery } from './delivery-schemas.ts'
import { showDelivery } from './delivery-view.ts'
import { findEndpoint } from './endpoint-repo.ts'

export interface DeliveryOptions {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
}

export const createDeliveryService = ({ db, clock, queue }: DeliveryOptions) => ({
  retrieveDelivery: (merchantId: string, id: string): Promise<Delivery> =>
    inTransaction(db, merchantId, async (tx) => showDelivery(await requireDelivery(tx, merchantId, id))),

  listDeliveries: (merchantId: string, query: DeliveryListQuery) =>
    inTransaction(db, merchantId, async (tx) => {
      const { event, webhook_endpoint, state } = query
      let select = selectDeliveries(tx, merchantId)
      if (event) select = select.where('deliveries.event_id', '=', requireUuid('event', event, 'event', 'event'))
      if (webhook_endpoint) {
        const uuid = requireUuid('webhookEndpoint', webhook_endpoint, 'webhook endpoint', 'webhook_endpoint')
        select = select.where('deliveries.endpoint_id', '=', uuid)
      }
      if (state) select = select.where('deliveries.state', '=', state)
      const page = await readPage(select, query, 'delivery')
      return listAnswer('/v1/deliveries', page.rows.map(showDelivery), page.hasMore)
    }),

  /** Sends once more, now, and by the schedule again if that fails. */
  redeliver: async (merchantId: string, id: string): Promise<Delivery> => {
    const row = await inTransaction(db, merchantId, async (tx) => {
      const found = await requireDelivery(tx, merchantId, id)
      const endpoint = await findEndpoint(tx, merchantId, found.endpoint_id)
      if (endpoint?.status !== 'enabled') throw endpointDisabled(found.endpoint_id)
      await restartDelivery(tx, merchantId, found.id, clock.now())
      return requireDelivery(tx, merchantId, id)
    })
    queue.wake('notification.deliver', { id: row.id, merchant: merchantId })
    return showDelivery(row)
  },
})

const requireDelivery = async (tx: Tx, merchantId: string, id: string): Promise<ShownDeliveryRow> => {
  const uuid = requireUuid('delivery', id, 'delivery')
  const row = await selectDeliveries(tx, merchantId).where('deliveries.id', '=', uuid).executeTakeFirst()
  if (!row) throw notFound('delivery', id)
  return row
}

const endpointDisabled = (endpointId: string): AppError => {
  const id = showId('webhookEndpoint', endpointId)
  const message = `The webhook endpoint ${id} is disabled. Enable it first: POST /v1/webhook_endpoints/${id} with disabled=false.`
  return new AppError('parameter_invalid_string', { message, param: 'id' })
}
