import type { Sandbox } from '../sandbox.ts'

type Rows = Record<string, unknown>[]

/** The oracle: what truly happened here, computed from what is stored, to hold someone else's books against. */
export async function readBook({ pool, merchants }: Sandbox): Promise<object> {
  const read = async (sql: string): Promise<Rows> => (await pool.query<Record<string, unknown>>(sql)).rows
  const [orders, refunds, transfers, effects, accounts, notifications, probes] = await Promise.all(
    [ORDERS, REFUNDS, TRANSFERS, EFFECTS, ACCOUNTS, NOTIFICATIONS, PROBES].map(read),
  )
  const flows = new Map(accounts?.map(({ mchid, moved }) => [mchid, Number(moved)]))
  return {
    orders,
    refunds,
    transfers,
    effects,
    merchants: merchants.all().map(({ mchid, openingBalance }) => ({
      mchid,
      balance: openingBalance + (flows.get(mchid) ?? 0),
    })),
    notifications,
    probes: probes?.[0],
  }
}

const ORDERS = `
with refund as (
  select parent as id,
         sum((doc->>'amount')::bigint) filter (where doc->>'status' in ('SUCCESS', 'PROCESSING', 'ABNORMAL')) as refunded,
         sum((doc->>'feeRefund')::bigint) filter (where doc->>'status' <> 'CLOSED') as fee_refunded,
         count(*) filter (where doc->>'status' <> 'CLOSED') as refunds
  from sandbox_wechatpay.object where kind = 'refund' group by 1
)
select o.mchid, o.doc->>'outTradeNo' as out_trade_no, o.doc->>'state' as state, o.doc->>'tradeType' as trade_type,
       (o.doc->>'total')::float8 as total, o.doc->>'currency' as currency, o.doc->'paid'->>'transactionId' as transaction_id,
       (o.doc->'paid'->>'payerTotal')::float8 as payer_total, o.doc->'paid'->>'payerCurrency' as payer_currency,
       (o.doc->'paid'->>'settlement')::float8 as settlement,
       coalesce((o.doc->'paid'->>'fee')::float8 - coalesce(fee_refunded, 0), 0)::float8 as fee,
       coalesce(refunded, 0)::float8 as refunded, coalesce(refunds, 0)::int as refunds
from sandbox_wechatpay.object o left join refund using (id) where o.kind = 'order' order by o.seq
`

const REFUNDS = `
select mchid, doc->>'outRefundNo' as out_refund_no, doc->>'outTradeNo' as out_trade_no, doc->>'refundId' as refund_id,
       doc->>'status' as status, (doc->>'amount')::float8 as amount, (doc->>'payerRefund')::float8 as payer_refund,
       (doc->>'feeRefund')::float8 as fee_refund
from sandbox_wechatpay.object where kind = 'refund' order by seq
`

const TRANSFERS = `
select mchid, doc->>'outBillNo' as out_bill_no, doc->>'state' as state, (doc->>'amount')::float8 as amount
from sandbox_wechatpay.object where kind = 'transfer' order by seq
`

/** An effect is money or a promise of it. More than one of a kind under one number would be a broken number. */
const EFFECTS = `
select mchid, subject, effect, count(*)::int as count from sandbox_wechatpay.effect group by 1, 2, 3 order by min(id)
`

const ACCOUNTS = `
select mchid, sum((doc->>'amount')::bigint)::float8 as moved from sandbox_wechatpay.object where kind = 'flow' group by 1
`

const NOTIFICATIONS = `
select n.id, n.mchid, n.type, n.subject, n.url, coalesce(sum(d.attempts), 0)::int as attempts,
       count(*) filter (where d.state = 'delivered')::int as delivered,
       count(*) filter (where d.state = 'pending')::int as pending,
       count(*) filter (where d.state = 'failed')::int as failed
from sandbox_wechatpay.notification n
left join sandbox_wechatpay.delivery d on d.notification_id = n.id and not d.is_probe
group by n.id order by n.seq
`

const PROBES = `
select count(*) filter (where attempts > 0)::int as sent,
       count(*) filter (where last_status < 400)::int as answered_wrongly
from sandbox_wechatpay.delivery where is_probe
`
