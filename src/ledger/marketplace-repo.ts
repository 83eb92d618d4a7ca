import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { PaymentReference } from './repo.ts'

/** What was given back of a payment that was sold for somebody: `borne` by seller and platform, `owed` after a failure. */
export interface GivenBack {
  readonly borne: bigint
  readonly owed: bigint
}

/**
 * For `sellerPart` and the next refund: what refunds and lost disputes have come to so far. Read it under the lock of
 * the payment, as `readRefundable`.
 */
export const readGivenBack = async (
  tx: Tx,
  { merchantId, paymentIntentId, currency }: PaymentReference,
): Promise<GivenBack> => {
  const { rows } = await sql<GivenBack>`
    select
      coalesce(sum(e.amount) filter (where t.kind = 'refund' and a.code in ('1210', '4096')), 0)::bigint
        + coalesce(sum(e.amount) filter (where t.kind = 'dispute_lost' and a.code in ('1210', '5050')), 0)::bigint as borne,
      coalesce(-sum(e.amount) filter (where a.code = '2040'), 0)::bigint as owed
    from ledger_transactions t
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id and e.currency = ${currency}
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where t.merchant_id = ${merchantId} and t.payment_intent_id = ${paymentIntentId}
  `.execute(tx)
  return rows[0] ?? { borne: 0n, owed: 0n }
}
