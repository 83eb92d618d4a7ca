import { listAttached } from '#customers/method-repo.ts'
import type { Consent } from '#customers/method-schemas.ts'
import { isExpired } from '#customers/method-view.ts'
import { findCustomer } from '#customers/repo.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { type Choice, isSameChoice } from '#routing/rule.ts'
import type { PaymentDeps } from './apply-service.ts'
import { confirmIntent } from './command-service.ts'
import type { IntentRow } from './intent-view.ts'
import { keepsByApi } from './payer-service.ts'
import { findUsable } from './route-service.ts'

/** A method that the payer can pay with again, in words: "Visa ···· 4242". */
export interface KeptMethod {
  id: string
  method: Record<string, unknown>
}

/** What the page offers the payer of what is kept for them. */
export interface Keeping {
  methods: KeptMethod[]
  /** `offered`: the payer may agree to have the method kept; `always`: the shop keeps it, with their consent. */
  saving: 'offered' | 'always' | undefined
}

const nothingKept: Keeping = { methods: [], saving: undefined }

/**
 * For a customer only, what is kept by the accounts that can take this payment: for the payer whom the platform has proven, else for whoever
 * opens the link, unless the platform could prove who that is (`mustProve`) or several people of a thread open one link.
 */
export const readKeeping = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  { isPayer, mustProve }: { isPayer: boolean; mustProve: boolean },
): Promise<Keeping> => {
  const { merchant_id: merchantId, customer_id: customerId } = row
  if (customerId === null) return nothingKept
  const customer = await findCustomer(tx, merchantId, customerId)
  if (!customer || customer.deleted_at) return nothingKept
  if (!isPayer && (mustProve || (await isForMany(tx, row)))) return nothingKept
  const attached = await listAttached(tx, merchantId, customerId)
  const accounts = attached.length === 0 ? [] : await findUsable(tx, deps, row)
  const usable = attached.filter((one) => isKeptBy(one, accounts) && !isExpired(one, deps.clock.now()))
  const byLook = new Map(usable.toReversed().map((one) => [JSON.stringify(one.method), one]))
  return {
    methods: [...byLook.values()]
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .map(({ id, method }) => ({ id: showId('paymentMethod', id), method: method ?? {} })),
    saving: savingOf(deps, row),
  }
}

const savingOf = (deps: PaymentDeps, row: IntentRow): Keeping['saving'] => {
  if (!deps.providers.capabilities(row.provider).savedMethods) return undefined
  return keepsByApi(row.options) ? 'always' : 'offered'
}

/** In a thread of several payers, whoever taps first would pay with somebody else's card. */
const isForMany = async (tx: Tx, { merchant_id, thread_id }: IntentRow): Promise<boolean> => {
  if (thread_id === null) return false
  const payers = await tx
    .selectFrom('participants')
    .select('id')
    .where('merchant_id', '=', merchant_id)
    .where('thread_id', '=', thread_id)
    .where('role', '=', 'payer')
    .limit(2)
    .execute()
  return payers.length > 1
}

/**
 * One tap: the payment is confirmed with a method that is kept, by the same way as the API's, with the payer present.
 * Throws `lock_timeout` when the amount is not the one that they saw, or another tap is under way.
 */
export const payWithKept = (
  deps: PaymentDeps,
  row: IntentRow,
  tap: { method: string; amount: bigint; returnUrl: string },
): Promise<IntentRow> => {
  const scope = { merchantId: row.merchant_id, intentId: row.id, requestId: newUuid() }
  return confirmIntent(deps, scope, { payment_method: tap.method }, tap)
}

/** The payer's consent as it is kept with the payment until that is paid. */
export const withConsent = (options: IntentRow['options'], consent: Consent | undefined): IntentRow['options'] => {
  const { consent: _, ...rest } = options
  return consent === undefined ? rest : { ...rest, consent }
}

/** Whether the provider's page that is open for this payment keeps the method. */
export const pageKeeps = ({ options }: IntentRow): boolean => options.consent !== undefined

/** A method can be charged through the account that keeps it only. */
const isKeptBy = (
  kept: { provider: string; provider_connection_id: string | null },
  accounts: readonly Choice[],
): boolean =>
  accounts.some((one) => isSameChoice(one, { provider: kept.provider, connection: kept.provider_connection_id }))
