import type { Providers } from '#providers/accounts.ts'
import type { RoutedConnection } from './repo.ts'
import type { KnownAccount } from './rule.ts'

/** Every account that a merchant's payments can go to: its own in the order they were connected, then the deployment's. */
export const accountsOf = (providers: Providers, connections: readonly RoutedConnection[]): KnownAccount[] => {
  const routable = providers.routable()
  return [
    ...connections
      .filter(({ channel }) => routable.includes(channel))
      .map(({ id, channel, status, livemode, settings }) => ({
        provider: channel,
        connection: id,
        status,
        livemode,
        capabilities: providers.capabilities(channel, settings),
      })),
    ...routable
      .filter((id) => providers.hasOwn(id))
      .map((id) => ({
        provider: id,
        connection: null,
        status: 'active' as const,
        livemode: undefined,
        capabilities: providers.capabilities(id),
      })),
  ]
}
