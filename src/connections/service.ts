import { type Channels, isChannelId } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { Role } from '#platform/api-keys.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { KeyRing } from '#platform/key-ring.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { Logger } from '#platform/logger.ts'
import type { Outbound } from '#platform/outbound.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { ProviderAdapters } from '#providers/accounts.ts'
import { showChannel, showConnection, showProvider } from './connection-view.ts'
import { type Account, createTester, refusedConnection, type Tester } from './credentials-service.ts'
import { createOpener } from './open-service.ts'
import { isProviderChannel } from './place.ts'
import { refuseTaken, refuseUnproven } from './proof-service.ts'
import { notifyUrlOf, registerAddress } from './register-service.ts'
import {
  type ConnectionChange,
  type ConnectionRow,
  findConnection,
  insertConnection,
  lockConnection,
  lockDeleted,
  postponeConnection,
  selectConnections,
  updateConnection,
} from './repo.ts'
import type { ConnectionInput, ConnectionUpdate, ConnectionView } from './schemas.ts'
import { openSecrets, sealSecrets } from './secret-service.ts'

export interface ConnectionDeps {
  db: Database
  clock: Clock
  logger: Logger
  queue: Pick<JobQueue, 'wake'>
  channels: Channels
  adapters: ProviderAdapters
  keys: KeyRing
  outbound: Outbound
  publicUrl: string
}

interface Scope {
  merchantId: string
  livemode: boolean
  /** Of the key that asks; absent: the deployment itself. */
  role?: Role
}

type Parts = ConnectionDeps & { tester: Tester }

export type ConnectionService = ReturnType<typeof createConnectionService>

/** A merchant's accounts at chat platforms: credentials in, never out again. */
export const createConnectionService = (deps: ConnectionDeps) => {
  const parts = { ...deps, tester: createTester(deps) }
  return {
    ...createOpener(deps),

    /** Asks the platform whose credentials these are, and keeps them. */
    create: (scope: Scope, id: string, input: ConnectionInput): Promise<ConnectionView> =>
      create(parts, scope, id, input),

    update: (scope: Omit<Scope, 'livemode'>, id: string, change: ConnectionUpdate): Promise<ConnectionView> =>
      update(parts, scope, id, change),

    /** Asks the platform again; the answer is kept and shown, good or bad. */
    test: (merchantId: string, id: string): Promise<ConnectionView> => testAgain(parts, merchantId, id),

    /** Keeps an account whose credentials are known to work. Returns its id. */
    insertConnection: async (scope: Scope, channel: ConnectionRow['channel'], account: Account): Promise<string> =>
      (await save(parts, scope, newUuid(), channel, account)).id,

    retrieve: (merchantId: string, id: string): Promise<ConnectionView> =>
      inTransaction(deps.db, merchantId, async (tx) => show(deps, await requireRow(tx, merchantId, id))),

    list: (
      merchantId: string,
      query: ListQuery & {
        channel?: ConnectionRow['channel'] | undefined
        status?: ConnectionRow['status'] | undefined
      },
    ) =>
      inTransaction(deps.db, merchantId, async (tx) => {
        let select = selectConnections(tx, merchantId)
        if (query.channel) select = select.where('channel', '=', query.channel)
        if (query.status) select = select.where('status', '=', query.status)
        const page = await readPage(select, query, 'connection')
        const data = page.rows.map((row) => show(deps, row))
        return listAnswer('/v1/connections', data, page.hasMore)
      }),

    /** Forgets the secrets at once. Threads keep their history, and find their place when the account comes back. */
    delete: (merchantId: string, id: string) =>
      inTransaction(deps.db, merchantId, async (tx) => {
        const row = await requireRow(tx, merchantId, id)
        const now = deps.clock.now()
        const nothing = sealSecrets(deps.keys, row, {})
        await updateConnection(tx, row, { ...nothing, status: 'disabled', deleted_at: now }, now)
        return { id, object: 'connection' as const, deleted: true as const }
      }),

    /** The platform withdrew our access: nothing more is sent, and the merchant is told once. */
    markBroken: async (merchantId: string, id: string, failure: ChannelFailure): Promise<void> => {
      const isNews = await inTransaction(deps.db, merchantId, async (tx) => {
        const row = await lockConnection(tx, merchantId, id)
        if (row?.status !== 'active') return false
        await breakRow(tx, deps, row, failure)
        return true
      })
      if (isNews) deps.queue.wake('outbox.drain', { id })
    },

    /** Where a provider sends its news of the account. `id`: UUID. */
    notifyUrl: (provider: string, id: string): string => notifyUrlOf(deps.publicUrl, provider, id),

    /** Nothing is sent through it before `until`. */
    postpone: (merchantId: string, id: string, until: Date): Promise<void> =>
      inTransaction(deps.db, merchantId, (tx) => postponeConnection(tx, merchantId, id, until)),
  }
}

