import type { ChannelId } from '#channels/channel.ts'
import { type Clock, unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { JobQueue } from '#platform/queue.ts'
import { findUpdate, type UpdateRow, unparkUpdate } from './channel-inbox-repo.ts'
import type { ChannelUpdateView } from './channel-schemas.ts'

interface UpdateQuery extends Omit<ListQuery, 'expand' | 'created'> {
  state?: UpdateRow['state'] | undefined
  channel?: ChannelId | undefined
  connection?: string | undefined
}

/** What platforms sent as people read it, and the way back for what was parked. */
export const createUpdateReader = ({ db, clock, queue }: { db: Database; clock: Clock; queue: JobQueue }) => ({
  list: (merchantId: string, query: UpdateQuery) =>
    inTransaction(db, merchantId, async (tx) => {
      let select = tx
        .selectFrom('channel_updates')
        .selectAll()
        .select('received_at as created_at')
        .where('merchant_id', '=', merchantId)
      if (query.state) select = select.where('state', '=', query.state)
      if (query.channel) select = select.where('channel', '=', query.channel)
      if (query.connection !== undefined) {
        const connection = requireUuid('connection', query.connection, 'connection', 'connection')
        select = select.where('connection_id', '=', connection)
      }
      const page = await readPage(select, { ...query, created: undefined }, 'channelUpdate')
      const data = page.rows.map((row) => showUpdate(row))
      return listAnswer('/v1/channel_updates', data, page.hasMore)
    }),

  retrieve: (merchantId: string, id: string): Promise<ChannelUpdateView> =>
    inTransaction(db, merchantId, async (tx) => {
      const row = await findUpdate(tx, merchantId, uuidOf(id))
      if (!row) throw notFound('channel update', id)
      return { ...showUpdate(row), content: row.content }
    }),

  /** Puts a parked update back to work, after somebody has looked at it. */
  retry: async (merchantId: string, id: string): Promise<ChannelUpdateView> => {
    const row = await inTransaction(db, merchantId, async (tx) => {
      if (!(await findUpdate(tx, merchantId, uuidOf(id)))) throw notFound('channel update', id)
      return unparkUpdate(tx, merchantId, uuidOf(id), clock.now())
    })
    if (!row) throw new AppError('provider_event_unexpected_state', { message: 'Only a parked update can be retried.' })
    queue.wake('channel.update', { id: row.id, merchant: merchantId })
    return showUpdate(row)
  },
})

const uuidOf = (id: string): string => requireUuid('channelUpdate', id, 'channel update')

const showUpdate = (row: UpdateRow): ChannelUpdateView => ({
  id: showId('channelUpdate', row.id),
  object: 'channel_update',
  connection: showId('connection', row.connection_id),
  channel: row.channel,
  platform_id: row.ref,
  type: row.type,
  kind: String(row.content.kind),
  state: row.state,
  reason: row.reason,
  attempts: row.attempts,
  created: unixSeconds(row.received_at),
  occurred: unixSeconds(row.occurred_at),
  processed: row.processed_at && unixSeconds(row.processed_at),
})
