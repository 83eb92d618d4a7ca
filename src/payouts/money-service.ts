import { addMs } from '#kernel/clock.ts'
import type { MoneyCalls, ProviderBalanceEntry } from '#providers/money.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import { type AccountKey, findOwner } from './account-repo.ts'
import type { PayoutDeps } from './claim-service.ts'

/** How far a listing looks back behind the last one: entries appear some minutes late, and clocks differ. */
export const lookBackMs = 2 * 3_600_000

/** The provider's answer, or an error that puts the work off: nothing is concluded from what is not known. */
export const requireAnswer = <T>(answer: ProviderAnswer<T>): T => {
  if (answer.outcome === 'ok') return answer.value
  throw new Error(answer.outcome === 'unknown' ? answer.reason : answer.decline.message)
}

/** What the provider tells of an account; undefined where it tells nothing. */
export const openMoney = async (deps: PayoutDeps, account: AccountKey): Promise<MoneyCalls | undefined> => {
  const connectionId = account.connection === '' ? null : account.connection
  const merchantId = (await findOwner(deps.db.maintenance, account.connection)) ?? ''
  return (await deps.providers.open({ merchantId, provider: account.provider, connectionId })).money
}

/** Every entry made since then, page by page. */
export async function* listSince(
  money: MoneyCalls,
  until: Date,
): AsyncGenerator<readonly ProviderBalanceEntry[], void> {
  let cursor: string | undefined
  do {
    const page = requireAnswer(await money.listEntries({ since: addMs(until, -lookBackMs), cursor }))
    yield page.data
    cursor = page.next
  } while (cursor !== undefined)
}
