import { invalidRequest } from '../http/api-error.ts'
import { instantPayoutFee } from '../rules/fees.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { bookPayout } from './balance.ts'

export type PayoutRequest = {
  amount: number
  currency: string
  description: string | null
  metadata: Record<string, string>
  method: 'standard' | 'instant'
  statementDescriptor: string | null
  isAutomatic: boolean
}

export async function createPayout(work: Work, request: PayoutRequest): Promise<Row<'payout'>> {
  // One payout at a time: two of them must not spend the same balance.
  await work.exclusive(`select pg_advisory_xact_lock(hashtext('sandbox_stripe.balance'))`, [])
  const available = (await sumBalance(work)).find(({ currency }) => currency === request.currency)?.available ?? 0
  const fee = request.method === 'instant' ? instantPayoutFee(request.amount) : 0
  if (request.amount + fee > available) {
    throw invalidRequest(
      'You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You can use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).',
      { code: 'balance_insufficient' },
    )
  }
  const id = work.id('po')
  const payout = work.insert(
    'payout',
    {
      id,
      object: 'payout',
      amount: request.amount,
      application_fee: null,
      application_fee_amount: null,
      arrival_date: work.now + 86_400,
      automatic: request.isAutomatic,
      balance_transaction: null,
      created: work.now,
      currency: request.currency,
      description: request.description,
      destination: 'ba_sandbox',
      failure_balance_transaction: null,
      failure_code: null,
      failure_message: null,
      livemode: false,
      metadata: request.metadata,
      method: request.method,
      original_payout: null,
      payout_method: null,
      reconciliation_status: request.isAutomatic ? 'completed' : 'not_applicable',
      reversed_by: null,
      source_type: 'card',
      statement_descriptor: request.statementDescriptor,
      status: 'pending',
      trace_id: null,
      type: 'bank_account',
    },
    {},
  )
  payout.doc.balance_transaction = bookPayout(work, payout, 'payout')
  work.emit('payout.created', payout)
  work.schedule('payout.pay', id, work.sandbox.settings.asyncSettleMs)
  return payout
}

export async function payPayout(work: Work, payoutId: string): Promise<void> {
  const payout = await work.lock('payout', payoutId)
  if (payout.doc.status !== 'pending' && payout.doc.status !== 'in_transit') return
  payout.doc.status = 'paid'
  payout.doc.arrival_date = work.now
  payout.doc.trace_id = { status: 'supported', value: payout.id.slice(-12) }
  work.changed(payout)
  work.emit('payout.paid', payout)
}

export function cancelPayout(work: Work, payout: Row<'payout'>): void {
  if (payout.doc.status !== 'pending') {
    throw invalidRequest(
      `Payouts can only be canceled while they are pending. This payout has a status of ${payout.doc.status}.`,
    )
  }
  payout.doc.status = 'canceled'
  payout.doc.failure_balance_transaction = bookPayout(work, payout, 'payout_cancel')
  work.changed(payout)
  work.emit('payout.canceled', payout)
}

/** Handed to the bank. */
export async function sendPayout(work: Work, payoutId: string): Promise<Row<'payout'>> {
  const payout = await work.lock('payout', payoutId, 'payout')
  if (payout.doc.status !== 'pending')
    throw invalidRequest(`Payouts can only be sent while they are pending. This one is ${payout.doc.status}.`)
  payout.doc.status = 'in_transit'
  work.changed(payout)
  work.emit('payout.updated', payout, { status: 'pending' })
  return payout
}

/** Sent back by the bank, also some days after it was paid. The money is in the balance again, at once. */
export async function failPayout(work: Work, payoutId: string): Promise<Row<'payout'>> {
  const payout = await work.lock('payout', payoutId, 'payout')
  const previous = { status: payout.doc.status }
  if (previous.status === 'failed' || previous.status === 'canceled')
    throw invalidRequest(`The payout is ${previous.status}; it cannot fail.`)
  payout.doc.status = 'failed'
  payout.doc.failure_code = 'account_closed'
  payout.doc.failure_message = 'The bank account has been closed.'
  payout.doc.failure_balance_transaction = bookPayout(work, payout, 'payout_failure')
  work.changed(payout)
  work.emit('payout.failed', payout, previous)
  return payout
}

/** Per currency, what has become available and what is still on its way. */
export async function sumBalance(work: Work): Promise<{ currency: string; available: number; pending: number }[]> {
  const rows = await work.query<{ currency: string; available: string; pending: string }>(
    `select doc->>'currency' as currency,
            coalesce(sum((doc->>'net')::bigint) filter (where (doc->>'available_on')::bigint <= $1), 0) as available,
            coalesce(sum((doc->>'net')::bigint) filter (where (doc->>'available_on')::bigint > $1), 0) as pending
     from sandbox_stripe.object where kind = 'balance_transaction' and account = $2 group by 1 order by 1`,
    [work.now, work.account.id ?? ''],
  )
  return rows.map(({ currency, available, pending }) => ({
    currency,
    available: Number(available),
    pending: Number(pending),
  }))
}
