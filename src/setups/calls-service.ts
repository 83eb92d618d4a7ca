import { addMs } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderAnswer, ProviderDecline } from '#providers/provider.ts'
import type { ProviderMethod, ProviderSetup, ProviderSetupPage, SetupCalls } from '#providers/setups.ts'
import type { SetupDeps } from './apply-service.ts'
import type { SetupOperation } from './operation-repo.ts'
import type { SetupRow } from './repo.ts'

/** What an operation needs besides its row, written with it so that a resend is the same request to the byte. */
export interface StoredSetupCommand {
  provider: string
  connection: string | null
  /** Of the setup intent, when the call was planned. */
  version: number
  customerRef?: string
  setupRef?: string | undefined
  pageRef?: string
  method?: string
  /** Absent in what was written before the two were told apart. */
  usage?: SetupRow['usage']
  returnUrl?: string
  cancelUrl?: string
  locale?: string | undefined
  /** Of an attachment: the consent that is kept with it. */
  consent?: Record<string, unknown>
}

export type SetupCallAnswer =
  | { outcome: 'ok'; value: ProviderSetup | ProviderSetupPage | ProviderMethod }
  | { outcome: 'refused'; decline: ProviderDecline; setup?: ProviderSetup }
  | { outcome: 'unknown'; reason: string }

export const commandOf = ({ command }: SetupOperation): StoredSetupCommand => command as unknown as StoredSetupCommand

/** The setup calls of an account. Throws `capability_missing` where the provider has none. */
export const setupCallsOf = async (
  deps: Pick<SetupDeps, 'providers'>,
  account: ProviderAccount,
): Promise<SetupCalls> => {
  const { setups } = await deps.providers.open(account)
  if (setups) return setups
  throw new AppError('capability_missing', {
    message: `${account.provider} does not keep payment methods without a payment (capability setups). Use an account of another provider.`,
  })
}

export const setupCallsFor = (deps: SetupDeps, operation: SetupOperation): Promise<SetupCalls> => {
  const { provider, connection } = commandOf(operation)
  return setupCallsOf(deps, { merchantId: operation.merchant_id, provider, connectionId: connection })
}

/** The one place that turns an operation into a call. The operation's id is the idempotency key, always. */
export const sendSetup = (calls: SetupCalls, operation: SetupOperation): Promise<SetupCallAnswer> => {
  const {
    customerRef = '',
    setupRef,
    pageRef = '',
    method = '',
    usage = 'off_session',
    returnUrl = '',
    cancelUrl = '',
    locale,
  } = commandOf(operation)
  const idempotencyKey = showId('operation', operation.id)
  const tags = {
    merchant: showId('merchant', operation.merchant_id),
    ...(operation.setup_intent_id === null ? {} : { setupIntent: showId('setupIntent', operation.setup_intent_id) }),
  }
  switch (operation.kind) {
    case 'confirm': {
      const known = setupRef === undefined ? {} : { setupRef }
      return calls.confirm({ idempotencyKey, ...known, customerRef, method, usage, returnUrl, tags })
    }
    case 'cancel':
      return calls.cancel({ idempotencyKey, setupRef: setupRef ?? '' })
    case 'page': {
      const language = locale === undefined ? {} : { locale }
      return calls.openPage({ idempotencyKey, customerRef, returnUrl, cancelUrl, ...language, tags })
    }
    case 'close_page':
      return calls.closePage({ idempotencyKey, pageRef })
    case 'attach':
      return calls.attach({ idempotencyKey, methodRef: method, customerRef })
    default:
      return operation.kind satisfies never
  }
}

/** The provider's look-back for setups by tag starts a little before ours began: clocks differ. */
const clockSlackMs = 10 * 60_000

/**
 * Whether the provider has done the work already. `absent`: certainly not (so it may be sent again with the same key);
 * any other answer is final, or unknown.
 */
export const lookUpSetup = async (
  calls: SetupCalls,
  operation: SetupOperation,
): Promise<SetupCallAnswer | 'absent'> => {
  const command = commandOf(operation)
  switch (operation.kind) {
    case 'confirm':
      return found(await newestOf(calls, operation, command), (setup) => !isWaiting(setup))
    case 'cancel':
      return lookUpCancel(calls, command)
    // A page keeps nothing by itself; asking for it again with the same key brings the same page.
    case 'page':
      return 'absent'
    case 'close_page':
      return found(await calls.findPage({ pageRef: command.pageRef ?? '' }), (page) => page.state !== 'open')
    case 'attach': {
      const { method = '', customerRef } = command
      return found(await calls.findMethod({ methodRef: method }), ({ savedFor }) => savedFor === customerRef)
    }
    default:
      return operation.kind satisfies never
  }
}

/** A setup that still waits for a method may hold an older attempt: the provider replays this one by its key. */
const isWaiting = ({ state }: ProviderSetup): boolean =>
  state === 'requires_payment_method' || state === 'requires_confirmation'

const found = <T extends ProviderSetup | ProviderSetupPage | ProviderMethod>(
  answer: ProviderAnswer<T | undefined>,
  isDone: (value: T) => boolean,
): SetupCallAnswer | 'absent' => {
  if (answer.outcome !== 'ok') return answer
  const { value } = answer
  return value && isDone(value) ? { outcome: 'ok', value } : 'absent'
}

const newestOf = async (
  calls: SetupCalls,
  operation: SetupOperation,
  { setupRef, customerRef = '' }: StoredSetupCommand,
): Promise<ProviderAnswer<ProviderSetup | undefined>> => {
  if (setupRef !== undefined) return calls.find({ setupRef })
  const answer = await calls.findByTag({
    setupIntent: showId('setupIntent', operation.setup_intent_id ?? ''),
    customerRef,
    since: addMs(operation.created_at, -clockSlackMs),
  })
  // A canceled one belongs to a page that was closed before.
  return answer.outcome === 'ok' ? { ...answer, value: answer.value.find(({ state }) => state !== 'canceled') } : answer
}

const lookUpCancel = async (
  calls: SetupCalls,
  { setupRef = '' }: StoredSetupCommand,
): Promise<SetupCallAnswer | 'absent'> => {
  const answer = await calls.find({ setupRef })
  if (answer.outcome !== 'ok') return answer
  const { value } = answer
  if (!value || (value.state !== 'canceled' && value.state !== 'succeeded')) return 'absent'
  if (value.state === 'canceled') return { outcome: 'ok', value }
  const message = 'The cancellation came too late: the payment method is kept already.'
  return { outcome: 'refused', decline: { code: 'setup_intent_unexpected_state', message }, setup: value }
}
