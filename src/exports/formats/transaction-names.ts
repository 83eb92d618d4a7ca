import type { JournalTransaction } from '#exports/journal.ts'
import { showId } from '#kernel/ids.ts'

/** The provider's name of what was booked (charge, refund, dispute …): from the refs, else from the event's key. */
export const objectOf = ({ refs, eventKey }: JournalTransaction): string =>
  refs.object ?? eventKey.split(':', 1)[0] ?? eventKey

/** What a counterpart knows the entry by: the provider's balance transaction, its object, else our transaction. */
export const referenceOf = (transaction: JournalTransaction, charactersMax: number): string => {
  const names = [transaction.refs.balance_transaction, objectOf(transaction)]
  return (
    names.find((name) => name !== undefined && name !== '' && name.length <= charactersMax) ??
    showId('ledgerTransaction', transaction.id).slice(0, charactersMax)
  )
}

/** What both sides of a payment know it by: order, else payment, else the number in the journal. */
export const endToEndId = ({ refs, paymentIntentId, seq }: JournalTransaction, charactersMax: number): string => {
  if (refs.order !== undefined && refs.order.length <= charactersMax) return refs.order
  return paymentIntentId === null ? `J${seq}` : showId('paymentIntent', paymentIntentId)
}
