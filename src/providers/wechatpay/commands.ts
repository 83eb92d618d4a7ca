import type { Clock } from '#kernel/clock.ts'
import { addMs } from '#kernel/clock.ts'
import type { AccountFault } from '#providers/account-fault.ts'
import type {
  PageCommand,
  PaymentProvider,
  ProviderAnswer,
  ProviderDecline,
  ProviderPage,
  ProviderPayment,
  ProviderRefund,
} from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import { currenciesOf } from './amounts.ts'
import { answerOf, type Reply, type WechatpayClient } from './client.ts'
import { accountFaultOf } from './errors.ts'
import { findPage, findPayment, findRefund } from './lookups.ts'
import { mapRefund, textOf } from './mapping.ts'
import { pathsOf } from './paths.ts'
import { chooseWay, closeBody, isOwnNumber, orderBody, refundBody, type Way } from './requests.ts'
import { bridgeParams } from './signing.ts'

type Commands = Pick<
  PaymentProvider,
  | 'authorize'
  | 'capture'
  | 'cancel'
  | 'increment'
  | 'refund'
  | 'cancelRefund'
  | 'openPage'
  | 'closePage'
  | 'createCustomer'
  | 'detachMethod'
>

export interface CommandDeps {
  client: WechatpayClient
  clock: Clock
  /** Where WeChat sends its notifications of this account; without a query. */
  notifyUrl: string
}

/**
 * Everything that changes something at WeChat Pay. The operation's id is the number of the order or the refund: the same
 * number is the same order, for ever.
 */
export const wechatpayCommands = (deps: CommandDeps): Commands => ({
  authorize: async () => refusal('payment_intent_incompatible_payment_method', paidOnPage),
  capture: async () => refusal('payment_intent_unexpected_state', 'WeChat Pay takes money at once and holds none.'),
  increment: async () => refusal('payment_intent_unexpected_state', 'WeChat Pay takes money at once and holds none.'),
  cancel: ({ paymentRef }) => cancel(deps, paymentRef),
  refund: (command) => refund(deps, command),
  cancelRefund: async () =>
    refusal('refund_unexpected_state', 'WeChat Pay takes no refund back once it has been sent.'),
  openPage: (command) => openPage(deps, command),
  closePage: ({ pageRef }) => closePage(deps, pageRef),
  createCustomer: async () => refusal('provider_error', 'WeChat Pay keeps no methods of payment.'),
  detachMethod: async () => refusal('provider_error', 'WeChat Pay keeps no methods of payment.'),
})

const paidOnPage =
  'WeChat Pay is paid on a page: leave out payment_method, send the payer to the checkout page, and they pay in WeChat.'

const refusal = (
  code: string,
  message: string,
  accountFault?: AccountFault,
): { outcome: 'refused'; decline: ProviderDecline } => ({
  outcome: 'refused',
  decline: { code, message, ...(accountFault ? { accountFault } : {}) },
})

const openPage = async (deps: CommandDeps, command: PageCommand): Promise<ProviderAnswer<ProviderPage>> => {
  const { client } = deps
  const mistake = whyNot(client.account, command)
  if (mistake) return mistake
  const way = chooseWay(client.account, command.surface)
  const body = orderBody(client.account, command, way, deps.notifyUrl)
  const reply = await client.send({ method: 'POST', path: pathsOf(client.account).open(way), body })
  const answer = answerOf(reply, (found) => pageOf(deps, command, way, found))
  if (answer.outcome !== 'refused') return answer
  const accountFault = reply.kind === 'error' ? accountFaultOf(reply.code) : undefined
  if (accountFault) return { ...answer, decline: { ...answer.decline, accountFault } }
  return existing(client, command, reply, answer)
}

const whyNot = ({ region }: WechatpayAccount, command: PageCommand) => {
  if (!isOwnNumber(command.idempotencyKey)) return refusal('provider_error', 'The key is no number for an order.')
  if (command.capture === 'manual')
    return refusal('payment_intent_invalid_parameter', 'WeChat Pay takes money at once: use capture_method automatic.')
  if (!currenciesOf(region).includes(command.currency)) {
    const told = `This WeChat Pay account takes no ${command.currency}.`
    return refusal('payment_intent_invalid_parameter', told, 'currency')
  }
  return undefined
}

/** What WeChat says of a number that it knows already, in one way or another. */
const ofKnownNumber = new Set(['ORDERPAID', 'ORDERCLOSED', 'OUTTRADENOUSED', 'INVALIDREQUEST'])

/** The number may have an order by now: then it is the order's state that answers, and not the refusal. */
const existing = async (
  client: WechatpayClient,
  command: PageCommand,
  reply: Reply,
  refused: ProviderAnswer<ProviderPage>,
): Promise<ProviderAnswer<ProviderPage>> => {
  if (reply.kind !== 'error' || !ofKnownNumber.has(reply.code)) return refused
  const found = await findPayment(client, command.idempotencyKey)
  if (found.outcome === 'unknown') return found
  if (!found.value) return refused
  const { ref, state, amount, currency } = found.value
  if (amount !== command.amount || currency !== command.currency || state === 'requires_payment_method')
    return { outcome: 'unknown', reason: `the order ${ref} was made before, with other parameters` }
  return findPage(client, ref).then((page) =>
    page.outcome === 'ok' && page.value ? { ...page, value: page.value } : { outcome: 'unknown', reason: 'no page' },
  )
}

