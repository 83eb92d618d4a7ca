import { chinaTime } from '../rules/times.ts'
import type { Refund, Row } from '../store/documents.ts'

/** A refund as the domestic API answers it. */
export function refundView(doc: Refund): object {
  return {
    refund_id: doc.refundId,
    out_refund_no: doc.outRefundNo,
    transaction_id: doc.transactionId,
    out_trade_no: doc.outTradeNo,
    channel: doc.channel,
    user_received_account: doc.account,
    ...successTime(doc),
    create_time: chinaTime(doc.createdMs),
    status: doc.status,
    funds_account: doc.fundsAccount,
    amount: {
      total: doc.total,
      refund: doc.amount,
      from: [],
      payer_total: doc.payerTotal,
      payer_refund: doc.payerRefund,
      settlement_refund: doc.settlementRefund,
      settlement_total: doc.settlementTotal,
      discount_refund: doc.amount - doc.payerRefund,
      currency: doc.currency,
      refund_fee: doc.feeRefund,
    },
    ...(doc.coupons.length > 0 && {
      promotion_detail: doc.coupons.map(({ id, type, amount, refund }) => ({
        promotion_id: id,
        scope: 'GLOBAL',
        type: type === 'CASH' ? 'COUPON' : 'DISCOUNT',
        amount,
        refund_amount: refund,
      })),
    }),
  }
}

/** The same refund, abroad, as it was accepted. */
export function globalRefundReceipt(doc: Refund): object {
  return {
    id: doc.refundId,
    out_refund_no: doc.outRefundNo,
    create_time: chinaTime(doc.createdMs),
    amount: amountAbroad(doc),
  }
}

export function globalRefundView(doc: Refund): object {
  return {
    id: doc.refundId,
    out_refund_no: doc.outRefundNo,
    transaction_id: doc.transactionId,
    out_trade_no: doc.outTradeNo,
    channel: doc.channel,
    recv_account: doc.account,
    fund_source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
    ...successTime(doc),
    create_time: chinaTime(doc.createdMs),
    status: doc.status === 'CLOSED' ? 'REFUNDCLOSE' : doc.status,
    amount: amountAbroad(doc),
  }
}

/** What a notification says of it. */
export function notificationView({ mchid, doc }: Row<'refund'>): object {
  return {
    mchid,
    transaction_id: doc.transactionId,
    out_trade_no: doc.outTradeNo,
    refund_id: doc.refundId,
    out_refund_no: doc.outRefundNo,
    refund_status: doc.status,
    ...successTime(doc),
    user_received_account: doc.account,
    amount: {
      total: doc.total,
      refund: doc.amount,
      payer_total: doc.payerTotal,
      payer_refund: doc.payerRefund,
      ...(doc.isGlobal && { currency: doc.currency, payer_currency: doc.payerCurrency }),
    },
  }
}

function amountAbroad(doc: Refund): object {
  return {
    refund: doc.amount,
    currency: doc.currency,
    payer_refund: doc.payerRefund,
    payer_currency: doc.payerCurrency,
    exchange_rate: { type: 'USERPAYMENT_RATE', rate: doc.rate },
  }
}

const successTime = ({ successMs }: Refund) => (successMs === null ? {} : { success_time: chinaTime(successMs) })
