import type { Card } from '#channels/card.ts'
import type { InvoiceLink, OfferedCard } from '#channels/payments.ts'
import type { ConnectionService } from '#connections/service.ts'
import { newUuid } from '#kernel/ids.ts'
import type { NativePayments } from '#native/service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { findThread } from './repo.ts'

export interface PayLinkDeps extends CardDeps {
  db: Database
  connections: Pick<ConnectionService, 'openForThread'>
  native: Pick<NativePayments, 'link'>
}

export type PayLinks = ReturnType<typeof createPayLinks>

/** Invoices of a chat platform for payers who are on the hosted page. */
export const createPayLinks = (deps: PayLinkDeps) => ({
  /**
   * Where the platform takes this payment, on the same terms as a request in the thread; undefined when it cannot be paid
   * there as it stands. Throws `lock_timeout` when the payment has changed meanwhile.
   */
  open: async ({ merchant_id: merchantId, id, thread_id }: IntentRow): Promise<InvoiceLink | undefined> => {
    const thread =
      thread_id === null
        ? undefined
        : await inTransaction(deps.db, merchantId, (tx) => findThread(tx, merchantId, thread_id))
    const connection = thread && (await deps.connections.openForThread(merchantId, thread))
    if (!connection) return undefined
    const card = await inTransaction(deps.db, merchantId, async (tx) => {
      const source = { merchant_id: merchantId, id: newUuid(), payment_intent_id: id, bill_id: null, card: null }
      const voice = await readVoice(tx, thread)
      const read = await readCard(tx, deps, voice, { ...source, kind: 'payment_request' }, connection)
      return read?.card
    })
    return card && isOffered(card) ? deps.native.link(connection, card) : undefined
  },
})

const isOffered = (card: Card): card is OfferedCard => card.native !== undefined
