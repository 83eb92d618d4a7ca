import { isChannelId } from '#channels/channel.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { FieldsAccess } from '#providers/fields.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { ChargeRow } from './charge-view.ts'
import { isChatMoney } from './chat-money.ts'
import { findPlatform, type WayToPay, wayToPay } from './chat-money-service.ts'
import { isFor } from './handover.ts'
import { checkCommand } from './intent-machine.ts'
import { accountOf, type IntentRow } from './intent-view.ts'
import { leavePage } from './leave-page-service.ts'
import { readCheckoutToken } from './link-service.ts'
import { type Keeping, pageKeeps, payWithKept, readKeeping } from './one-tap-service.ts'
import { isUsable, openRouted, type PageLinks } from './open-page-service.ts'
import { isOpenedByPayer } from './opener-service.ts'
import { findIntent, listCharges } from './repo.ts'
import { wayFor } from './surface-service.ts'
import { LookupFailed } from './sync-service.ts'
import { requireAllowed } from './veto-service.ts'

/** What the hosted pages show: the payment, its attempts, its refunds, who sells and where it was asked for. */
export interface PaymentPage {
  intent: IntentRow
  charges: ChargeRow[]
  refunds: { id: string; amount: bigint; status: string; created_at: Date; reason: string | null }[]
  merchant: {
    name: string
    settings: {
      accent?: string
      logo_url?: string
      support_email?: string
      support_url?: string
      support_phone?: string
      hosted_page?: string
    }
  }
  /** `connection`: the merchant's account there, as far as everybody may know it. */
  thread:
    | { channel: string; locale: string | null; connection?: { external_id: string; name: string } | undefined }
    | undefined
  /** Of what is kept for the payer; absent: nothing. */
  keeping?: Keeping
  /** Absent: to the provider. */
  way?: WayToPay
  /** payer: the chat platform has proven that the payer opened it; unknown: it might say who did; absent: it cannot. */
  opener?: 'payer' | 'unknown' | undefined
}

export const createPageService = (deps: PaymentDeps) => ({
  /** The payment that a link's token opens, or undefined when it is none of ours. `pass`: of `identifyOpener`. */
  readPage: async (token: string, pass?: string): Promise<PaymentPage | undefined> => {
    const linked = readCheckoutToken(deps.secrets, token)
    if (!linked) return undefined
    const { merchant_id: merchantId } = linked
    return inTransaction(deps.db, merchantId, async (tx) => {
      const intent = await findIntent(tx, merchantId, linked.id)
      if (!intent) return undefined
      const merchant = await tx
        .selectFrom('merchants')
        .select(['name', 'settings'])
        .where('merchant_id', '=', merchantId)
        .executeTakeFirstOrThrow()
      const thread = intent.thread_id === null ? undefined : await readPlace(tx, merchantId, intent.thread_id)
      const refunds = await tx
        .selectFrom('refunds')
        .select(['id', 'amount', 'status', 'created_at', 'reason'])
        .where('merchant_id', '=', merchantId)
        .where('payment_intent_id', '=', intent.id)
        .orderBy('id')
        .execute()
      const charges = await listCharges(tx, merchantId, intent.id)
      return { intent, charges, refunds, merchant, thread, ...(await readOffers(tx, deps, intent, thread, pass)) }
    })
  },

  /**
   * Opens the provider's page for this payment if need be: its URL, or undefined where the payer is handed over otherwise
   * (`page_handover`). A payer who taps twice gets the same page: one that is open and fits where they are is used again,
   * and only one can be opened at a time (`lock_timeout` tells the second tap to wait).
   */
  openPage: async (row: IntentRow, links: PageLinks): Promise<string | undefined> => {
    const scope = { merchantId: row.merchant_id, intentId: row.id, requestId: newUuid() }
    const fresh =
      (await inTransaction(deps.db, row.merchant_id, (tx) => findIntent(tx, row.merchant_id, row.id))) ?? row
    const { consent } = links
    const isOpen = isUsable(fresh, deps.clock.now()) && isFor(fresh, (await wayFor(deps, fresh, links)).wanted)
    if (isOpen && pageKeeps(fresh) === (consent !== undefined)) return plainUrl(fresh)
    if (fresh.page_ref !== null) await leavePage(deps, scope, fresh.page_ref)
    if (checkCommand(fresh.status, 'page').ok) await requireAllowed(deps, fresh, scope.requestId)
    const saved = await openRouted(deps, fresh, links)
    if (saved.page_url === null && saved.page_handover === null) throw new AppError('provider_error')
    return plainUrl(saved)
  },

  /**
   * What the provider's script needs to show its fields for the page that is open; undefined: it is open no more, or this
   * account shows none. Throws `LookupFailed` when the provider cannot be asked.
   */
  readFields: async (row: IntentRow): Promise<FieldsAccess | undefined> => {
    const { fields } = await deps.providers.open(accountOf(row))
    const found = row.page_ref === null ? undefined : await fields?.access({ pageRef: row.page_ref })
    if (found && found.outcome !== 'ok') throw new LookupFailed('the fields cannot be read')
    return found?.value
  },

  payWithKept: (row: IntentRow, tap: Parameters<typeof payWithKept>[2]): Promise<IntentRow> =>
    payWithKept(deps, row, tap),
})

/** How it can be paid, and with what: by whoever opens the link, or by the payer whom the platform has named. */
const readOffers = async (
  tx: Tx,
  deps: PaymentDeps,
  intent: IntentRow,
  thread: PaymentPage['thread'],
  pass: string | undefined,
): Promise<Pick<PaymentPage, 'keeping' | 'way' | 'opener'>> => {
  const platform = await findPlatform(tx, deps.channels, intent)
  const isPayer = isOpenedByPayer(deps.secrets, intent, pass, deps.clock.now())
  const channel = platform && thread && isChannelId(thread.channel) ? deps.channels?.[thread.channel] : undefined
  const way = wayToPay(intent, platform)
  const opener = isPayer ? 'payer' : channel?.identify && 'unknown'
  if (isChatMoney(intent.currency)) return { way, opener }
  const keeping = await readKeeping(tx, deps, intent, { isPayer, mustProve: platform?.knowsOpener === true })
  // What is paid at the platform is kept nowhere.
  return { way, opener, keeping: way === 'invoice' ? { ...keeping, saving: undefined } : keeping }
}

/** Where it was asked for. A thread without a connection of its own goes by the only one of its channel. */
const readPlace = async (tx: Tx, merchantId: string, threadId: string): Promise<PaymentPage['thread']> => {
  const thread = await tx
    .selectFrom('threads')
    .select(['channel', 'locale', 'connection_id'])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', threadId)
    .executeTakeFirst()
  if (!thread) return undefined
  const { channel, locale, connection_id: id } = thread
  if (!isChannelId(channel)) return { channel, locale }
  const connections = await tx
    .selectFrom('connections')
    .select(['external_id', 'name'])
    .where('merchant_id', '=', merchantId)
    .where('channel', '=', channel)
    .where('deleted_at', 'is', null)
    .$if(id !== null, (query) => query.where('id', '=', id))
    .limit(2)
    .execute()
  return { channel, locale, connection: connections.length === 1 ? connections[0] : undefined }
}

/** A browser can be sent there without more ado. */
const plainUrl = ({ page_url, page_handover }: IntentRow): string | undefined =>
  page_handover === null ? (page_url ?? undefined) : undefined
