import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { AccountFault } from '#providers/account-fault.ts'
import type { NativeRow } from './attempt-repo.ts'
import { type ChargeRow, showCharge } from './charge-view.ts'
import type { IntentRow } from './intent-view.ts'
import type { OperationRow } from './operation-repo.ts'
import type { StoredCommand } from './provider-calls-service.ts'
import type { AttemptRoute } from './route.ts'

/** How an attempt stands: of a page `opened` says that nothing came of it yet. */
export const attemptStatuses = [
  'pending',
  'unknown',
  'opened',
  'requires_action',
  'succeeded',
  'failed',
  'released',
  'conflicted',
] as const
export type AttemptStatus = (typeof attemptStatuses)[number]

type AttemptCharge = ChargeRow & { operation_id: string | null }

interface Attempt {
  id: string
  kind: 'authorize' | 'page' | 'chat'
  status: AttemptStatus
  provider: string
  connection: string | null
  operation: OperationRow | undefined
  amount: bigint
  charges: readonly AttemptCharge[]
  startedAt: Date
  finishedAt: Date | null
}

/**
 * Every attempt to get this payment paid, newest first: calls and pages at providers, requests inside a chat that
 * were answered, and charges of which we know no more than that they were made.
 */
export const attemptsOf = (
  operations: readonly OperationRow[],
  natives: readonly NativeRow[],
  charges: readonly AttemptCharge[],
): Attempt[] => {
  const asked = operations.flatMap((operation) => fromOperation(operation, charges))
  const inChat = natives.flatMap((native) => fromNative(native, charges))
  const known = new Set([...asked, ...inChat].flatMap((attempt) => attempt.charges.map(({ id }) => id)))
  const others = charges.filter(({ id }) => !known.has(id)).map((charge) => fromCharge(charge, natives))
  return [...asked, ...inChat, ...others].toSorted(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.id < b.id ? 1 : -1),
  )
}

const fromOperation = (operation: OperationRow, charges: readonly AttemptCharge[]): Attempt[] => {
  const { id, kind } = operation
  if (kind !== 'authorize' && kind !== 'page') return []
  const { provider, connection = null } = operation.command as unknown as StoredCommand
  const own = charges.filter((charge) => charge.operation_id === id)
  const times = { startedAt: operation.created_at, finishedAt: operation.finished_at }
  const amount = operation.amount ?? 0n
  return [
    { id, kind, status: statusOf(operation, own), provider, connection, operation, amount, charges: own, ...times },
  ]
}

const statusOf = ({ state, kind, answer }: OperationRow, charges: readonly AttemptCharge[]): AttemptStatus => {
  if (state === 'created' || state === 'sent') return 'pending'
  if (state !== 'succeeded') return state
  if (charges.some(({ status }) => status === 'succeeded')) return 'succeeded'
  const last = charges.at(-1)
  if (last) return last.status
  if (kind === 'page') return 'opened'
  if (answer?.state === 'requires_action') return 'requires_action'
  return answer?.state === 'processing' ? 'pending' : 'succeeded'
}

const nativeStatuses = {
  offered: undefined,
  held: 'pending',
  paid: 'succeeded',
  released: 'released',
  conflicted: 'conflicted',
} as const satisfies Record<NativeRow['state'], AttemptStatus | undefined>

const fromNative = (native: NativeRow, charges: readonly AttemptCharge[]): Attempt[] => {
  const status = nativeStatuses[native.state]
  if (status === undefined) return []
  const { id, channel: provider, connection_id: connection, amount } = native
  const own = charges.filter((one) => one.provider === provider && one.provider_ref === native.platform_ref)
  const times = { startedAt: native.created_at, finishedAt: native.paid_at }
  return [{ id, kind: 'chat', status, provider, connection, operation: undefined, amount, charges: own, ...times }]
}

const fromCharge = (charge: AttemptCharge, natives: readonly NativeRow[]): Attempt => {
  const native = natives.find(({ channel }) => channel === charge.provider)
  const { id, provider, status, amount, created_at: at } = charge
  return {
    id,
    kind: native ? 'chat' : 'authorize',
    status,
    provider,
    connection: native?.connection_id ?? null,
    operation: undefined,
    amount,
    charges: [charge],
    startedAt: at,
    finishedAt: at,
  }
}

interface StoredDecline {
  code: string
  declineCode?: string
  message: string
  accountFault?: AccountFault
}

/** As clients read it. Amounts in minor units, times in Unix seconds. */
export const showAttempt = (attempt: Attempt, intent: IntentRow) => {
  const { operation, connection, charges } = attempt
  const command = operation?.command as { route?: AttemptRoute; currency?: string } | undefined
  return {
    id: showId('attempt', attempt.id),
    object: 'payment_attempt' as const,
    payment_intent: showId('paymentIntent', intent.id),
    kind: attempt.kind,
    status: attempt.status,
    provider: attempt.provider,
    connection: connection && showId('connection', connection),
    route: command?.route ?? null,
    amount: toJsonAmount(attempt.amount),
    currency: command?.currency ?? intent.currency,
    decline: showDecline(attempt),
    operation: operation ? showId('operation', operation.id) : null,
    request_id: (operation?.answer?.request_id as string | undefined) ?? null,
    charges: charges.map((charge) => showCharge(charge, intent)),
    created: unixSeconds(attempt.startedAt),
    finished: attempt.finishedAt && unixSeconds(attempt.finishedAt),
  }
}

/** Why it failed: what the provider answered, else what it said of the last charge. */
const showDecline = ({ operation, charges, status }: Attempt) => {
  const declined = operation?.answer?.decline as StoredDecline | undefined
  if (declined) {
    const { code, declineCode = null, message, accountFault = null } = declined
    return { code, decline_code: declineCode, message, account_fault: accountFault }
  }
  const last = status === 'failed' ? charges.at(-1) : undefined
  if (last?.failure_code == null) return null
  const { failure_code: code, decline_code, failure_message } = last
  return { code, decline_code, message: failure_message ?? '', account_fault: null }
}
