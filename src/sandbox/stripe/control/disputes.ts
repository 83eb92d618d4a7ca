import { closeDispute, type DisputeKind, disputeCharge, reopenDispute } from '../flows/dispute.ts'
import { invalidRequest } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import { withWork } from '../store/work.ts'

const NOBODY = { requestId: null, idempotencyKey: null }
const KINDS: readonly string[] = ['fraudulent', 'product_not_received', 'inquiry'] satisfies DisputeKind[]

/** A payer disputes a charge, all of it or `amount`. */
export async function openDisputeOf(sandbox: Sandbox, body: Record<string, unknown>): Promise<object> {
  const { charge: id, amount, kind = 'fraudulent' } = body
  if (typeof kind !== 'string' || !KINDS.includes(kind))
    throw invalidRequest(`Unknown kind of dispute: ${String(kind)}`)
  return withWork(sandbox, NOBODY, async (work) => {
    const { doc: found } = await work.get('charge', String(id))
    if (found.payment_intent) await work.lock('payment_intent', found.payment_intent)
    const charge = await work.lock('charge', String(id))
    const all = charge.doc.amount_captured
    return disputeCharge(work, charge, kind as DisputeKind, typeof amount === 'number' ? Math.min(amount, all) : all)
      .doc
  })
}

/** What the bank does: `win` and `lose` (for the merchant), or `reopen` what was won. */
export async function changeDispute(sandbox: Sandbox, id: string, what: string): Promise<object> {
  return withWork(sandbox, NOBODY, async (work) => {
    const dispute = await work.lock('dispute', id)
    if (what === 'reopen') await reopenDispute(work, dispute)
    else await closeDispute(work, dispute, what === 'win' ? 'won' : 'lost')
    return dispute.doc
  })
}
