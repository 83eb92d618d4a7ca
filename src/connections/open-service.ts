import { type ChannelId, type Connection, isChannelId } from '#channels/channel.ts'
import { parseId } from '#kernel/ids.ts'
import { coalesce } from '#platform/coalesce.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import type { KeyRing } from '#platform/key-ring.ts'
import type { ProviderAdapter, ProviderConnection } from '#providers/accounts.ts'
import { isProviderChannel } from './place.ts'
import { type ConnectionRow, findActive, findByExternalId, findByIds, findConnection, findVetoes } from './repo.ts'
import { openSecrets } from './secret-service.ts'

/** A connection as its row stands now. */
export interface OpenConnection extends Connection {
  readonly status: ConnectionRow['status']
  /** Nothing is sent before this moment. */
  readonly sendAfter: Date | null
}

/** A merchant's account at a payment provider. `version` changes with the row. */
export interface OpenProviderConnection extends ProviderConnection {
  readonly provider: ProviderAdapter['id']
  readonly externalId: string
  readonly status: ConnectionRow['status']
  readonly version: string
}

/** Where a merchant is asked before a charge. */
export interface VetoConnection {
  readonly merchantId: string
  readonly id: string
  readonly settings: { readonly url: string; readonly default: 'allow' | 'refuse' }
  readonly secrets: { readonly signing_secret: string }
  readonly livemode: boolean
}

/** Connections with their secrets, for whoever talks to a platform. */
export const createOpener = ({ db, keys }: { db: Database; keys: KeyRing }) => {
  const findByPath = coalesce<string, ConnectionRow | undefined>({
    run: async (ids) => {
      const rows = await findByIds(db.maintenance, ids)
      const byId = new Map(rows.map((row) => [row.id, row]))
      return ids.map((id) => ({ ok: true, value: byId.get(id) }))
    },
  })
  // Every payment asks, and most merchants have none: asked together it costs next to nothing, and is never stale.
  const findVetoRow = coalesce<string, ConnectionRow | undefined>({
    run: async (merchants) => {
      const rows = new Map((await findVetoes(db, merchants)).map((row) => [row.merchant_id, row]))
      return merchants.map((id) => ({ ok: true, value: rows.get(id) }))
    },
  })
  const read = (merchantId: string, id: string) =>
    inTransaction(db, merchantId, (tx) => findConnection(tx, merchantId, id))
  const open = async (merchantId: string, id: string): Promise<OpenConnection | undefined> =>
    openActive(keys, await read(merchantId, id))
  return {
    /** An active connection with its secrets, or undefined; both ids are UUIDs. */
    open,

    /** Whatever its state: what a platform has sent is worked off also when nothing may be sent any more. */
    openAny: async (merchantId: string, id: string): Promise<OpenConnection | undefined> =>
      openRow(keys, await read(merchantId, id)),

    /** The one that a webhook's path names, of whatever merchant and in whatever state. `id` in public form. */
    openByPath: async (channel: ChannelId, id: string): Promise<OpenConnection | undefined> => {
      const uuid = parseId('connection', id)
      const row = uuid === undefined ? undefined : await findByPath(uuid)
      return row?.channel === channel ? openRow(keys, row) : undefined
    },

    ...createAccountOpener({ db, keys, read, findByPath }),

    /** The thread's own, else the only active one of its channel. */
    openForThread: async (
      merchantId: string,
      thread: { channel: string; connection_id: string | null },
    ): Promise<OpenConnection | undefined> => {
      const { channel, connection_id: id } = thread
      if (id !== null) return open(merchantId, id)
      if (!isChannelId(channel)) return undefined
      const rows = await inTransaction(db, merchantId, (tx) => findActive(tx, merchantId, channel))
      return rows.length === 1 ? openActive(keys, rows[0]) : undefined
    },

    /** The merchant's veto endpoint, when it has an active one. */
    findVeto: async (merchantId: string): Promise<VetoConnection | undefined> => {
      const row = await findVetoRow(merchantId)
      if (!row) return undefined
      const { signing_secret = '' } = openSecrets(keys, row)
      return {
        merchantId,
        id: row.id,
        settings: row.settings as unknown as VetoConnection['settings'],
        secrets: { signing_secret },
        livemode: row.livemode,
      }
    },
  }
}

interface AccountParts {
  db: Database
  keys: KeyRing
  read(merchantId: string, id: string): Promise<ConnectionRow | undefined>
  findByPath(id: string): Promise<ConnectionRow | undefined>
}

const createAccountOpener = ({ db, keys, read, findByPath }: AccountParts) => ({
  /** A provider's account of this merchant, whatever its state. */
  openProvider: async (merchantId: string, id: string): Promise<OpenProviderConnection | undefined> =>
    openProviderRow(keys, await read(merchantId, id)),

  /** The one that a provider's notification names, of whatever merchant and in whatever state. Both ids are UUIDs. */
  openProviderById: async (id: string): Promise<OpenProviderConnection | undefined> =>
    openProviderRow(keys, await findByPath(id)),

  /** Who has connected an account of a provider, of whatever merchants. */
  findAccounts: async (provider: ProviderAdapter['id'], externalId: string): Promise<OpenProviderConnection[]> => {
    const rows = await findByExternalId(db.maintenance, provider, externalId)
    return rows.flatMap((row) => openProviderRow(keys, row) ?? [])
  },
})

const openProviderRow = (keys: KeyRing, row: ConnectionRow | undefined): OpenProviderConnection | undefined =>
  row && isProviderChannel(row.channel)
    ? {
        merchantId: row.merchant_id,
        id: row.id,
        provider: row.channel,
        externalId: row.external_id,
        settings: row.settings,
        secrets: openSecrets(keys, row),
        livemode: row.livemode,
        status: row.status,
        version: row.updated_at.toISOString(),
      }
    : undefined

const openActive = (keys: KeyRing, row: ConnectionRow | undefined): OpenConnection | undefined =>
  row?.status === 'active' ? openRow(keys, row) : undefined

const openRow = (keys: KeyRing, row: ConnectionRow | undefined): OpenConnection | undefined =>
  row && isChannelId(row.channel)
    ? {
        merchantId: row.merchant_id,
        id: row.id,
        channel: row.channel,
        externalId: row.external_id,
        name: row.name,
        settings: row.settings,
        secrets: openSecrets(keys, row),
        livemode: row.livemode,
        status: row.status,
        sendAfter: row.send_after,
      }
    : undefined
