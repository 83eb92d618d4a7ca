import type { WechatpayAccount } from './account.ts'

/** Where the two products keep what. Every path comes with its query, encoded. */
export const pathsOf = (account: Pick<WechatpayAccount, 'region' | 'mchid' | 'subMchid'>) => {
  const isGlobal = account.region === 'global'
  const orders = isGlobal ? '/v3/global/transactions' : '/v3/pay/transactions'
  const refunds = isGlobal ? '/v3/global/refunds' : '/v3/refund/domestic/refunds'
  const owner = `?${new URLSearchParams(isGlobal ? ownerOf(account) : { mchid: account.mchid })}`
  const part = encodeURIComponent
  return {
    certificates: isGlobal ? '/v3/global/certificates' : '/v3/certificates',
    open: (way: 'jsapi' | 'native' | 'h5' | 'app') => `${orders}/${isGlobal && way === 'h5' ? 'mweb' : way}`,
    order: (outTradeNo: string) => `${orders}/out-trade-no/${part(outTradeNo)}${owner}`,
    transaction: (id: string) => `${orders}/id/${part(id)}${owner}`,
    close: (outTradeNo: string) => `${orders}/out-trade-no/${part(outTradeNo)}/close`,
    /** Overseas only; a day is written 20180103 there. */
    statement: (day: string) => `/v3/global/statements${owner}&date=${day.replaceAll('-', '')}`,
    refunds,
    refund: (outRefundNo: string) =>
      isGlobal ? `${refunds}/out-refund-no/${part(outRefundNo)}${owner}` : `${refunds}/${part(outRefundNo)}`,
  }
}

/** Who asks, overseas: the merchant itself, or the institution before it. */
export const ownerOf = ({ mchid, subMchid }: Pick<WechatpayAccount, 'mchid' | 'subMchid'>) =>
  subMchid === undefined ? { mchid } : { sp_mchid: mchid, sub_mchid: subMchid }
