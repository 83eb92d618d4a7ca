import { postFee } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { StatementLine } from '#providers/statements.ts'
import type { PaymentDeps } from './apply-service.ts'
import { feesOf, keptFees } from './charge-facts.ts'
import { showCharge } from './charge-view.ts'
import { findChargeByRef, lockIntent } from './repo.ts'

/**
 * Books the fee that a line of a statement names, with its charge, its ledger entry and its event in one transaction.
 * Once: under the payment's lock the charge says which fees it has, and the ledger keeps one transaction per fee.
 * Answers whether it was news.
 */
export const bookStatedFee = (
  deps: Pick<PaymentDeps, 'db' | 'clock'>,
  merchantId: string,
  intentId: string,
  line: StatementLine,
): Promise<boolean> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await lockIntent(tx, merchantId, intentId)
    const charge = intent && (await findChargeByRef(tx, merchantId, intent.provider, line.chargeRef))
    if (!charge || line.fee === 0n) return false
    if (feesOf(charge).some(({ ref }) => ref === line.balanceRef)) return false
    const now = deps.clock.now()
    const fee = { ref: line.balanceRef, amount: line.fee, currency: line.settlementCurrency, availableOn: line.at }
    const saved = await tx
      .updateTable('charges')
      .set({ fee: JSON.stringify(keptFees(charge, { fee })) })
      .where('merchant_id', '=', merchantId)
      .where('id', '=', charge.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    const posting = postFee({
      currency: line.settlementCurrency,
      // Heard of a day later, when the day may be closed: as every fee that comes late.
      effectiveAt: now,
      valueAt: line.at,
      balanceRef: line.balanceRef,
      amount: line.fee,
      refs: { provider: intent.provider, object: line.chargeRef },
    })
    const links = { merchantId, paymentIntentId: intent.id, refundId: null, threadId: intent.thread_id }
    await postLedger(tx, posting ? [{ ...links, posting }] : [], now)
    await appendEvents(tx, [
      {
        merchantId,
        type: 'charge.updated',
        objectId: charge.id,
        threadId: intent.thread_id,
        paymentIntentId: intent.id,
        object: showCharge(saved, intent),
        livemode: intent.livemode,
        createdAt: now,
      },
    ])
    return true
  })
