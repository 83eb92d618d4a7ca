import { invalidRequest } from '../http/api-error.ts'
import type { Sandbox } from '../sandbox.ts'
import { withWork } from '../store/work.ts'

const NOBODY = { requestId: null, idempotencyKey: null }

/** The network replaces a card that expired or was lost: the payment method stays, what is printed on the card does not. */
export async function replaceCard(sandbox: Sandbox, id: string, body: Record<string, unknown>): Promise<object> {
  const { last4, exp_month: month, exp_year: year } = body
  return withWork(sandbox, NOBODY, async (work) => {
    const method = await work.lock('payment_method', id)
    const { card } = method.doc
    if (!card) throw invalidRequest('Only a card can be replaced.', { param: 'id' })
    const previous = { last4: card.last4, exp_month: card.exp_month, exp_year: card.exp_year }
    if (typeof last4 === 'string') card.last4 = last4
    if (typeof month === 'number') card.exp_month = month
    if (typeof year === 'number') card.exp_year = year
    work.changed(method)
    work.emit('payment_method.automatically_updated', method, { card: previous })
    return method.doc
  })
}
