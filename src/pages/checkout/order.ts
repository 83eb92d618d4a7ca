import { isCurrency } from '#kernel/currencies.ts'
import { amountText } from '#messages/cards/amount-text.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import type { Locale } from '#pages/texts/texts.ts'
import type { ChargeRow } from '#payments/charge-view.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { itemsOf } from '#payments/order-lines.ts'
import type { PayerAmount } from '#providers/price.ts'

export interface Line {
  name: string
  quantity: number
  amount: bigint
}

/**
 * What is being paid, line by line; empty unless the lines add up to the amount exactly, for a wrong bill is worse
 * than none.
 */
export const linesOf = (intent: IntentRow, texts: Texts): Line[] => {
  const details = intent.options.amount_details as Details | undefined
  const items = itemsOf(intent)
  const hasDelivery = (details?.shipping?.amount ?? 0) > 0
  const lines = items.map(({ name, amount, quantity }, index) => ({
    name: hasDelivery && index === items.length - 1 ? texts.delivery : name,
    quantity,
    amount: BigInt(amount) * BigInt(quantity),
  }))
  const tax = BigInt(details?.tax?.total_tax_amount ?? 0)
  const all = tax > 0n ? [...lines, { name: texts.tax, quantity: 1, amount: tax }] : lines
  const sum = all.reduce((total, { amount }) => total + amount, 0n)
  return sum === intent.amount ? all : []
}

interface Details {
  shipping?: { amount?: number }
  tax?: { total_tax_amount?: number }
}

export const showAmount = (amount: bigint, currency: string, tag: string): string => {
  if (!isCurrency(currency)) throw new RangeError(`unknown currency ${currency}`)
  return amountText(amount, currency, tag)
}

/** "Visa ···· 4242": how it was paid, as far as anybody but the payer may know. */
export const methodText = (charge: Pick<ChargeRow, 'method'> | undefined): string | undefined => {
  const { type, brand, last4 } = charge?.method ?? {}
  if (typeof type !== 'string') return undefined
  const name =
    methodNames[typeof brand === 'string' ? brand : type] ?? capitalise(typeof brand === 'string' ? brand : type)
  return typeof last4 === 'string' ? `${name} ···· ${last4}` : name
}

/** What left the payer's own account, where that is another amount or another currency. */
export const payerText = (charge: Pick<ChargeRow, 'method'> | undefined, tag: string): string | undefined => {
  const { amount, currency } = (charge?.method?.payer ?? {}) as Partial<PayerAmount>
  if (amount === undefined || currency === undefined || !isCurrency(currency)) return undefined
  return showAmount(BigInt(amount), currency, tag)
}

const methodNames: Record<string, string> = {
  amex: 'American Express',
  diners: 'Diners Club',
  jcb: 'JCB',
  unionpay: 'UnionPay',
  sepa_debit: 'SEPA',
  wechat_pay: 'WeChat Pay',
}

const apps: Readonly<Record<string, { name: string; inChinese: string }>> = {
  wechatpay: { name: 'WeChat', inChinese: '微信' },
}

/** The app that payers of a provider pay with; nothing where it is a page. */
export const appName = (provider: string, locale: Locale): string | undefined =>
  locale === 'zh-Hans' ? apps[provider]?.inChinese : apps[provider]?.name

const channelNames: Record<string, string> = { whatsapp: 'WhatsApp', wechat: 'WeChat', line: 'LINE' }

/** The chat app's own spelling; nothing for the shop's own web chat, where the payer knows where they are. */
export const channelName = (channel: string | undefined): string | undefined =>
  channel === undefined || channel === 'webchat' ? undefined : (channelNames[channel] ?? capitalise(channel))

const capitalise = (word: string): string => (word.charAt(0).toUpperCase() + word.slice(1)).replaceAll('_', ' ')

/** The attempt that took the money, else the latest. */
export const paidCharge = (charges: readonly ChargeRow[]): ChargeRow | undefined =>
  charges.findLast(({ status }) => status === 'succeeded') ?? charges.at(-1)
