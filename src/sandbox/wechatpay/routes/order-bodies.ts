import { z } from 'zod'
import { fen, notifyUrl, outTradeNo, text, timestamp } from '../http/params.ts'

/** The bodies of `/v3/pay/transactions/…`. Unknown fields are refused, to find slips of the pen early. */
const goods = z.strictObject({
  merchant_goods_id: text(32),
  wechatpay_goods_id: text(32).optional(),
  goods_name: text(256).optional(),
  quantity: z.int().min(1),
  unit_price: z.int().min(0),
})
const storeInfo = z.strictObject({
  id: text(32).optional(),
  name: text(256).optional(),
  area_code: text(32).optional(),
  address: text(512).optional(),
})
const scene = {
  payer_client_ip: text(45),
  device_id: text(32).optional(),
  store_info: storeInfo.optional(),
}
const h5Info = z.strictObject({
  type: text(32),
  app_name: text(64).optional(),
  app_url: text(128).optional(),
  bundle_id: text(128).optional(),
  package_name: text(128).optional(),
})

const base = {
  appid: text(32),
  mchid: text(32),
  description: text(127),
  out_trade_no: outTradeNo(),
  time_expire: timestamp().optional(),
  attach: z.string().max(128).optional(),
  notify_url: notifyUrl(),
  goods_tag: text(32).optional(),
  support_fapiao: z.boolean().optional(),
  limit_pay: z.array(z.enum(['no_balance', 'no_credit', 'no_debit', 'balance_only'])).optional(),
  amount: z.strictObject({ total: fen(), currency: z.literal('CNY').optional() }),
  detail: z
    .strictObject({
      cost_price: z.int().min(0).optional(),
      invoice_id: text(32).optional(),
      goods_detail: z.array(goods).max(6000).optional(),
    })
    .optional(),
  settle_info: z.strictObject({ profit_sharing: z.boolean().optional() }).optional(),
}

export const orderBodies = {
  JSAPI: z.strictObject({
    ...base,
    payer: z.strictObject({ openid: text(128) }),
    scene_info: z.strictObject(scene).optional(),
  }),
  NATIVE: z.strictObject({ ...base, scene_info: z.strictObject(scene).optional() }),
  APP: z.strictObject({ ...base, scene_info: z.strictObject(scene).optional() }),
  MWEB: z.strictObject({ ...base, scene_info: z.strictObject({ ...scene, h5_info: h5Info }) }),
}
export type OrderBody = z.output<(typeof orderBodies)['NATIVE']> & { payer?: { openid: string } }

const globalGoods = z.strictObject({
  goods_id: text(32),
  wxpay_goods_id: text(32).optional(),
  goods_name: text(256).optional(),
  quantity: z.int().min(1),
  price: z.int().min(0),
})
const globalScene = {
  device_id: text(32).optional(),
  device_ip: text(45).optional(),
  payer_client_ip: text(45).optional(),
  operator_id: text(32).optional(),
  store_info: z.strictObject({ id: text(32).optional(), name: text(256), address: text(512) }).optional(),
}

const ownOrThroughInstitution = {
  mchid: text(32).optional(),
  appid: text(32).optional(),
  sp_mchid: text(32).optional(),
  sp_appid: text(32).optional(),
  sub_mchid: text(32).optional(),
  sub_appid: text(32).optional(),
}

/** `/v3/global/transactions/…`: a merchant of its own, or one behind an institution (`sp_…`, `sub_…`). */
export const globalOrderBody = z.strictObject({
  ...ownOrThroughInstitution,
  description: text(127),
  attach: z.string().max(127).optional(),
  notify_url: notifyUrl(),
  out_trade_no: outTradeNo(),
  goods_tag: text(32).optional(),
  trade_type: z.enum(['JSAPI', 'NATIVE', 'APP', 'MWEB']),
  limit_pay: text(32).optional(),
  time_start: timestamp().optional(),
  time_expire: timestamp().optional(),
  merchant_category_code: z.string().regex(/^\d{4}$/),
  payer: z
    .strictObject({ openid: text(128).optional(), sp_openid: text(128).optional(), sub_openid: text(128).optional() })
    .optional(),
  amount: z.strictObject({ total: fen(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  scene_info: z.strictObject(globalScene).optional(),
  detail: z
    .array(
      z.strictObject({
        cost_price: z.int().optional(),
        receipt_id: text(32).optional(),
        goods_detail: z.array(globalGoods).optional(),
      }),
    )
    .optional(),
})
export type GlobalOrderBody = z.output<typeof globalOrderBody>

export const merchantQuery = z.strictObject({ mchid: text(32) })
export const globalMerchantQuery = z.strictObject({
  mchid: text(32).optional(),
  sp_mchid: text(32).optional(),
  sub_mchid: text(32).optional(),
})
