import { inTransaction, type Tx } from '#platform/database.ts'
import type { PaySurface, WantedHandover } from '#providers/handover.ts'
import type { PaymentDeps } from './apply-service.ts'
import { accountOf, type IntentRow } from './intent-view.ts'

/**
 * What the page would be like at the account that takes this payment. The provider's fields on our own page are a wish: an
 * account that cannot show them has its own page opened.
 */
export const wayFor = async (
  deps: Pick<PaymentDeps, 'db' | 'providers' | 'logger'>,
  row: IntentRow,
  { surface, use }: { surface?: PaySurface | undefined; use?: 'fields' | undefined },
): Promise<{ surface?: PaySurface; use?: 'fields'; wanted: WantedHandover | undefined }> => {
  const way = await surfaceFor(deps, row, surface)
  if (use === undefined || way.wanted !== undefined) return way
  const { fields } = await deps.providers.open(accountOf(row))
  if (fields) return { ...way, use, wanted: { kind: use } }
  deps.logger.warn({ payment_intent: row.id }, 'the account has no publishable key: its own page is opened')
  return way
}

/**
 * Where the payer is, as far as the account that takes this payment cares, and what its page would be there. Inside WeChat
 * the payer is the person of the thread, if the thread is of the very app that takes the money: an id says nothing to another.
 */
const surfaceFor = async (
  deps: Pick<PaymentDeps, 'db' | 'providers'>,
  row: IntentRow,
  surface: PaySurface | undefined,
): Promise<{ surface?: PaySurface; wanted: WantedHandover | undefined }> => {
  const { handovers } = await deps.providers.open(accountOf(row))
  if (!handovers || !surface) return { wanted: handovers?.wanted(surface) }
  const { app } = handovers
  const isUnknown = surface.kind === 'wechat' && surface.openid === undefined && app !== undefined
  const openid = isUnknown
    ? await inTransaction(deps.db, row.merchant_id, (tx) => findOpenid(tx, row, app))
    : surface.openid
  const known = openid === undefined ? surface : { ...surface, openid }
  return { surface: known, wanted: handovers.wanted(known) }
}

/**
 * The person of a WeChat thread, as the app knows them: of the thread's connection, or of the only one of its channel, if
 * that is the very app.
 */
export const findOpenid = async (
  tx: Tx,
  { merchant_id, thread_id }: Pick<IntentRow, 'merchant_id' | 'thread_id'>,
  app: string,
): Promise<string | undefined> => {
  if (thread_id === null) return undefined
  const thread = await tx
    .selectFrom('threads')
    .select(['external_id', 'connection_id'])
    .where('merchant_id', '=', merchant_id)
    .where('id', '=', thread_id)
    .where('channel', '=', 'wechat')
    .executeTakeFirst()
  if (!thread) return undefined
  const { connection_id: id } = thread
  const connections = await tx
    .selectFrom('connections')
    .select('external_id')
    .where('merchant_id', '=', merchant_id)
    .where('channel', '=', 'wechat')
    .where('deleted_at', 'is', null)
    .$if(id !== null, (query) => query.where('id', '=', id))
    .limit(2)
    .execute()
  const isSame = connections.length === 1 && connections[0]?.external_id === app
  return isSame ? thread.external_id : undefined
}
