import { ApiError } from '../http/api-error.ts'
import type { Order, Row } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'

/** What a merchant asks for; the rest of the order is made here. */
export type OrderRequest = Omit<Order, 'prepay' | 'state' | 'paid' | 'expiresMs'> & { expiresMs: number | null }

const LIFE_MS = 7 * 86_400_000
const PREPAY_MS = 2 * 3_600_000
const H5_MS = 5 * 60_000

/**
 * A new order, or the same one again: asking twice for the same gives the same `prepay_id` for as long as it lives.
 * @throws ORDER_PAID, ORDER_CLOSED, INVALID_REQUEST when the number was used for something else.
 */
export async function placeOrder(work: Work, merchant: Merchant, request: OrderRequest): Promise<Row<'order'>> {
  const id = orderId(merchant.mchid, request.outTradeNo)
  await work.lock(id)
  const known = await work.find('order', id)
  if (known) return placeAgain(work, known, request)
  const expiresMs = request.expiresMs ?? work.nowMs + LIFE_MS
  const order = { ...request, expiresMs, prepay: newPrepay(work, id, request), state: 'NOTPAY', paid: null } as const
  work.effect(merchant.mchid, request.outTradeNo, 'order.created')
  work.schedule('order.expire', id, expiresMs)
  return work.put('order', id, merchant.mchid, order)
}

function placeAgain(work: Work, row: Row<'order'>, request: OrderRequest): Row<'order'> {
  const { doc } = row
  if (doc.paid) throw new ApiError('ORDER_PAID', '该订单已支付')
  if (doc.state === 'CLOSED' || doc.expiresMs <= work.nowMs) throw new ApiError('ORDER_CLOSED', '该订单已关闭')
  if (doc.fingerprint !== request.fingerprint || doc.tradeType !== request.tradeType) {
    throw new ApiError('INVALID_REQUEST', '商户订单号重复或请求参数与首次请求不一致')
  }
  if (doc.prepay.expiresMs <= work.nowMs) {
    doc.prepay = newPrepay(work, row.id, doc)
    work.changed(row)
  }
  return row
}

function newPrepay(work: Work, order: string, { mchid, tradeType }: Pick<Order, 'mchid' | 'tradeType'>) {
  const lifeMs = tradeType === 'MWEB' ? H5_MS : PREPAY_MS
  const prepay = { id: work.id('prepay'), code: work.id('code'), expiresMs: work.nowMs + lifeMs }
  for (const id of [prepay.id, prepay.code]) work.put('prepay', id, mchid, { id, order })
  return prepay
}

/** @throws ORDER_PAID, which says: book the payment. Closing what is closed changes nothing. */
export async function closeOrder(work: Work, row: Row<'order'>): Promise<void> {
  if (row.doc.paid) throw new ApiError('ORDER_PAID', '该订单已支付')
  if (row.doc.state === 'USERPAYING') throw new ApiError('TRADE_ERROR', '用户支付中，请稍后再试')
  if (row.doc.state === 'CLOSED') return
  row.doc.state = 'CLOSED'
  work.changed(row)
  work.effect(row.mchid, row.doc.outTradeNo, 'order.closed')
}

/** Nobody paid in time: WeChat Pay closes it by itself. */
export async function expireOrder(work: Work, id: string): Promise<void> {
  await work.lock(id)
  const row = await work.find('order', id)
  if (!row || row.doc.paid || row.doc.state === 'CLOSED') return
  row.doc.state = 'CLOSED'
  work.changed(row)
  work.effect(row.mchid, row.doc.outTradeNo, 'order.expired')
}

/** An order of this merchant, under a lock. */
export async function lockOrder(work: Work, mchid: string, outTradeNo: string): Promise<Row<'order'>> {
  const id = orderId(mchid, outTradeNo)
  await work.lock(id)
  return (await work.find('order', id)) ?? missing()
}

export async function findOrder(work: Work, mchid: string, outTradeNo: string): Promise<Row<'order'>> {
  return (await work.find('order', orderId(mchid, outTradeNo))) ?? missing()
}

/** By WeChat Pay's own number, which exists only once it is paid. */
export async function findTransaction(work: Work, mchid: string, transactionId: string): Promise<Row<'order'>> {
  const row = await work.findByWxid('order', transactionId)
  return row?.mchid === mchid ? row : missing()
}

export const orderId = (mchid: string, outTradeNo: string): string => `${mchid}:${outTradeNo}`

function missing(): never {
  throw new ApiError('ORDER_NOT_EXIST', '订单不存在')
}
