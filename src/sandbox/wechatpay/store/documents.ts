/** What the simulator stores, one type per kind. Times are milliseconds, money is minor units. */
export type Documents = {
  order: Order
  /** A `prepay_id` or the code of a `code_url`: leads to its order. */
  prepay: { id: string; order: string }
  refund: Refund
  flow: Flow
  complaint: Complaint
  transfer: Transfer
  image: Image
}

export type Kind = keyof Documents
export type Row<K extends Kind> = {
  kind: K
  id: string
  mchid: string
  wxid: string | null
  parent: string | null
  at_ms: number
  doc: Documents[K]
}
export type AnyRow = { [K in Kind]: Row<K> }[Kind]

export type TradeType = 'JSAPI' | 'NATIVE' | 'APP' | 'MWEB'
export type TradeState = 'NOTPAY' | 'USERPAYING' | 'PAYERROR' | 'SUCCESS' | 'REFUND' | 'CLOSED'

export type Order = {
  isGlobal: boolean
  tradeType: TradeType
  mchid: string
  appid: string
  outTradeNo: string
  /** Of the request, to know it again. */
  fingerprint: string
  /** Fields of a global order that are only given back. */
  echo: Record<string, string>
  description: string
  attach: string | null
  notifyUrl: string
  total: number
  currency: string
  /** Who alone may pay (JSAPI). */
  openid: string | null
  deviceId: string | null
  expiresMs: number
  prepay: { id: string; code: string; expiresMs: number }
  state: TradeState
  paid: Paid | null
}

export type Paid = {
  transactionId: string
  atMs: number
  openid: string
  bankType: string
  payerTotal: number
  payerCurrency: string
  /** Of the payer's currency per unit of the order's, × 10^8. */
  rate: number
  coupons: Coupon[]
  /** What the merchant gets before the fee. */
  settlement: number
  fee: number
  /** Units of 0.01 %. */
  feeRate: number
}

/** CASH: somebody else puts the money in, the merchant gets all. NOCASH: the merchant gets less. */
export type Coupon = { id: string; type: 'CASH' | 'NOCASH'; amount: number }

export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL'

export type Refund = {
  isGlobal: boolean
  refundId: string
  outRefundNo: string
  order: string
  outTradeNo: string
  transactionId: string
  fingerprint: string
  notifyUrl: string | null
  fundsAccount: string
  channel: 'ORIGINAL' | 'OTHER_BANKCARD'
  account: string
  amount: number
  total: number
  currency: string
  payerTotal: number
  payerRefund: number
  payerCurrency: string
  rate: number
  settlementRefund: number
  settlementTotal: number
  cashCouponRefund: number
  feeRefund: number
  coupons: { id: string; type: 'CASH' | 'NOCASH'; amount: number; refund: number }[]
  createdMs: number
  successMs: number | null
  status: RefundStatus
}

export type Flow = {
  /** WeChat Pay's number of what moved the money. */
  businessNo: string
  name: string
  type: string
  /** Signed. */
  amount: number
  memo: string
  /** The merchant's number of it. */
  voucher: string
}

export type Complaint = {
  id: string
  outTradeNo: string
  transactionId: string
  amount: number
  detail: string
  problemType: 'REFUND' | 'SERVICE_NOT_WORK' | 'OTHERS'
  state: 'PENDING' | 'PROCESSING' | 'PROCESSED'
  payerPhone: string
  openid: string
  isFullyRefunded: boolean
  isUserWaiting: boolean
  refundAsked: number
  times: number
  createdMs: number
  history: { id: string; operator: string; atMs: number; type: string; details: string; images: string[] }[]
}

/** What a merchant may show to who complained. */
export type Image = { id: string; filename: string; sha256: string; size: number }

export type TransferState =
  | 'ACCEPTED'
  | 'PROCESSING'
  | 'WAIT_USER_CONFIRM'
  | 'TRANSFERING'
  | 'SUCCESS'
  | 'FAIL'
  | 'CANCELING'
  | 'CANCELLED'

export type Transfer = {
  outBillNo: string
  transferBillNo: string
  appid: string
  openid: string
  userName: string | null
  sceneId: string
  amount: number
  remark: string
  notifyUrl: string | null
  fingerprint: string
  packageInfo: string
  state: TransferState
  failReason: string | null
  createdMs: number
  updatedMs: number
}