const show = ({ channels, adapters, publicUrl }: ConnectionDeps, row: ConnectionRow): ConnectionView => {
  const { channel, settings } = row
  if (isProviderChannel(channel)) return showConnection(row, showProvider(adapters[channel].capabilities), publicUrl)
  return showConnection(
    row,
    isChannelId(channel) ? showChannel(channels[channel].capabilities(settings)) : null,
    publicUrl,
  )
}

const requireRow = async (tx: Tx, merchantId: string, id: string): Promise<ConnectionRow> => {
  const row = await findConnection(tx, merchantId, requireUuid('connection', id, 'connection'))
  if (!row) throw notFound('connection', id)
  return row
}

const create = async (
  parts: Parts,
  scope: Scope,
  id: string,
  { channel, settings = {}, secrets = {} }: ConnectionInput,
): Promise<ConnectionView> => {
  const credentials = parts.tester.parse(channel, { settings, secrets })
  refuseUnproven(parts, scope.role, channel, credentials.settings)
  const tested = await parts.tester.test({ ...scope, id }, channel, credentials)
  if (!tested.ok) throw refusedConnection(tested.failure)
  await refuseTaken(parts, scope.merchantId, channel, tested.account)
  const row = await save(parts, scope, id, channel, tested.account)
  const failure = await registerAddress(parts, row, tested.account)
  if (failure) return write(parts, row, { failure })
  // Read back: a request repeated after a crash must show the secret that was stored, not a new one.
  const { signing_secret = '' } = channel === 'veto' ? openSecrets(parts.keys, row) : {}
  return { ...show(parts, row), ...(signing_secret === '' ? {} : { signing_secret }) }
}

const save = (
  { db, clock, keys }: ConnectionDeps,
  { merchantId, livemode }: Scope,
  id: string,
  channel: ConnectionRow['channel'],
  { externalId, name, settings, secrets }: Account,
): Promise<ConnectionRow> =>
  inTransaction(db, merchantId, async (tx) => {
    const now = clock.now()
    const place = { merchant_id: merchantId, channel, external_id: externalId }
    const before = await lockDeleted(tx, place)
    const key = { merchant_id: merchantId, id: before?.id ?? id }
    const fresh = {
      name,
      status: 'active' as const,
      settings,
      ...sealSecrets(keys, key, secrets),
      failure: null,
      checked_at: now,
      deleted_at: null,
      livemode,
      created_at: now,
    }
    if (before) return updateConnection(tx, before, fresh, now)
    const row = await insertConnection(tx, { ...place, ...key, ...fresh, send_after: null, updated_at: now })
    if (row) return row
    throw new AppError('resource_already_exists', {
      message: `This account (${channel} ${externalId}) is connected already. Update that connection, or delete it first.`,
    })
  })

