import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { PaymentReference } from './repo.ts'
import type { CaptureParts } from './revenue.ts'

/** What the captures of a payment were booked as, by part. Read it under the lock of the payment, as `readRefundable`. */
export const readCaptured = async (
  tx: Tx,
  { merchantId, paymentIntentId, currency }: PaymentReference,
): Promise<CaptureParts> => {
  const { rows } = await sql<CaptureParts>`
    select coalesce(-sum(e.amount) filter (where a.code = '4010'), 0)::bigint as goods,
      coalesce(-sum(e.amount) filter (where a.code = '4020'), 0)::bigint as shipping,
      coalesce(-sum(e.amount) filter (where a.code = '2310'), 0)::bigint as tax,
      coalesce(-sum(e.amount) filter (where a.code = '2060'), 0)::bigint as tip
    from ledger_transactions t
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id and e.currency = ${currency}
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where t.merchant_id = ${merchantId} and t.payment_intent_id = ${paymentIntentId} and t.kind = 'capture'
  `.execute(tx)
  const nothing = { goods: 0n, shipping: 0n, tax: 0n, tip: 0n }
  return rows[0] ?? nothing
}