/** WeChat forgets a code or a prepay id after two hours, and a phone's link after five minutes. */
const livesMs = {
  jsapi: 2 * 3_600_000,
  native: 2 * 3_600_000,
  app: 2 * 3_600_000,
  h5: 5 * 60_000,
} as const satisfies Record<Way, number>

const pageOf = (
  { client, clock }: CommandDeps,
  command: PageCommand,
  way: Way,
  found: Record<string, unknown>,
): ProviderPage => {
  const now = clock.now()
  const dies = addMs(now, livesMs[way])
  const page = {
    ref: command.idempotencyKey,
    state: 'open' as const,
    expiresAt: command.expiresAt && command.expiresAt < dies ? command.expiresAt : dies,
  }
  if (way === 'native') return { ...page, handover: { kind: 'qr', code: textOf(found.code_url, 'code_url') } }
  if (way === 'h5') {
    const url = textOf(found.h5_url ?? found.mweb_url, 'h5_url')
    return { ...page, handover: { kind: 'link' }, url: `${url}&redirect_url=${encodeURIComponent(command.returnUrl)}` }
  }
  const { account } = client
  const signer = { ...account, appid: account.subAppid ?? account.appid, mchid: account.subMchid ?? account.mchid }
  const params = bridgeParams(signer, textOf(found.prepay_id, 'prepay_id'), now)
  if (way === 'app') return { ...page, handover: { kind: 'app', params } }
  return { ...page, handover: { kind: 'bridge', params, payer: command.surface?.openid ?? '' } }
}

/** An order that is paid or closed is not open any more, however it came to that. */
const closePage = async ({ client }: CommandDeps, pageRef: string): Promise<ProviderAnswer<ProviderPage>> => {
  const closed = await close(client, pageRef)
  if (closed.outcome === 'ok') return { ...closed, value: { ref: pageRef, state: 'expired' } }
  if (closed.outcome === 'unknown') return closed
  const page = await findPage(client, pageRef)
  if (page.outcome === 'unknown') return page
  return page.value && page.value.state !== 'open' ? { ...page, value: page.value } : closed
}

const cancel = async ({ client }: CommandDeps, paymentRef: string): Promise<ProviderAnswer<ProviderPayment>> => {
  const closed = await close(client, paymentRef)
  if (closed.outcome === 'unknown') return closed
  const found = await findPayment(client, paymentRef)
  if (found.outcome === 'unknown') return found
  const { value } = found
  if (value?.state === 'canceled') return { ...found, value }
  if (closed.outcome === 'ok') return { outcome: 'unknown', reason: 'the order was closed and is not' }
  return { ...closed, ...(value ? { payment: value } : {}) }
}

const close = async (client: WechatpayClient, outTradeNo: string): Promise<ProviderAnswer<undefined>> => {
  if (!isOwnNumber(outTradeNo)) return refusal('resource_missing', `No such order at WeChat Pay: '${outTradeNo}'`)
  const path = pathsOf(client.account).close(outTradeNo)
  const reply = await client.send({ method: 'POST', path, body: closeBody(client.account) })
  return answerOf(reply, () => undefined)
}

/**
 * The order is read first, for WeChat wants its total repeated; so also a second try says the same. A number that was
 * used for another refund is not ours to judge: it is looked up.
 */
const refund = async (
  { client, notifyUrl }: CommandDeps,
  command: Parameters<PaymentProvider['refund']>[0],
): Promise<ProviderAnswer<ProviderRefund>> => {
  const order = await findPayment(client, command.paymentRef)
  if (order.outcome === 'unknown') return order
  if (order.value?.state !== 'succeeded')
    return refusal('resource_missing', 'WeChat Pay has no paid order by this number.')
  if (order.value.currency !== command.currency)
    return refusal('provider_error', `The order was paid in ${order.value.currency}, not in ${command.currency}.`)
  const body = refundBody(client.account, command, order.value.amount, notifyUrl)
  const reply = await client.send({ method: 'POST', path: pathsOf(client.account).refunds, body })
  const isDone = reply.kind === 'done' && client.account.region === 'global'
  if (!isDone) {
    const answer = answerOf(reply, mapRefund)
    return answer.outcome === 'refused' ? existingRefund(client, command, reply, answer) : answer
  }
  // Overseas the answer has no status: what became of it only the refund itself tells.
  const found = await findRefund(client, command.idempotencyKey)
  if (found.outcome === 'unknown') return found
  return found.value ? { ...found, value: found.value } : { outcome: 'unknown', reason: 'the refund is not there yet' }
}

/** The number may have a refund by now, which other parameters do not undo: then that answers, and not the refusal. */
const existingRefund = async (
  client: WechatpayClient,
  { idempotencyKey, paymentRef, amount }: Parameters<PaymentProvider['refund']>[0],
  reply: Reply,
  refused: ProviderAnswer<ProviderRefund>,
): Promise<ProviderAnswer<ProviderRefund>> => {
  if (reply.kind !== 'error' || reply.code !== 'INVALIDREQUEST') return refused
  const found = await findRefund(client, idempotencyKey)
  if (found.outcome === 'unknown') return found
  if (!found.value) return refused
  return found.value.amount === amount && found.value.paymentRef === paymentRef
    ? { ...found, value: found.value }
    : { outcome: 'unknown', reason: `the refund ${idempotencyKey} was made before, with other parameters` }
}