const update = async (
  parts: Parts,
  { merchantId, role }: Omit<Scope, 'livemode'>,
  id: string,
  change: ConnectionUpdate,
): Promise<ConnectionView> => {
  const { db, clock, keys, tester } = parts
  const row = await inTransaction(db, merchantId, (tx) => requireRow(tx, merchantId, id))
  if (change.settings === undefined && change.secrets === undefined && change.status !== 'active') {
    if (change.status === undefined) return show(parts, row)
    return write(parts, row, { status: change.status })
  }
  const before = openSecrets(keys, row)
  const given = merge(row.channel, row.settings, before, change)
  const parsed = tester.parse(row.channel, given)
  const credentials = row.channel === 'veto' ? { ...parsed, secrets: before } : parsed
  const isProven = change.settings === undefined && change.secrets === undefined
  if (!isProven) refuseUnproven(parts, role, row.channel, credentials.settings)
  const tested = await tester.test({ merchantId, id: row.id, livemode: row.livemode }, row.channel, credentials)
  if (!tested.ok) throw refusedConnection(tested.failure)
  const { account } = tested
  if (account.externalId !== row.external_id) {
    const message = `These credentials belong to another account (${account.externalId}). Create a connection for it.`
    throw new AppError('connection_refused', { message })
  }
  await refuseTaken(parts, merchantId, row.channel, account)
  return write(parts, row, {
    name: account.name,
    settings: account.settings,
    ...sealSecrets(keys, row, account.secrets),
    status: change.status ?? (row.status === 'disabled' ? 'disabled' : 'active'),
    failure: await registerAddress(parts, row, account),
    checked_at: clock.now(),
  })
}

/** What is there with what was sent over it; null and empty text remove. */
const merge = (
  channel: ConnectionRow['channel'],
  settings: Record<string, unknown>,
  secrets: Record<string, string>,
  change: ConnectionUpdate,
) => ({
  settings: without({ ...settings, ...change.settings }, null),
  // A veto endpoint's secret is ours; the client sends none.
  secrets: channel === 'veto' ? { ...change.secrets } : without({ ...secrets, ...change.secrets }, ''),
})

const without = <T>(fields: Record<string, T>, removed: unknown): Record<string, T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== removed))

/** Writes what was decided outside of a transaction, unless the row has changed since. */
const write = (parts: Parts, row: ConnectionRow, change: ConnectionChange): Promise<ConnectionView> =>
  inTransaction(parts.db, row.merchant_id, async (tx) => {
    const current = await lockConnection(tx, row.merchant_id, row.id)
    if (!current) throw notFound('connection', showId('connection', row.id))
    const isSame = current.updated_at.getTime() === row.updated_at.getTime()
    if (!isSame) throw new AppError('lock_timeout', { retryAfter: 1 })
    return show(parts, await updateConnection(tx, row, change, parts.clock.now()))
  })

const testAgain = async (parts: Parts, merchantId: string, id: string): Promise<ConnectionView> => {
  const row = await inTransaction(parts.db, merchantId, (tx) => requireRow(tx, merchantId, id))
  const credentials = { settings: row.settings, secrets: openSecrets(parts.keys, row) }
  const place = { merchantId, id: row.id, livemode: row.livemode }
  const tested = await parts.tester.test(place, row.channel, credentials)
  const checked_at = parts.clock.now()
  if (tested.ok) {
    const status = row.status === 'disabled' ? ('disabled' as const) : ('active' as const)
    const { name, settings } = tested.account
    const failure = await registerAddress(parts, row, tested.account)
    return write(parts, row, { status, failure, checked_at, name, settings })
  }
  const { failure } = tested
  if (failure.reason === 'connection_broken' && row.status === 'active') {
    return inTransaction(parts.db, merchantId, async (tx) => {
      const current = await lockConnection(tx, merchantId, row.id)
      if (current?.status !== 'active') return show(parts, current ?? row)
      return show(parts, await breakRow(tx, parts, current, failure))
    })
  }
  return write(parts, row, { failure: { ...failure }, checked_at })
}

const breakRow = async (
  tx: Tx,
  deps: ConnectionDeps,
  row: ConnectionRow,
  failure: ChannelFailure,
): Promise<ConnectionRow> => {
  const now = deps.clock.now()
  const saved = await updateConnection(tx, row, { status: 'broken', failure: { ...failure }, checked_at: now }, now)
  await appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type: 'connection.broken',
      objectId: row.id,
      threadId: null,
      paymentIntentId: null,
      object: show(deps, saved),
      livemode: row.livemode,
      createdAt: now,
    },
  ])
  return saved
}
