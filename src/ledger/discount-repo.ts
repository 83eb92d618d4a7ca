import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { Discounted } from './discount-rules.ts'
import type { PaymentReference } from './repo.ts'

/**
 * What of a payment's own discounts has not been given back, for `postDiscountReturned`. Read it in the transaction that
 * posts, and under the lock of the payment, as `readRefundable`. What was given back beyond a leg leaves nothing of it.
 */
export const readDiscounted = async (
  tx: Tx,
  { merchantId, paymentIntentId, currency }: PaymentReference,
): Promise<Discounted> => {
  const { rows } = await sql<Discounted>`
    select greatest(coalesce(sum(e.amount) filter (where a.code = '4090'), 0), 0)::bigint as sales,
      greatest(coalesce(sum(e.amount) filter (where a.code = '2310'), 0), 0)::bigint as tax
    from ledger_transactions t
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id and e.currency = ${currency}
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where t.merchant_id = ${merchantId} and t.payment_intent_id = ${paymentIntentId}
      and t.kind in ('discount', 'discount_refund')`.execute(tx)
  return rows[0] ?? { sales: 0n, tax: 0n }
}
