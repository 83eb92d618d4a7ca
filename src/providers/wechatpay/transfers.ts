import type { ProviderAnswer } from '#providers/provider.ts'
import type { ProviderTransfer, TransferCalls, TransferCommand, TransferState } from '#providers/transfers.ts'
import { given, type WechatpayAccount } from './account.ts'
import { currenciesOf, currencyFromWire, fromWire, toWire } from './amounts.ts'
import { answerOf, lookup, type WechatpayClient } from './client.ts'
import { optionalText, textOf } from './mapping.ts'
import { clip } from './requests.ts'
import { sealField } from './signing.ts'
import { lookUp } from './states.ts'
import { timeFromWire } from './times.ts'

const base = '/v3/fund-app/mch-transfer/transfer-bills'

const transferStates = {
  ACCEPTED: 'pending',
  PROCESSING: 'pending',
  WAIT_USER_CONFIRM: 'requires_action',
  TRANSFERING: 'requires_action',
  CANCELING: 'pending',
  SUCCESS: 'succeeded',
  FAIL: 'failed',
  CANCELLED: 'canceled',
} as const satisfies Record<string, TransferState>

/** Money to a person in WeChat, who confirms it there. `sceneId`: the occasion that WeChat has approved. */
export const createTransfers = (client: WechatpayClient, sceneId: string, notifyUrl: string): TransferCalls => ({
  send: async (command) => {
    const mistake = whyNot(client.account, command)
    if (mistake !== undefined) return refusal(mistake)
    const reply = await client.send({
      method: 'POST',
      path: base,
      body: transferBody(client, command, sceneId, notifyUrl),
    })
    const made = answerOf(reply, (body) =>
      mapTransfer(client.account, { ...body, transfer_amount: toWire(command.amount, command.currency).total }),
    )
    if (made.outcome !== 'refused') return made
    // The number may have been used before, by this very command: then that transfer answers.
    const known = await find(client, command.idempotencyKey)
    if (known.outcome !== 'ok') return known
    return known.value?.amount === command.amount ? { ...known, value: known.value } : made
  },
  cancel: async ({ idempotencyKey }) => {
    const path = `${base}/out-bill-no/${numberOf(idempotencyKey)}/cancel`
    const done = answerOf(await client.send({ method: 'POST', path, body: {} }), () => undefined)
    if (done.outcome !== 'ok') return done
    const found = await find(client, idempotencyKey)
    if (found.outcome !== 'ok') return found
    return found.value ? { ...found, value: found.value } : { outcome: 'unknown', reason: 'the transfer is not there' }
  },
  find: ({ idempotencyKey }) => find(client, idempotencyKey),
})

const find = (client: WechatpayClient, key: string) =>
  lookup(client, `${base}/out-bill-no/${numberOf(key)}`, (body) => mapTransfer(client.account, body))

/** Letters and digits alone. */
const numberOf = (key: string): string => key.replaceAll(/[^0-9A-Za-z]/g, '').slice(0, 32)

/** The key that a number was made of, if it is one of ours. */
export const keyOfNumber = (number: string): string | undefined => {
  const [, id] = /^op([0-9a-z]{26})$/.exec(number) ?? []
  return id === undefined ? undefined : `op_${id}`
}

const whyNot = (account: WechatpayAccount, command: TransferCommand): string | undefined => {
  if (!currenciesOf(account.region).includes(command.currency)) return `This account pays no ${command.currency}.`
  if (command.reports.length === 0) return 'WeChat Pay wants to know the occasion of a transfer: send reports.'
  const cannotSeal = command.name !== undefined && !account.publicKey
  return cannotSeal ? 'A name can be sent by accounts with WeChat Pay’s public key only.' : undefined
}

const refusal = (message: string): ProviderAnswer<never> => ({
  outcome: 'refused',
  decline: { code: 'provider_error', message },
})

const transferBody = (
  { account }: WechatpayClient,
  command: TransferCommand,
  sceneId: string,
  notifyUrl: string,
): object => ({
  appid: account.appid,
  out_bill_no: numberOf(command.idempotencyKey),
  transfer_scene_id: sceneId,
  openid: command.payee,
  ...(command.name !== undefined && account.publicKey
    ? { user_name: sealField(command.name, account.publicKey.key) }
    : {}),
  transfer_amount: toWire(command.amount, command.currency).total,
  transfer_remark: clip(command.note, 32),
  notify_url: notifyUrl,
  transfer_scene_report_infos: command.reports.map(({ type, content }) => ({
    info_type: clip(type, 15),
    info_content: clip(content, 32),
  })),
})

const mapTransfer = (account: WechatpayAccount, body: Record<string, unknown>): ProviderTransfer => ({
  ref: textOf(body.transfer_bill_no, 'transfer_bill_no'),
  state: lookUp(transferStates, body.state, 'transfer state'),
  amount: fromWire(body.transfer_amount, 'transfer_amount'),
  currency: currencyFromWire(undefined, 'currency'),
  ...given('confirmation', confirmationOf(account, optionalText(body.package_info))),
  ...given('failureReason', optionalText(body.fail_reason)),
  createdAt: timeFromWire(body.create_time, 'create_time'),
})

/** For `wx.requestMerchantTransfer` in a mini program, and the bridge's function of that name on a page inside WeChat. */
const confirmationOf = (
  { mchid, appid }: WechatpayAccount,
  packageInfo: string | undefined,
): ProviderTransfer['confirmation'] =>
  packageInfo === undefined
    ? undefined
    : { action: 'wechat_pay_transfer', params: { mchId: mchid, appId: appid, package: packageInfo } }
