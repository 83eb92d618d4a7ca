import { outboundAmountMax } from '#accounts/settings.ts'
import { requireCustomer } from '#customers/repo.ts'
import type { Currency } from '#kernel/currencies.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { toDecimalString } from '#kernel/money.ts'
import { findOpenid } from '#payments/surface-service.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { ProviderAccount, Providers } from '#providers/accounts.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import type { TransferCalls } from '#providers/transfers.ts'
import { usableAccounts } from '#setups/account-service.ts'
import { findParticipant, findThread } from '#threads/repo.ts'
import type { CreateOutbound } from './schemas.ts'

/** An account that can pay people. */
export interface Sender {
  account: ProviderAccount
  provider: PaymentProvider
}

/**
 * Which account pays: the connection that was named, else the first that can, of those that payments go to by default.
 * Throws `capability_missing`, `provider_account_unavailable`.
 */
export const chooseSender = async (
  { db, providers }: { db: Database; providers: Providers },
  scope: { merchantId: string; livemode: boolean },
  connection: string | undefined,
): Promise<Sender> => {
  const { merchantId } = scope
  const usable = await inTransaction(db, merchantId, (tx) => usableAccounts(tx, providers, scope, connection))
  for (const one of usable) {
    const account = { merchantId, provider: one.provider, connectionId: one.connection }
    const provider = await providers.open(account)
    if (provider.transfers) return { account, provider }
  }
  const who = connection === undefined ? 'None of your accounts can' : 'This account cannot'
  throw new AppError('capability_missing', {
    message: `${who} send money to people (capability transfers). Connect one that can: WeChat Pay with settings[transfer_scene_id].`,
    ...(connection === undefined ? {} : { param: 'connection' }),
  })
}

/** The calls of the account that sent a payment; they stay while the account has the setting. */
export const transferCallsOf = async (providers: Providers, account: ProviderAccount): Promise<TransferCalls> => {
  const { transfers } = await providers.open(account)
  if (transfers) return transfers
  throw new AppError('capability_missing', {
    message: `The account at ${account.provider} cannot send money to people any more (capability transfers). Give the connection settings[transfer_scene_id] back.`,
  })
}

export interface Recipient {
  payee: string
  threadId: string | null
  participantId: string | null
  customerId: string | null
}

/** Who gets it, as the account that pays knows them. Throws `resource_missing`, `parameter_missing`. */
export const findRecipient = async (
  tx: Tx,
  merchantId: string,
  { provider }: Sender,
  body: Pick<CreateOutbound, 'thread' | 'participant' | 'customer' | 'recipient'>,
): Promise<Recipient> => {
  const person =
    body.participant === undefined
      ? undefined
      : await findParticipant(
          tx,
          merchantId,
          requireUuid('participant', body.participant, 'participant', 'participant'),
        )
  if (body.participant !== undefined && !person) throw notFound('participant', body.participant, 'participant')
  const threadId =
    body.thread === undefined ? (person?.thread_id ?? null) : requireUuid('thread', body.thread, 'thread', 'thread')
  if (threadId !== null && !(await findThread(tx, merchantId, threadId)))
    throw notFound('thread', body.thread ?? '', 'thread')
  if (person && person.thread_id !== threadId)
    throw notFound('participant of this thread', body.participant ?? '', 'participant')
  const customer =
    body.customer === undefined
      ? undefined
      : await requireCustomer(tx, merchantId, requireUuid('customer', body.customer, 'customer', 'customer'))
  const payee = body.recipient ?? (await inThread(tx, merchantId, threadId, provider, person?.external_id))
  if (payee === undefined) {
    throw new AppError('parameter_missing', {
      message:
        'The account that pays does not know the person. Name a thread of its own app (WeChat: the same appid), or send recipient.',
      param: 'recipient',
    })
  }
  return { payee, threadId, participantId: person?.id ?? null, customerId: customer?.id ?? null }
}

const inThread = async (
  tx: Tx,
  merchantId: string,
  threadId: string | null,
  { handovers }: PaymentProvider,
  named: string | undefined,
): Promise<string | undefined> => {
  if (handovers?.app === undefined) return undefined
  const openid = await findOpenid(tx, { merchant_id: merchantId, thread_id: threadId }, handovers.app)
  return openid === undefined ? undefined : (named ?? openid)
}

/** Throws `amount_too_large` above what the merchant has set. */
export const requireWithinLimit = async (
  tx: Tx,
  merchantId: string,
  amount: bigint,
  currency: Currency,
): Promise<void> => {
  const { settings } = await tx
    .selectFrom('merchants')
    .select('settings')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()
  const amountMax = outboundAmountMax(settings)
  if (amountMax === null || amount <= BigInt(amountMax)) return
  const limit = toDecimalString(BigInt(amountMax), currency)
  throw new AppError('amount_too_large', {
    message: `Payments to people are limited to ${limit} ${currency} each. Send less, or raise settings[outbound_payments][amount_max] of the account.`,
    param: 'amount',
  })
}
