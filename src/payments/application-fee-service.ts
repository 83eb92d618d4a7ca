import type { Tx } from '#platform/database.ts'
import { nameOf } from '#routing/rule.ts'
import { checkFee, feeOf, refusedFee } from './application-fee.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'

/** Refuses an application fee that is above the payment, or that the account of the payment cannot take. */
export const requireFeeTaker = async (
  tx: Tx,
  { providers }: Pick<PaymentDeps, 'providers'>,
  row: Pick<IntentRow, 'merchant_id' | 'amount' | 'options' | 'provider' | 'provider_connection_id'>,
): Promise<void> => {
  if (feeOf(row.options) === undefined) return
  checkFee(row)
  const { provider, provider_connection_id: connection } = row
  const account =
    connection === null
      ? undefined
      : await tx
          .selectFrom('connections')
          .select('settings')
          .where('merchant_id', '=', row.merchant_id)
          .where('id', '=', connection)
          .executeTakeFirst()
  if (account && providers.capabilities(provider, account.settings).applicationFees === true) return
  throw refusedFee(`This payment goes to ${nameOf({ provider, connection })}.`)
}
