import type { Tx } from '#platform/database.ts'
import { nameOf } from '#routing/rule.ts'
import { checkFee, feeOf, refusedFee } from './application-fee.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { checkTransfer, isShared, platformWord, refusedTransfer } from './transfer.ts'

/** Refuses a fee or a transfer that the payment does not allow, or that its account cannot take. */
export const requireFeeTaker = async (
  tx: Tx,
  { providers }: Pick<PaymentDeps, 'providers'>,
  row: Pick<IntentRow, 'merchant_id' | 'amount' | 'options' | 'provider' | 'provider_connection_id'>,
): Promise<void> => {
  if (!isShared(row)) return
  checkTransfer(row)
  checkFee(row)
  const { provider, provider_connection_id: connection } = row
  const account =
    connection === null
      ? { settings: undefined }
      : await tx
          .selectFrom('connections')
          .select('settings')
          .where('merchant_id', '=', row.merchant_id)
          .where('id', '=', connection)
          .executeTakeFirst()
  const capabilities = account && providers.capabilities(provider, account.settings)
  const word = platformWord(row)
  const told = `This payment goes to ${nameOf({ provider, connection })}.`
  if (word !== undefined && capabilities?.destinationCharges !== true) throw refusedTransfer(word, told)
  const isKept = capabilities?.applicationFees === true || row.options.transfer_data !== undefined
  if (feeOf(row.options) !== undefined && !isKept) throw refusedFee(told)
}
