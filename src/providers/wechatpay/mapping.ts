import type { Currency } from '#kernel/currencies.ts'
import type { PayerAmount, ProviderDiscount } from '#providers/price.ts'
import type {
  PaymentMethodDetails,
  ProviderCharge,
  ProviderPage,
  ProviderPayment,
  ProviderRefund,
} from '#providers/provider.ts'
import { given } from './account.ts'
import { currencyFromWire, fromWire, UnmappedError } from './amounts.ts'
import { isOwnNumber, readTags } from './requests.ts'
import { lookUp, paymentStates, refundStates } from './states.ts'
import { timeFromWire } from './times.ts'

/**
 * Everything WeChat Pay answers comes through here; a state or currency outside the tables throws `UnmappedError`. An
 * order is page and payment in one, under our own number; WeChat's transaction, there once it is paid, is the charge.
 */
export const mapPayment = (order: Record<string, unknown>): ProviderPayment => {
  const money = recordOf(order.amount, 'amount')
  const currency = currencyFromWire(money.currency, 'currency')
  const amount = fromWire(money.total, 'amount.total')
  const state = lookUp(paymentStates, order.trade_state, 'trade_state')
  const isPaid = state === 'succeeded'
  return {
    ref: textOf(order.out_trade_no, 'out_trade_no'),
    state,
    amount,
    amountCapturable: 0n,
    amountReceived: isPaid ? amount : 0n,
    currency,
    ...given('charge', isPaid ? mapCharge(order, amount) : undefined),
    ...given('decline', order.trade_state === 'PAYERROR' ? declineOf(order) : undefined),
    tags: readTags(order.attach),
  }
}

/** The same order as the page on which it is paid. Where a payer goes is told once, when it is opened. */
export const mapPage = (order: Record<string, unknown>): ProviderPage => {
  const { ref, state } = mapPayment(order)
  if (state === 'succeeded') return { ref, state: 'complete', paymentRef: ref }
  return { ref, state: state === 'canceled' ? 'expired' : 'open' }
}

export const mapRefund = (refund: Record<string, unknown>): ProviderRefund => {
  const money = recordOf(refund.amount, 'amount')
  const amount = fromWire(money.refund, 'amount.refund')
  const ref = textOf(refund.out_refund_no, 'out_refund_no')
  const state = lookUp(refundStates, refund.status, 'refund status')
  const discount = money.settlement_refund === undefined ? 0n : amount - fromWire(money.settlement_refund, 'settled')
  if (discount < 0n) throw new UnmappedError('a settlement_refund above the refund', money.settlement_refund)
  return {
    ref,
    state,
    amount,
    currency: currencyFromWire(money.currency, 'currency'),
    ...given('paymentRef', optionalText(refund.out_trade_no)),
    ...given('chargeRef', optionalText(refund.transaction_id)),
    ...given('failureReason', failureReasons[state]),
    ...given('key', isOwnNumber(ref) ? ref : undefined),
    ...given('discount', discount === 0n ? undefined : discount),
    createdAt: timeFromWire(refund.create_time, 'create_time'),
    tags: {},
  }
}

const failureReasons: Partial<Record<ProviderRefund['state'], string>> = {
  requires_action: 'account_unusable',
  failed: 'closed_by_provider',
}

const mapCharge = (order: Record<string, unknown>, amount: bigint): ProviderCharge => {
  const discounts = mapDiscounts(order.promotion_detail)
  return {
    ref: textOf(order.transaction_id ?? order.id, 'transaction id'),
    state: 'succeeded',
    amount,
    amountCaptured: amount,
    captured: true,
    method: mapMethod(order),
    ...given('discounts', discounts.length === 0 ? undefined : discounts),
    createdAt: timeFromWire(order.success_time, 'success_time'),
  }
}

/** `bank_type` is a bank and a kind of card (`CMB_CREDIT`), or a word like OTHERS for the balance. */
const mapMethod = (order: Record<string, unknown>): PaymentMethodDetails => {
  const bank = optionalText(order.bank_type) ?? ''
  const funding = /_(CREDIT|DEBIT)$/.exec(bank)?.[1]?.toLowerCase()
  return {
    type: 'wechat_pay',
    ...given('funding', funding),
    ...given('payer', mapPayer(recordOf(order.amount, 'amount'))),
  }
}

/** What left the payer's account, where that is not the price itself. */
const mapPayer = (money: Record<string, unknown>): PayerAmount | undefined => {
  if (money.payer_total === undefined) return undefined
  const amount = fromWire(money.payer_total, 'payer_total')
  const currency: Currency = currencyFromWire(money.payer_currency ?? money.currency, 'payer_currency')
  if (amount === fromWire(money.total, 'total') && currency === currencyFromWire(money.currency, 'currency'))
    return undefined
  const { exchange_rate: rate } = money
  if (rate === undefined) return { amount: amount.toString(), currency }
  const { type, rate: value } = recordOf(rate, 'exchange_rate')
  return {
    amount: amount.toString(),
    currency,
    rate: { type: textOf(type, 'rate type'), value: fromWire(value, 'rate').toString() },
  }
}

/** The overseas product names the same things otherwise. */
const settledTypes = { CASH: 'settled', COUPON: 'settled', NOCASH: 'kept', DISCOUNT: 'kept' } as const

const mapDiscounts = (promotions: unknown): ProviderDiscount[] =>
  (Array.isArray(promotions) ? promotions : []).flatMap((value): ProviderDiscount[] => {
    const one = recordOf(value, 'promotion')
    const amount = fromWire(one.amount, 'promotion amount')
    const settled = lookUp(settledTypes, one.type, 'promotion type') === 'settled'
    const part = (name: string) => (one[name] === undefined ? 0n : fromWire(one[name], name))
    const byProvider = part('wechatpay_contribute') + part('wxpay_contribute_amount')
    const byOther = part('other_contribute') + part('other_contribute_amount')
    const byMerchant = amount - byProvider - byOther
    if (byMerchant < 0n) throw new UnmappedError('contributions above the promotion', amount)
    const ref = textOf(one.coupon_id ?? one.promotion_id, 'promotion id')
    const discount = (funder: ProviderDiscount['funder'], share: bigint): ProviderDiscount[] =>
      share === 0n ? [] : [{ ref, funder, amount: share, settled }]
    return [...discount('provider', byProvider), ...discount('merchant', byMerchant), ...discount('other', byOther)]
  })

const declineOf = (order: Record<string, unknown>) => ({
  code: 'payment_intent_payment_attempt_failed',
  message: optionalText(order.trade_state_desc) ?? 'The payment failed. Try again or use another payment method.',
})

export const recordOf = (value: unknown, what: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new UnmappedError(`no ${what} but`, value)
}

export const textOf = (value: unknown, what: string): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new UnmappedError(what, value)
}

export const optionalText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
