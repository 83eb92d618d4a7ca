import { findMethod, listAttached, type MethodRow } from '#customers/method-repo.ts'
import type { MethodsLink } from '#customers/method-schemas.ts'
import { createMethodService } from '#customers/method-service.ts'
import { findCustomer, requireCustomer } from '#customers/repo.ts'
import { addMs, unixSeconds } from '#kernel/clock.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { SetupDeps } from './apply-service.ts'
import { makeMethodsToken, readMethodsToken } from './methods-link-service.ts'
import { findSetup, type SetupRow } from './repo.ts'

/** What a payer sees of what is kept for them at one merchant. */
export interface MethodsPage {
  merchant: { name: string; settings: { accent?: string; logo_url?: string } }
  methods: MethodRow[]
  /** Where the link asks for a method to be kept. */
  setup: SetupRow | undefined
  livemode: boolean
}

export type MethodsPageService = ReturnType<typeof createMethodsPageService>

/** The payer's own page: their kept methods at one merchant, opened by a link that is signed and ends. */
export const createMethodsPageService = (deps: SetupDeps) => ({
  /** A link for the chat of this customer. Whoever has it sees and removes their methods: send it to nobody else. */
  link: (merchantId: string, id: string, expiresIn: number): Promise<MethodsLink> =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const customer = await requireCustomer(tx, merchantId, requireUuid('customer', id, 'customer'), 'id')
      const expiresAt = addMs(deps.clock.now(), expiresIn * 1000)
      const token = makeMethodsToken(deps.secrets, { merchantId, customerId: customer.id, expiresAt })
      return {
        object: 'customer.methods_link',
        customer: showId('customer', customer.id),
        expires_at: unixSeconds(expiresAt),
        url: `${deps.publicUrl}/methods/${token}`,
      }
    }),

  /** Undefined for a link that is none of ours, or over, or whose customer was erased. */
  read: async (token: string): Promise<MethodsPage | undefined> => {
    const place = readMethodsToken(deps.secrets, token, deps.clock.now())
    if (!place) return undefined
    const { merchantId, customerId, setupIntentId } = place
    return inTransaction(deps.db, merchantId, async (tx) => {
      const customer = await findCustomer(tx, merchantId, customerId)
      if (!customer || customer.deleted_at) return undefined
      const merchant = await tx
        .selectFrom('merchants')
        .select(['name', 'settings'])
        .where('merchant_id', '=', merchantId)
        .executeTakeFirstOrThrow()
      const methods = await listAttached(tx, merchantId, customerId)
      const setup = setupIntentId === undefined ? undefined : await findSetup(tx, merchantId, setupIntentId)
      return { merchant, methods, setup, livemode: customer.livemode }
    })
  },

  /** Takes a method of this page's customer out of use; what is none of theirs, or is out already, is left alone. */
  remove: async (token: string, id: string): Promise<void> => {
    const place = readMethodsToken(deps.secrets, token, deps.clock.now())
    if (!place) return
    const { merchantId, customerId } = place
    const uuid = parseId('paymentMethod', id)
    const row = uuid && (await inTransaction(deps.db, merchantId, (tx) => findMethod(tx, merchantId, uuid)))
    if (!row || row.customer_id !== customerId || row.detached_at !== null) return
    await createMethodService(deps).detach(merchantId, id)
  },
})
