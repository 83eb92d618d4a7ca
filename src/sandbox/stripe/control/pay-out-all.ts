import { createPayout } from '../flows/payout.ts'
import { invalidRequest } from '../http/api-error.ts'
import { checkCurrency } from '../rules/currencies.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'
import { withWork } from '../store/work.ts'

/**
 * Stripe's automatic payout, which real accounts get by the calendar: everything available in a currency leaves, and
 * each balance transaction remembers the payout that took it, so `balance_transactions?payout=` can list them.
 */
export async function payOutAll(sandbox: Sandbox, currency: string): Promise<object> {
  const code = checkCurrency(currency)
  return withWork(sandbox, { requestId: null, idempotencyKey: null }, async (work) => {
    await work.exclusive(`select pg_advisory_xact_lock(hashtext('sandbox_stripe.balance'))`, [])
    const rows = await work.query<Row<'balance_transaction'>>(
      `select kind, id, doc, hidden from sandbox_stripe.object
       where kind = 'balance_transaction' and account = '' and doc->>'currency' = $1 and hidden->>'payout' is null
         and (doc->>'available_on')::bigint <= $2
       order by seq for update`,
      [code, work.now],
    )
    const amount = rows.reduce((sum, { doc }) => sum + doc.net, 0)
    if (amount <= 0)
      throw invalidRequest('There is nothing to pay out in this currency.', { code: 'balance_insufficient' })
    const payout = await createPayout(work, {
      amount,
      currency: code,
      description: 'STRIPE PAYOUT',
      metadata: {},
      method: 'standard',
      statementDescriptor: null,
      isAutomatic: true,
    })
    // Stripe lists the payout's own transaction among them.
    const own = await work.get('balance_transaction', payout.doc.balance_transaction ?? '')
    for (const row of [...rows, own]) {
      row.hidden.payout = payout.id
      row.doc.status = 'available'
      work.changed(row)
    }
    return payout.doc
  })
}
