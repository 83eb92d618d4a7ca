import { closeOrder, findOrder, findTransaction, lockOrder, placeOrder } from '../flows/order.ts'
import { transactionView } from '../flows/order-view.ts'
import { ApiError } from '../http/api-error.ts'
import { type Call, NO_CONTENT, type Reply, type Route, reply, route } from '../http/route.ts'
import type { Row, TradeType } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type GlobalOrderBody, globalMerchantQuery, globalOrderBody } from './order-bodies.ts'
import { readExpiry, wayToPay } from './orders.ts'

const BASE = '/v3/global/transactions'

export const globalOrderRoutes: Route[] = [
  create('jsapi', 'JSAPI'),
  create('native', 'NATIVE'),
  create('app', 'APP'),
  create('mweb', 'MWEB'),
  route('GET', `${BASE}/out-trade-no/:no`, { query: globalMerchantQuery }, async ({ work, merchant, query, path }) => {
    checkParties(merchant, query)
    return reply(transactionView(abroad(await findOrder(work, merchant.mchid, path.no ?? '')).doc))
  }),
  route('GET', `${BASE}/id/:id`, { query: globalMerchantQuery }, async ({ work, merchant, query, path }) => {
    checkParties(merchant, query)
    return reply(transactionView(abroad(await findTransaction(work, merchant.mchid, path.id ?? '')).doc))
  }),
  route(
    'POST',
    `${BASE}/out-trade-no/:no/close`,
    { body: globalMerchantQuery },
    async ({ work, merchant, body, path }) => {
      checkParties(merchant, body)
      await closeOrder(work, abroad(await lockOrder(work, merchant.mchid, path.no ?? '')))
      return NO_CONTENT
    },
  ),
  route('POST', `${BASE}/id/:id/close`, { body: globalMerchantQuery }, async ({ work, merchant, body, path }) => {
    checkParties(merchant, body)
    const { doc } = abroad(await findTransaction(work, merchant.mchid, path.id ?? ''))
    await closeOrder(work, await lockOrder(work, merchant.mchid, doc.outTradeNo))
    return NO_CONTENT
  }),
]

function create(name: string, tradeType: TradeType): Route {
  return route('POST', `${BASE}/${name}`, { body: globalOrderBody }, (call) => place(call, tradeType))
}

async function place({ work, merchant, body }: Call<GlobalOrderBody, null>, tradeType: TradeType): Promise<Reply> {
  checkParties(merchant, body)
  if (body.trade_type !== tradeType) throw new ApiError('PARAM_ERROR', 'trade_type与接口不一致')
  const appid = body.sub_appid ?? body.sp_appid ?? body.appid ?? ''
  if (![body.appid, body.sp_appid].some((id) => id !== undefined && merchant.appids.includes(id))) {
    throw new ApiError('APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配')
  }
  const openid = body.payer?.sub_openid ?? body.payer?.sp_openid ?? body.payer?.openid ?? null
  if (tradeType === 'JSAPI' && openid === null) throw new ApiError('PARAM_ERROR', '缺少参数openid')
  const { doc } = await placeOrder(work, merchant, {
    isGlobal: true,
    tradeType,
    mchid: merchant.mchid,
    appid,
    outTradeNo: body.out_trade_no,
    fingerprint: fingerprintOf(body),
    echo: partiesOf(merchant, body),
    description: body.description,
    attach: body.attach || null,
    notifyUrl: body.notify_url,
    total: body.amount.total,
    currency: body.amount.currency,
    openid,
    deviceId: body.scene_info?.device_id ?? null,
    expiresMs: readExpiry(work, body.time_expire),
  })
  return reply(wayToPay(work, doc))
}

type Parties = Pick<GlobalOrderBody, 'mchid' | 'sp_mchid' | 'sub_mchid'>

/** Who signs must be the merchant itself, or the institution before it. */
export function checkParties(merchant: Merchant, { mchid, sp_mchid, sub_mchid }: Parties): void {
  if (mchid === undefined && sp_mchid === undefined) throw new ApiError('PARAM_ERROR', '缺少参数mchid')
  if (mchid === undefined && sub_mchid === undefined) throw new ApiError('PARAM_ERROR', '缺少参数sub_mchid')
  if (mchid !== merchant.mchid && sp_mchid !== merchant.mchid)
    throw new ApiError('NO_AUTH', '商户号与签名的商户号不一致')
}

/** The published description wants all of these in an answer, whichever way the order came. */
function partiesOf({ mchid }: Merchant, body: GlobalOrderBody): Record<string, string> {
  const own = body.appid ?? body.sp_appid ?? ''
  return {
    mchid: body.mchid ?? mchid,
    appid: own,
    sp_mchid: body.sp_mchid ?? mchid,
    sub_mchid: body.sub_mchid ?? body.mchid ?? mchid,
    sp_appid: body.sp_appid ?? own,
    ...(body.sub_appid === undefined ? {} : { sub_appid: body.sub_appid }),
  }
}

function abroad(row: Row<'order'>): Row<'order'> {
  if (!row.doc.isGlobal) throw new ApiError('ORDER_NOT_EXIST', '订单不存在')
  return row
}
