import { cardByScenario } from '../rules/test-cards.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { receiveCharge } from './transfer.ts'

/** The balance transaction of a capture: at once, or (as after an asynchronous capture) some time later. */
export function bookCapture(work: Work, charge: Row<'charge'>, amount: number): void {
  const card = cardByScenario(charge.hidden.scenario)
  if (!card.isFeeLate) {
    charge.doc.balance_transaction = receiveCharge(work, charge, amount, card.isAvailableAtOnce)
    return
  }
  charge.hidden.unbooked = [...(charge.hidden.unbooked ?? []), amount]
  work.changed(charge)
  work.schedule('charge.book', charge.id, work.sandbox.settings.asyncSettleMs)
}

/** What was left out comes with `charge.updated`. */
export async function bookLate(work: Work, chargeId: string): Promise<void> {
  const { doc } = await work.get('charge', chargeId)
  if (doc.payment_intent) await work.lock('payment_intent', doc.payment_intent)
  const charge = await work.lock('charge', chargeId)
  const previous = { balance_transaction: charge.doc.balance_transaction }
  const { isAvailableAtOnce } = cardByScenario(charge.hidden.scenario)
  for (const amount of charge.hidden.unbooked ?? [])
    charge.doc.balance_transaction = receiveCharge(work, charge, amount, isAvailableAtOnce)
  if ((charge.hidden.unbooked ?? []).length === 0) return
  charge.hidden.unbooked = []
  work.changed(charge)
  work.emit('charge.updated', charge, previous)
}
