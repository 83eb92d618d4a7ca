import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import type { PaySurface } from '#providers/handover.ts'
import type { MandateAcceptance, OrderDetails } from '#providers/order-details.ts'
import type { PaymentProvider, ProviderAnswer, ProviderPage, ProviderPayment } from '#providers/provider.ts'
import type { IntentRow } from './intent-view.ts'
import type { OperationRow } from './operation-repo.ts'
import type { AttemptRoute } from './route.ts'

/**
 * What an operation needs besides its row, written with it so that a resend is the same request to the byte. Amounts
 * are decimal strings: JSON numbers would do, but not for ever.
 */
export interface StoredCommand {
  provider: string
  /** The merchant's connection there; absent or null: the deployment's own account. */
  connection?: string | null
  /** Of what takes money: the decision that led to this account. */
  route?: AttemptRoute | undefined
  version: number
  currency: Currency
  paymentRef?: string | undefined
  pageRef?: string | undefined
  method?: string | undefined
  customerRef?: string | undefined
  /** True in what was written before the two were told apart. */
  save?: 'off_session' | 'on_session' | true | undefined
  capture?: 'automatic' | 'manual'
  incremental?: boolean
  multicapture?: boolean
  overcapture?: boolean
  /** Of a capture: what was captured before it, and whether the rest is given back (as it is, if absent). */
  captured?: string
  isFinal?: boolean
  applicationFee?: string
  transferAmount?: string
  offSession?: boolean
  /** What a charge without the payer rests on. */
  consent?: Record<string, unknown>
  refuseAction?: boolean
  mandate?: MandateAcceptance | undefined
  details?: OrderDetails
  returnUrl?: string
  cancelUrl?: string
  title?: string
  items?: { name: string; amount: string; quantity: number }[]
  locale?: string | undefined
  expiresAt?: string | undefined
  surface?: PaySurface | undefined
  use?: 'fields' | undefined
  description?: string | undefined
  reason?: string | undefined
}

type Answer = ProviderAnswer<ProviderPayment | ProviderPage>

/** The one place that turns an operation into a call. The operation's id is the idempotency key, always. */
export const sendOperation = (provider: PaymentProvider, operation: OperationRow): Promise<Answer> => {
  const command = operation.command as unknown as StoredCommand
  const idempotencyKey = showId('operation', operation.id)
  const amount = operation.amount ?? 0n
  const { currency, paymentRef = '', pageRef = '' } = command
  switch (operation.kind) {
    case 'authorize':
      return provider.authorize(authorizeCommand(operation, command, idempotencyKey))
    case 'capture':
      return provider.capture({ idempotencyKey, paymentRef, amount, currency, ...captureOptions(command) })
    case 'cancel':
      return provider.cancel({ idempotencyKey, paymentRef, ...given('reason', command.reason) })
    case 'increment':
      return provider.increment({ idempotencyKey, paymentRef, amount, currency })
    case 'page':
      return provider.openPage(pageCommand(operation, command, idempotencyKey))
    case 'close_page':
      return provider.closePage({ idempotencyKey, pageRef })
    case 'refund':
    case 'cancel_refund':
      throw new Error(`${operation.kind} belongs to the refunds slice`)
    default:
      return operation.kind satisfies never
  }
}

const given = <K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } =>
  (value === undefined ? {} : { [name]: value }) as { [key in K]?: V }

const captureOptions = ({ isFinal, applicationFee: fee, transferAmount: passedOn }: StoredCommand) => ({
  ...given('isFinal', isFinal),
  ...given('transferAmount', passedOn === undefined ? undefined : BigInt(passedOn)),
  ...given('applicationFee', fee === undefined ? undefined : BigInt(fee)),
})

const tagsOf = (operation: OperationRow) => ({
  merchant: showId('merchant', operation.merchant_id),
  paymentIntent: showId('paymentIntent', operation.payment_intent_id),
})

const payerOf = ({ customerRef, save }: StoredCommand) => ({
  ...given('customerRef', customerRef),
  ...given('save', save === true ? 'off_session' : save),
})

const authorizeCommand = (operation: OperationRow, command: StoredCommand, idempotencyKey: string) => ({
  idempotencyKey,
  amount: operation.amount ?? 0n,
  currency: command.currency,
  method: command.method ?? '',
  capture: command.capture ?? 'automatic',
  incremental: command.incremental ?? false,
  multicapture: command.multicapture ?? false,
  overcapture: command.overcapture ?? false,
  offSession: command.offSession ?? false,
  returnUrl: command.returnUrl ?? '',
  tags: tagsOf(operation),
  ...given('refuseAction', command.refuseAction),
  ...given('mandate', command.mandate),
  ...given('details', command.details),
  ...given('paymentRef', command.paymentRef),
  ...given('description', command.description),
  ...payerOf(command),
})

