import type { HandoverRules, WantedHandover } from '#providers/handover.ts'
import type { PageCommand, PaymentProvider, ProviderTags } from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import { toWire } from './amounts.ts'
import { ownerOf } from './paths.ts'
import { chinaTime } from './times.ts'

type RefundCommand = Parameters<PaymentProvider['refund']>[0]

/** How a payer pays: inside WeChat, by a code to scan, from a phone's browser, or through an app's SDK. */
export type Way = 'jsapi' | 'native' | 'h5' | 'app'

/**
 * The way that fits where the payer is. A code to scan fits everywhere but inside WeChat, where it is all there is
 * when nobody has said who the payer is.
 */
export const chooseWay = ({ kind, h5 }: WechatpayAccount, surface: PageCommand['surface']): Way => {
  if (kind === 'app' && surface?.kind === 'app') return 'app'
  if (kind !== 'app' && surface?.kind === 'wechat' && surface.openid !== undefined) return 'jsapi'
  return surface?.kind === 'phone' && h5 && surface.ip !== undefined ? 'h5' : 'native'
}

const handoverKinds = { jsapi: 'bridge', native: 'qr', h5: 'link', app: 'app' } as const satisfies Record<
  Way,
  WantedHandover['kind']
>

/** How a page for this surface is handed over; a bridge works for the payer alone for whom it was signed. */
export const handoversOf = (account: WechatpayAccount): HandoverRules => ({
  app: account.subAppid ?? account.appid,
  wanted: (surface) => {
    const way = chooseWay(account, surface)
    return {
      kind: handoverKinds[way],
      ...(way === 'jsapi' && surface?.openid !== undefined ? { payer: surface.openid } : {}),
    }
  },
})

/** A number of ours at WeChat: an order's, a refund's. It is the operation's id, so a repetition is the same order. */
export const isOwnNumber = (text: string): boolean => /^[0-9A-Za-z_\-|*]{6,32}$/.test(text)

export const orderBody = (account: WechatpayAccount, command: PageCommand, way: Way, notifyUrl: string): object => {
  const { surface } = command
  const common = {
    ...(account.region === 'global' ? overseas(account, way) : { appid: account.appid, mchid: account.mchid }),
    description: clip(command.title.trim() || 'Payment', 127),
    out_trade_no: command.idempotencyKey,
    ...(command.expiresAt ? { time_expire: chinaTime(command.expiresAt) } : {}),
    attach: writeTags(command.tags),
    notify_url: notifyUrl,
    amount: toWire(command.amount, command.currency),
  }
  if (way === 'jsapi') return { ...common, payer: payerOf(account, surface?.openid ?? '') }
  if (way === 'h5') return { ...common, scene_info: { payer_client_ip: surface?.ip ?? '', h5_info: { type: 'Wap' } } }
  return common
}

/** `total`: what the order was for; WeChat wants it repeated. */
export const refundBody = (
  account: WechatpayAccount,
  command: RefundCommand,
  total: bigint,
  notifyUrl: string,
): object => {
  const { total: refund, currency } = toWire(command.amount, command.currency)
  return {
    ...(account.region === 'global' ? partiesOf(account) : {}),
    out_trade_no: command.paymentRef,
    out_refund_no: command.idempotencyKey,
    ...(command.reason === undefined ? {} : { reason: clip(command.reason, 80) }),
    notify_url: notifyUrl,
    amount: { refund, total: toWire(total, command.currency).total, currency },
  }
}

export const closeBody = (account: WechatpayAccount): object =>
  account.region === 'global' ? ownerOf(account) : { mchid: account.mchid }

const partiesOf = (account: WechatpayAccount) =>
  account.subMchid === undefined
    ? { mchid: account.mchid, appid: account.appid }
    : {
        ...ownerOf(account),
        sp_appid: account.appid,
        ...(account.subAppid === undefined ? {} : { sub_appid: account.subAppid }),
      }

const tradeTypes = { jsapi: 'JSAPI', native: 'NATIVE', app: 'APP', h5: 'MWEB' } as const satisfies Record<Way, string>

const overseas = (account: WechatpayAccount, way: Way) => ({
  ...partiesOf(account),
  trade_type: tradeTypes[way],
  merchant_category_code: account.merchantCategoryCode ?? '',
})

/** An openid is known to one appid only: the merchant's own where it has one, else the institution's. */
const payerOf = (account: WechatpayAccount, openid: string) => {
  if (account.subMchid === undefined) return { openid }
  return account.subAppid === undefined ? { sp_openid: openid } : { sub_openid: openid }
}

/** Our ids as they travel in `attach`, which has room for 127 characters. */
const tagNames = { merchant: 'm', paymentIntent: 'p' } as const

export const writeTags = (tags: ProviderTags): string => {
  const fields = Object.entries(tagNames).flatMap(([tag, name]) => {
    const value = tags[tag as keyof typeof tagNames]
    return value === undefined ? [] : [[name, value]]
  })
  return new URLSearchParams(fields).toString()
}

export const readTags = (attach: unknown): ProviderTags => {
  const fields = new URLSearchParams(typeof attach === 'string' ? attach : '')
  const merchant = fields.get(tagNames.merchant)
  const paymentIntent = fields.get(tagNames.paymentIntent)
  return { ...(merchant ? { merchant } : {}), ...(paymentIntent ? { paymentIntent } : {}) }
}

/** By whole characters: half of one is nothing that WeChat could show. */
export const clip = (text: string, lengthMax: number): string => {
  let clipped = ''
  for (const character of text.toWellFormed()) {
    if (clipped.length + character.length > lengthMax) break
    clipped += character
  }
  return clipped
}
