import { parseId } from '#kernel/ids.ts'
import type { Database } from '#platform/database.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderNotice } from '#providers/notice.ts'
import { matchSetup } from '#setups/repo.ts'
import type { SetupService } from '#setups/service.ts'
import { judgeSync, type Verdict } from './verdict.ts'

interface SetupNewsDeps {
  db: Database
  setups: Pick<SetupService, 'sync'>
}

type Notice = Pick<ProviderNotice, 'subject' | 'tags'>

/** News of a setup, or of a page on which one is made. */
export const isAboutSetup = ({ subject, tags }: Notice): boolean =>
  subject.kind === 'setup' || (subject.kind === 'page' && tags.setupIntent !== undefined)

/**
 * Applies news of a setup intent of ours. `owner`: whose account it is, when it is a connection; whoever owns the account
 * writes what they like into its metadata, so its news are about its own merchant only.
 */
export const judgeSetupNews = async (
  deps: SetupNewsDeps,
  from: Omit<ProviderAccount, 'merchantId'>,
  notice: Notice,
  owner: string | undefined,
): Promise<{ verdict: Verdict; merchantId?: string }> => {
  const match = await findSetupMatch(deps, from.provider, notice)
  if (!match || (owner !== undefined && match.merchant_id !== owner))
    return { verdict: { state: 'ignored', reason: 'not about a setup intent of ours' } }
  const { subject } = notice
  const ref = subject.kind === 'setup' ? { ref: subject.ref } : {}
  const synced = await deps.setups.sync(match.merchant_id, match.id, { ...ref, from })
  const verdict: Verdict =
    synced.verdict === 'late'
      ? { state: 'processed', reason: 'kept after it was canceled; the provider forgets it' }
      : judgeSync(synced)
  return { verdict, merchantId: match.merchant_id }
}

/** Our own ids in the object's metadata first (we put them there and the event is signed), else the provider's ids. */
const findSetupMatch = async ({ db }: SetupNewsDeps, provider: string, { subject, tags }: Notice) => {
  const merchantId = tags.merchant === undefined ? undefined : parseId('merchant', tags.merchant)
  const id = tags.setupIntent === undefined ? undefined : parseId('setupIntent', tags.setupIntent)
  if (merchantId !== undefined && id !== undefined) return matchSetup(db.maintenance, { merchantId, id })
  if (subject.kind !== 'setup' && subject.kind !== 'page') return undefined
  return matchSetup(db.maintenance, { provider, ref: subject.ref, isPage: subject.kind === 'page' })
}