const pageCommand = (operation: OperationRow, command: StoredCommand, idempotencyKey: string) => ({
  idempotencyKey,
  amount: operation.amount ?? 0n,
  currency: command.currency,
  capture: command.capture ?? 'automatic',
  title: command.title ?? 'Payment',
  items: (command.items ?? []).map((item) => ({ ...item, amount: BigInt(item.amount) })),
  returnUrl: command.returnUrl ?? '',
  cancelUrl: command.cancelUrl ?? '',
  tags: tagsOf(operation),
  ...given('multicapture', command.multicapture),
  ...given('overcapture', command.overcapture),
  ...given('details', command.details),
  ...given('locale', command.locale),
  ...given('surface', command.surface),
  ...given('use', command.use),
  ...payerOf(command),
  ...given('expiresAt', command.expiresAt === undefined ? undefined : new Date(command.expiresAt)),
})

/** The provider's look-back for payments by tag starts a little before ours began: clocks differ. */
const clockSlackMs = 10 * 60_000

/**
 * Whether the provider has done the work already. `absent`: certainly not (so it may be sent again with the same
 * key); any answer else is final, or unknown.
 */
export const lookUpOperation = async (
  provider: PaymentProvider,
  operation: OperationRow,
  row: IntentRow,
): Promise<Answer | 'absent'> => {
  const command = operation.command as unknown as StoredCommand
  switch (operation.kind) {
    case 'authorize':
      return lookUpAuthorize(provider, operation, command)
    case 'capture':
    case 'cancel':
    case 'increment': {
      const found = await provider.findPayment({ paymentRef: command.paymentRef ?? row.provider_ref ?? '' })
      if (found.outcome !== 'ok') return found
      if (!found.value || !isOver(operation, found.value)) return 'absent'
      return isDone(operation, found.value) ? { ...found, value: found.value } : overtaken(operation, found.value)
    }
    case 'close_page': {
      const found = await provider.findPage({ pageRef: command.pageRef ?? '' })
      if (found.outcome !== 'ok') return found
      return found.value && found.value.state !== 'open' ? { ...found, value: found.value } : 'absent'
    }
    // A page has no effect on money; asking for it again with the same key brings the same page.
    case 'page':
      return 'absent'
    case 'refund':
    case 'cancel_refund':
      throw new Error(`${operation.kind} belongs to the refunds slice`)
    default:
      return operation.kind satisfies never
  }
}

/** Whether the command can have no effect any more: it has had it, or something else has come first. */
const isOver = (operation: OperationRow, payment: ProviderPayment): boolean => {
  if (operation.kind === 'increment') return payment.amount === operation.amount || payment.state !== 'requires_capture'
  // A capture that is not the last one leaves the state as it is; the same key tells a second try from another capture.
  if (operation.kind === 'capture') return payment.state !== 'requires_capture' || isPartTaken(operation, payment)
  return payment.state === 'canceled' || payment.state === 'succeeded'
}

const isDone = (operation: OperationRow, payment: ProviderPayment): boolean => {
  if (operation.kind === 'increment') return payment.amount === operation.amount
  if (operation.kind === 'cancel') return payment.state === 'canceled'
  // Given back by somebody else, or expired, it is over without this capture.
  return (
    payment.state !== 'canceled' && (operation.amount === null || payment.amountReceived > capturedBefore(operation))
  )
}

/** More may be: somebody captures by other means besides. Then the money is counted as this part's, never taken twice. */
const isPartTaken = (operation: OperationRow, payment: ProviderPayment): boolean =>
  operation.command.isFinal === false && payment.amountReceived >= capturedBefore(operation) + (operation.amount ?? 0n)

const capturedBefore = ({ command }: OperationRow): bigint =>
  BigInt((command as unknown as StoredCommand).captured ?? 0)

const overtaken = (operation: OperationRow, payment: ProviderPayment): Answer => ({
  outcome: 'refused',
  decline: {
    code: 'payment_intent_unexpected_state',
    message: `The ${operation.kind} came too late: at the provider the payment has a status of ${payment.state}.`,
  },
  payment,
})

const lookUpAuthorize = async (
  provider: PaymentProvider,
  operation: OperationRow,
  command: StoredCommand,
): Promise<Answer | 'absent'> => {
  const found = command.paymentRef
    ? await provider.findPayment({ paymentRef: command.paymentRef })
    : await newest(provider, operation)
  if (found.outcome !== 'ok') return found
  const payment = found.value
  // A payment that still waits for a method may hold an older attempt: the provider replays this one by its key.
  const isOpen = !payment || payment.state === 'requires_payment_method' || payment.state === 'requires_confirmation'
  return isOpen ? 'absent' : { ...found, value: payment }
}

const newest = async (
  provider: PaymentProvider,
  operation: OperationRow,
): Promise<ProviderAnswer<ProviderPayment | undefined>> => {
  const since = new Date(operation.created_at.getTime() - clockSlackMs)
  const found = await provider.findPaymentsByTag({
    paymentIntent: showId('paymentIntent', operation.payment_intent_id),
    since,
  })
  if (found.outcome !== 'ok') return found
  // A canceled one belongs to a page that was closed before; this operation's own would be replayed by its key.
  return { ...found, value: found.value.find((payment) => payment.state !== 'canceled') }
}
