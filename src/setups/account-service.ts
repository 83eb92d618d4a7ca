import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { ProviderAccount, Providers } from '#providers/accounts.ts'
import { accountsOf } from '#routing/accounts.ts'
import { findRouted, findRouting } from '#routing/repo.ts'
import { type KnownAccount, nameOf } from '#routing/rule.ts'

/**
 * Which account keeps a method without a payment: the connection that was named, else the first that keeps any, of those
 * that payments go to by default. Throws `capability_missing`, `provider_account_unavailable`.
 */
export const chooseKeeper = async (
  tx: Tx,
  providers: Providers,
  scope: { merchantId: string; livemode: boolean },
  connection: string | undefined,
): Promise<ProviderAccount> => {
  const usable = await usableAccounts(tx, providers, scope, connection)
  const keeper = usable.find(({ provider }) => providers.capabilities(provider).savedMethods)
  if (keeper) return { merchantId: scope.merchantId, provider: keeper.provider, connectionId: keeper.connection }
  const [named] = connection === undefined ? [] : usable
  const who = named ? `${nameOf(named)} does not keep` : 'No account that payments go to keeps'
  throw new AppError('capability_missing', {
    message: `${who} payment methods (capability savedMethods). Connect an account that does, such as Stripe.`,
    ...(named ? { param: 'connection' } : {}),
  })
}

/**
 * The merchant's accounts that work, those first that payments go to by default; or the one that is named alone. Throws
 * `provider_account_unavailable` when that one does not work.
 */
export const usableAccounts = async (
  tx: Tx,
  providers: Providers,
  { merchantId, livemode }: { merchantId: string; livemode: boolean },
  connection: string | undefined,
): Promise<KnownAccount[]> => {
  const { default: uses } = await findRouting(tx, merchantId)
  const accounts = accountsOf(providers, await findRouted(tx, merchantId, providers.routable()))
  const named = connection === undefined ? undefined : requireNamed(accounts, connection)
  const usable = (named ? [named] : accounts).filter(
    (one) => one.status === 'active' && (one.livemode === undefined || one.livemode === livemode),
  )
  if (named && usable.length === 0) throw new AppError('provider_account_unavailable', { param: 'connection' })
  const rank = ({ provider, connection: id }: KnownAccount): number => {
    const at = uses.findIndex((use) => use.provider === provider && (use.connection ?? id) === id)
    return at < 0 ? uses.length : at
  }
  return usable.toSorted((a, b) => rank(a) - rank(b))
}

const requireNamed = (accounts: readonly KnownAccount[], connection: string): KnownAccount => {
  const id = parseId('connection', connection)
  const named = id === undefined ? undefined : accounts.find((one) => one.connection === id)
  if (named) return named
  const message = `No such connection to a payment provider: '${connection}'`
  throw new AppError('resource_missing', { message, param: 'connection' })
}
