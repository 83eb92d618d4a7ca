import { showId } from '#kernel/ids.ts'
import type { ProviderAdapters } from '#providers/accounts.ts'
import type { Account } from './credentials-service.ts'
import { isProviderChannel } from './place.ts'
import type { ConnectionRow } from './repo.ts'

/** Where a provider sends its news of an account. `id`: the connection's UUID. */
export const notifyUrlOf = (publicUrl: string, provider: string, id: string): string =>
  `${publicUrl}/webhooks/providers/${provider}/${showId('connection', id)}`

/**
 * Tells the provider where its news of this account go, if it wants that told apart from commands. Called outside of
 * transactions. What is wrong with it is kept with the connection, which works without.
 */
export const registerAddress = async (
  { adapters, publicUrl }: { adapters: ProviderAdapters; publicUrl: string },
  { merchant_id: merchantId, id, channel, livemode }: ConnectionRow,
  { settings, secrets }: Pick<Account, 'settings' | 'secrets'>,
): Promise<ConnectionRow['failure']> => {
  if (!isProviderChannel(channel)) return null
  const connection = { merchantId, id, settings, secrets, livemode }
  const failure = await adapters[channel].register?.(connection, notifyUrlOf(publicUrl, channel, id))
  return failure ? { ...failure } : null
}
