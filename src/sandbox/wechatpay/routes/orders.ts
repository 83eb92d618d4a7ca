import { closeOrder, findOrder, findTransaction, lockOrder, placeOrder } from '../flows/order.ts'
import { transactionView } from '../flows/order-view.ts'
import { ApiError } from '../http/api-error.ts'
import { NO_CONTENT, type Route, reply, route } from '../http/route.ts'
import type { Order, Row, TradeType } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'
import { fingerprintOf } from './fingerprint.ts'
import { merchantQuery, type OrderBody, orderBodies } from './order-bodies.ts'

const BASE = '/v3/pay/transactions'

export const orderRoutes: Route[] = [
  create('jsapi', 'JSAPI'),
  create('native', 'NATIVE'),
  create('app', 'APP'),
  create('h5', 'MWEB'),
  route('GET', `${BASE}/out-trade-no/:no`, { query: merchantQuery }, async ({ work, merchant, query, path }) => {
    checkMerchant(merchant, query.mchid)
    return reply(transactionView(domestic(await findOrder(work, merchant.mchid, path.no ?? '')).doc))
  }),
  route('GET', `${BASE}/id/:id`, { query: merchantQuery }, async ({ work, merchant, query, path }) => {
    checkMerchant(merchant, query.mchid)
    return reply(transactionView(domestic(await findTransaction(work, merchant.mchid, path.id ?? '')).doc))
  }),
  route('POST', `${BASE}/out-trade-no/:no/close`, { body: merchantQuery }, async ({ work, merchant, body, path }) => {
    checkMerchant(merchant, body.mchid)
    await closeOrder(work, domestic(await lockOrder(work, merchant.mchid, path.no ?? '')))
    return NO_CONTENT
  }),
]

function create(name: string, tradeType: TradeType): Route {
  return route('POST', `${BASE}/${name}`, { body: orderBodies[tradeType] }, async ({ work, merchant, body }) => {
    const given: OrderBody = body
    checkMerchant(merchant, given.mchid)
    if (!merchant.appids.includes(given.appid)) throw new ApiError('APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配')
    const { doc } = await placeOrder(work, merchant, {
      isGlobal: false,
      tradeType,
      mchid: merchant.mchid,
      appid: given.appid,
      outTradeNo: given.out_trade_no,
      fingerprint: fingerprintOf(given),
      echo: {},
      description: given.description,
      attach: given.attach || null,
      notifyUrl: given.notify_url,
      total: given.amount.total,
      currency: 'CNY',
      openid: checkOpenid(given),
      deviceId: given.scene_info?.device_id ?? null,
      expiresMs: readExpiry(work, given.time_expire),
    })
    return reply(wayToPay(work, doc))
  })
}

/** What the client needs to go on. */
export function wayToPay({ sandbox }: Pick<Work, 'sandbox'>, doc: Order): object {
  const { publicUrl, scannableCodes } = sandbox.settings
  const page = `${publicUrl}/_sandbox/pay/${encodeURIComponent(doc.outTradeNo)}?mchid=${doc.mchid}`
  switch (doc.tradeType) {
    case 'NATIVE':
      return {
        code_url: scannableCodes ? `${page}&pr=${doc.prepay.code}` : `weixin://wxpay/bizpayurl?pr=${doc.prepay.code}`,
      }
    case 'MWEB': {
      const url = `${page}&prepay_id=${doc.prepay.id}&package=${doc.prepay.code}`
      return doc.isGlobal ? { mweb_url: url } : { h5_url: url }
    }
    default:
      return { prepay_id: doc.prepay.id }
  }
}

/** @throws PARAM_ERROR for a moment that is past, or further away than an order may live. */
export function readExpiry({ nowMs }: Pick<Work, 'nowMs'>, time: string | undefined): number | null {
  if (time === undefined) return null
  const ms = Date.parse(time)
  if (ms > nowMs && ms <= nowMs + LIFE_MS) return ms
  const issue = 'must be in the future, by seven days at most'
  throw new ApiError('PARAM_ERROR', 'time_expire时间过短或过长，请检查', {
    field: '/time_expire',
    value: time,
    issue,
    location: 'body',
  })
}

const LIFE_MS = 7 * 86_400_000

export function checkMerchant(merchant: Merchant, mchid: string): void {
  if (mchid !== merchant.mchid) throw new ApiError('NO_AUTH', '商户号与签名的商户号不一致')
}

/** An openid is of one app and of no other; in this world it is known by its first letter, as in the real one. */
function checkOpenid({ payer }: OrderBody): string | null {
  if (!payer) return null
  if (!/^o[\w-]{5,}$/.test(payer.openid)) {
    const detail = {
      field: '/payer/openid',
      value: payer.openid,
      issue: 'openid is invalid',
      location: 'body',
    } as const
    throw new ApiError('PARAM_ERROR', '无效的openid', detail)
  }
  return payer.openid
}

function domestic(row: Row<'order'>): Row<'order'> {
  if (row.doc.isGlobal) throw new ApiError('ORDER_NOT_EXIST', '订单不存在')
  return row
}
