import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { PaymentReference } from './repo.ts'

/**
 * What 2031 still holds of each payment that is a share of a bill; zero for others. Read it in the transaction that
 * posts, and under the lock of the payment, as `readRefundable`.
 */
export const readHeld = async (tx: Tx, payments: readonly PaymentReference[]): Promise<Map<string, bigint>> => {
  const { rows } = await sql<{ payment_intent_id: string; held: bigint }>`
    select t.payment_intent_id, -sum(e.amount)::bigint as held
    from unnest(
      ${payments.map((payment) => payment.merchantId)}::uuid[],
      ${payments.map((payment) => payment.paymentIntentId)}::uuid[],
      ${payments.map((payment) => payment.currency)}::text[]
    ) as w (merchant_id, payment_intent_id, currency)
    join ledger_transactions t on t.merchant_id = w.merchant_id and t.payment_intent_id = w.payment_intent_id
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id and e.currency = w.currency
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id and a.code = '2031'
    group by t.payment_intent_id
  `.execute(tx)
  return new Map(rows.map((row) => [row.payment_intent_id, row.held]))
}
