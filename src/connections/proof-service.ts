import { AppError } from '#kernel/errors.ts'
import type { Role } from '#platform/api-keys.ts'
import type { Database } from '#platform/database.ts'
import type { ProviderAdapters } from '#providers/accounts.ts'
import type { Account } from './credentials-service.ts'
import { isProviderChannel } from './place.ts'
import { type ConnectionRow, findByExternalId } from './repo.ts'

interface ProofDeps {
  db: Database
  adapters: ProviderAdapters
}

/** Whoever may bind an account without its credentials could take another's money. */
export const refuseUnproven = (
  { adapters }: ProofDeps,
  role: Role | undefined,
  channel: ConnectionRow['channel'],
  settings: Account['settings'],
): void => {
  const isFree = !isProviderChannel(channel) || adapters[channel].isPlatformOnly?.(settings) !== true
  if (isFree || role === undefined || role === 'platform') return
  throw new AppError('permission_denied', {
    message:
      'Only a platform key may connect an account without its own key. Send secrets[secret_key], or ask the platform.',
    param: 'settings[account]',
  })
}

/** The news of such an account go to one merchant. */
export const refuseTaken = async (
  { adapters, db }: ProofDeps,
  merchantId: string,
  channel: ConnectionRow['channel'],
  { externalId, settings }: Account,
): Promise<void> => {
  if (!isProviderChannel(channel) || adapters[channel].isPlatformOnly?.(settings) !== true) return
  const others = (await findByExternalId(db.maintenance, channel, externalId)).filter(
    (row) => row.merchant_id !== merchantId && adapters[channel].isPlatformOnly?.(row.settings) === true,
  )
  if (others.length === 0) return
  throw new AppError('resource_already_exists', {
    message: `The account ${externalId} is connected for another merchant. Delete that connection first.`,
    param: 'settings[account]',
  })
}
