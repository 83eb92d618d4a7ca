import type { PaymentProvider } from '#providers/provider.ts'
import { type LookupAnswer, lookup, type WechatpayClient } from './client.ts'
import { mapPage, mapPayment, mapRefund } from './mapping.ts'
import { pathsOf } from './paths.ts'
import { isOwnNumber } from './requests.ts'

type Lookups = Pick<
  PaymentProvider,
  'findPayment' | 'findPaymentsByTag' | 'findRefund' | 'findRefunds' | 'findPage' | 'findCharge'
>

/** Everything that only asks. */
export const wechatpayLookups = (client: WechatpayClient): Lookups => ({
  findPayment: ({ paymentRef }) => findPayment(client, paymentRef),
  // Nothing is ever authorised here, and an order is found by its number: no payment is looked for by our tags.
  findPaymentsByTag: async () => ({ outcome: 'ok', value: [] }),
  findRefund: ({ refundRef }) => findRefund(client, refundRef),
  findRefunds: async ({ paymentRef, keys = [] }) => {
    const found = []
    for (const key of keys) {
      const refund = await findRefund(client, key)
      if (refund.outcome !== 'ok') return refund
      if (refund.value?.paymentRef === paymentRef) found.push(refund.value)
    }
    return { outcome: 'ok', value: found }
  },
  findPage: ({ pageRef }) => findPage(client, pageRef),
  findCharge: ({ chargeRef }) =>
    lookup(client, pathsOf(client.account).transaction(chargeRef), (body) => {
      const { charge, ref } = mapPayment(body)
      return charge && { charge, paymentRef: ref }
    }),
})

export const findPayment = (client: WechatpayClient, paymentRef: string) => findOrder(client, paymentRef, mapPayment)

export const findPage = (client: WechatpayClient, pageRef: string) => findOrder(client, pageRef, mapPage)

export const findRefund = (client: WechatpayClient, refundRef: string) =>
  isRefundNumber(refundRef)
    ? lookup(client, pathsOf(client.account).refund(refundRef), mapRefund)
    : Promise.resolve({ outcome: 'ok' as const, value: undefined })

/** What is no order number at all has certainly no order; WeChat would only complain of the path. */
const findOrder = <T>(
  client: WechatpayClient,
  outTradeNo: string,
  read: (body: Record<string, unknown>) => T,
): Promise<LookupAnswer<T | undefined>> =>
  isOwnNumber(outTradeNo)
    ? lookup(client, pathsOf(client.account).order(outTradeNo), read)
    : Promise.resolve({ outcome: 'ok', value: undefined })

/** Longer than an order's: the merchant platform gives its own to refunds that are made there. */
const isRefundNumber = (text: string): boolean => /^[0-9A-Za-z_\-|*@]{1,64}$/.test(text)
