import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ProviderAccountsTable } from '#platform/tables-payouts.ts'

export type AccountRow = Selectable<ProviderAccountsTable>

/** An account as entries and payouts name it; `connection` is '' for the deployment's own. */
export interface AccountKey {
  readonly provider: string
  readonly connection: string
}

/** Follows the deployment's own account, from its first charge on. Does nothing when it is followed already. */
export const ensureOwnAccount = async (maintenance: Db, id: string, provider: string, now: Date): Promise<void> => {
  await sql`
    insert into provider_accounts (id, provider, livemode, mirrored_until, next_attempt_at, created_at)
    select ${id}, ${provider}, false,
      coalesce((select min(c.created_at) from charges c join payment_intents i using (merchant_id)
        where i.id = c.payment_intent_id and c.provider = ${provider} and i.provider_connection_id is null), ${now}::timestamptz),
      ${now}::timestamptz + interval '1 hour', ${now}::timestamptz
    where not exists (select from provider_accounts where provider = ${provider} and connection = '')
    on conflict (provider, connection) do nothing`.execute(maintenance)
}

/** Follows every connection to one of the providers, from when it was made on. */
export const ensureConnectionAccounts = async (
  maintenance: Db,
  providers: readonly string[],
  now: Date,
): Promise<void> => {
  await sql`
    insert into provider_accounts (id, provider, connection, livemode, mirrored_until, next_attempt_at, created_at)
    select c.id, c.channel, c.id::text, c.livemode, c.created_at, ${now}::timestamptz + interval '1 hour', ${now}::timestamptz
    from connections c where c.channel = any(${providers}::text[])
      and not exists (select from provider_accounts a where a.id = c.id)
    on conflict do nothing`.execute(maintenance)
}

/** Takes an account that is due; a crash gives it back when the lease ends. */
export const claimAccount = async (
  maintenance: Db,
  id: string,
  now: Date,
  until: Date,
): Promise<AccountRow | undefined> =>
  maintenance
    .updateTable('provider_accounts')
    .set({ next_attempt_at: until })
    .where('id', '=', id)
    .where('next_attempt_at', '<=', now)
    .returningAll()
    .executeTakeFirst()

type AccountChange = Partial<
  Pick<AccountRow, 'mirrored_until' | 'round_started_at' | 'round_cursor' | 'attempts' | 'last_error' | 'livemode'>
>

export const updateAccount = async (maintenance: Db, id: string, change: AccountChange): Promise<void> => {
  await maintenance.updateTable('provider_accounts').set(change).where('id', '=', id).execute()
}

/** Gives it back, to be looked at again then; earlier when somebody has asked for that meanwhile. */
export const releaseAccount = async (
  maintenance: Db,
  account: Pick<AccountRow, 'id'>,
  lease: Date,
  change: AccountChange & { next_attempt_at: Date },
): Promise<void> => {
  const { next_attempt_at: next, ...rest } = change
  await maintenance
    .updateTable('provider_accounts')
    .set({
      ...rest,
      next_attempt_at: sql<Date>`case when next_attempt_at = ${lease} then ${next}::timestamptz else next_attempt_at end`,
    })
    .where('id', '=', account.id)
    .execute()
}

/** Something has happened there: it is due now. Answers its id. */
export const wakeAccount = async (maintenance: Db, key: AccountKey, now: Date): Promise<string | undefined> => {
  const row = await maintenance
    .updateTable('provider_accounts')
    .set({ next_attempt_at: now })
    .where('provider', '=', key.provider)
    .where('connection', '=', key.connection)
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Has an account read by then at the latest. */
export const bringForward = async (maintenance: Db, key: AccountKey, by: Date): Promise<void> => {
  await maintenance
    .updateTable('provider_accounts')
    .set({ next_attempt_at: by })
    .where('provider', '=', key.provider)
    .where('connection', '=', key.connection)
    .where('next_attempt_at', '>', by)
    .execute()
}

export const findDueAccounts = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('provider_accounts')
    .select('id')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** Up to when an account's entries are mirrored; undefined when it is not followed. */
export const findMirroredUntil = async (maintenance: Db, key: AccountKey): Promise<Date | undefined> => {
  const row = await maintenance
    .selectFrom('provider_accounts')
    .select('mirrored_until')
    .where('provider', '=', key.provider)
    .where('connection', '=', key.connection)
    .executeTakeFirst()
  return row?.mirrored_until
}

/**
 * Whose account it is: of a connection its merchant; of the deployment's own account the only merchant there is. An
 * account that serves several is nobody's.
 */
export const findOwner = async (maintenance: Db, connection: string): Promise<string | undefined> => {
  if (connection !== '') {
    const row = await maintenance
      .selectFrom('connections')
      .select('merchant_id')
      .where('id', '=', connection)
      .executeTakeFirst()
    return row?.merchant_id
  }
  const [first, second] = await maintenance.selectFrom('merchants').select('merchant_id').limit(2).execute()
  return second ? undefined : first?.merchant_id
}
