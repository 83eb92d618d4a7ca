import { type ChannelCapabilities, type Channels, isChannelId } from '#channels/channel.ts'
import type { Currency } from '#kernel/currencies.ts'
import { AppError } from '#kernel/errors.ts'
import type { Tx } from '#platform/database.ts'
import type { PaymentDeps } from './apply-service.ts'
import { isChatMoney } from './chat-money.ts'
import type { IntentRow } from './intent-view.ts'
import { isShared } from './transfer.ts'

/** What the platform of a payment's thread can do through the connection that the thread goes by; undefined: there is none. */
export const findPlatform = async (
  tx: Tx,
  channels: Channels | undefined,
  { merchant_id, thread_id }: Pick<IntentRow, 'merchant_id' | 'thread_id'>,
): Promise<ChannelCapabilities | undefined> => {
  if (!channels || thread_id === null) return undefined
  const thread = await tx
    .selectFrom('threads')
    .select(['channel', 'connection_id'])
    .where('merchant_id', '=', merchant_id)
    .where('id', '=', thread_id)
    .executeTakeFirst()
  if (!thread || !isChannelId(thread.channel)) return undefined
  const { channel, connection_id: id } = thread
  const rows = await tx
    .selectFrom('connections')
    .select('settings')
    .where('merchant_id', '=', merchant_id)
    .where('channel', '=', channel)
    .where('status', '=', 'active')
    .where('deleted_at', 'is', null)
    .$if(id !== null, (query) => query.where('id', '=', id))
    .limit(2)
    .execute()
  const [only] = rows
  return rows.length === 1 && only ? channels[channel].capabilities(only.settings) : undefined
}

/**
 * Refuses a payment in money that no provider takes (Stars) where its thread's platform does not take it either, for
 * nobody could ever pay it.
 */
export const requireTaker = async (
  tx: Tx,
  { channels }: Pick<PaymentDeps, 'channels'>,
  row: Pick<IntentRow, 'merchant_id' | 'thread_id' | 'currency' | 'capture_method'>,
): Promise<void> => {
  const { currency, capture_method } = row
  if (!isChatMoney(currency) || !channels) return
  const code = currency.toUpperCase()
  if (capture_method === 'manual') {
    const message = `${code} cannot be reserved, only paid. Leave capture_method out, or choose another currency.`
    throw new AppError('payment_intent_invalid_parameter', { message, param: 'capture_method' })
  }
  if (takes(await findPlatform(tx, channels, row), currency)) return
  const message = `${code} are Telegram Stars: they are paid inside Telegram alone. Connect a Telegram bot with settings.stars (POST /v1/connections) and send a thread of channel telegram, or choose another currency.`
  throw new AppError('channel_not_connected', { message, param: 'currency' })
}

const takes = (platform: ChannelCapabilities | undefined, currency: string): boolean =>
  platform !== undefined && (platform.nativePay === 'all' || platform.nativePay.includes(currency as Currency))

/** Where the Pay button of the hosted page leads: to a provider, to an invoice of the chat platform, or nowhere. */
export type WayToPay = 'provider' | 'invoice' | 'none'

export const wayToPay = (
  { currency, capture_method, options }: Pick<IntentRow, 'currency' | 'capture_method' | 'options'>,
  platform: ChannelCapabilities | undefined,
): WayToPay => {
  // A platform charges at once, and gives nothing of it to us.
  const isPlain = capture_method === 'automatic' && !isShared({ options })
  const isLinked = isPlain && platform?.invoiceLinks?.includes(currency as Currency) === true
  if (isLinked) return 'invoice'
  return isChatMoney(currency) ? 'none' : 'provider'
}
