import { sql } from 'kysely'
import { findMethod } from '#customers/method-repo.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { accountsOf } from '#routing/accounts.ts'
import {
  type Choice,
  type Decision,
  decide,
  type KnownAccount,
  nameOf,
  type RouteFacts,
  refusalOf,
} from '#routing/rule.ts'
import { feeOf, refusedFee } from './application-fee.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { hasInFlight } from './operation-repo.ts'
import { type Place, readPlace } from './place-service.ts'
import { lockIntent, updateIntent } from './repo.ts'
import { factsOf, type Routed, routeAnew, routeBy, routeOf, routeOfChatMoney, routeOnward, shippedTo } from './route.ts'
import { platformWord, refusedTransfer } from './transfer.ts'

type RouteDeps = Pick<PaymentDeps, 'providers' | 'clock'>
type Terms = Pick<IntentRow, 'amount' | 'currency' | 'capture_method' | 'customer_id' | 'options'>

/** Who takes a new payment. Throws `provider_account_unavailable`, which says what is missing. */
export const routeNew = (
  { providers, clock }: RouteDeps,
  place: Place,
  row: Omit<Terms, 'customer_id'> & Pick<IntentRow, 'livemode'>,
): Routed => {
  const facts = factsOf(row, place)
  const accounts = accountsOf(providers, place.connections)
  const decision = routeOfChatMoney(facts) ?? decide(place.routing, facts, accounts)
  if (!decision.ok) throw refusedRoute(decision, facts, accounts, row)
  return routeBy(decision, facts, clock.now())
}

/** Too little or too much is the client's to change, whoever might take another amount; all else somebody must connect. */
const refusedRoute = (
  { passed, message }: Extract<Decision, { ok: false }>,
  facts: RouteFacts,
  accounts: readonly KnownAccount[],
  row: Pick<IntentRow, 'options'>,
): AppError => {
  const limits = accounts.flatMap((account) => {
    const { provider, connection, capabilities } = account
    const limit = capabilities.amountLimits?.(facts.currency)
    const wasPassed = passed.some((one) => one.provider === provider && one.connection === connection)
    const other = { ...account, capabilities: { ...capabilities, amountLimits: () => undefined } }
    return wasPassed && limit && refusalOf(other, facts) === undefined ? [{ ...limit, name: nameOf(account) }] : []
  })
  const lowest = limits.toSorted((a, b) => (a.min < b.min ? -1 : 1))[0]
  const highest = limits.toSorted((a, b) => (a.max > b.max ? -1 : 1))[0]
  const amount = `${facts.amount} ${facts.currency}`
  if (lowest && facts.amount < lowest.min) {
    const told = `The amount (${amount}) is too small: ${lowest.name} takes no less than ${lowest.min} ${facts.currency} (minor units).`
    return new AppError('amount_too_small', { message: told, param: 'amount' })
  }
  if (highest && facts.amount > highest.max) {
    const told = `The amount (${amount}) is too large: ${highest.name} takes no more than ${highest.max} ${facts.currency} (minor units).`
    return new AppError('amount_too_large', { message: told, param: 'amount' })
  }
  const free = { ...facts, hasApplicationFee: false, hasDestination: false }
  if (accounts.some((account) => refusalOf(account, free) === undefined)) {
    if (facts.hasDestination === true) throw refusedTransfer(platformWord(row) ?? 'transfer_data', message)
    if (facts.hasApplicationFee === true) throw refusedFee(message)
  }
  return new AppError('provider_account_unavailable', { message })
}

/** The same for a payment that is written in a transaction of the caller's. */
export const routeIn = async (
  tx: Tx,
  deps: RouteDeps,
  row: Terms & Pick<IntentRow, 'merchant_id' | 'thread_id' | 'livemode'>,
): Promise<Routed> => {
  const key = { merchantId: row.merchant_id, threadId: row.thread_id, customerId: row.customer_id }
  return routeNew(deps, await readPlace(tx, deps, key), row)
}

/**
 * Decides anew for a locked payment that gets these terms, while nothing of it is at a provider; nothing to change
 * otherwise, or when nothing changes that rules look at.
 */
export const reroute = async (
  tx: Tx,
  deps: RouteDeps,
  row: IntentRow,
  change: Partial<Terms>,
): Promise<Partial<Routed>> => {
  const next = { ...row, ...change }
  const isSame =
    next.amount === row.amount &&
    next.currency === row.currency &&
    next.capture_method === row.capture_method &&
    next.customer_id === row.customer_id &&
    shippedTo(next) === shippedTo(row) &&
    feeOf(next.options) === feeOf(row.options) &&
    platformWord(next) === platformWord(row)
  return isSame || !(await isNowhere(tx, row)) ? {} : routeIn(tx, deps, next)
}

/** No payment, page or call at any account, as far as can be known. Needs the payment's lock. */
export const isNowhere = async (tx: Tx, row: IntentRow): Promise<boolean> =>
  row.provider_ref === null && row.page_ref === null && !(await hasInFlight(tx, row.merchant_id, row.id))

/**
 * A method can be charged through the account that keeps it only: a payment that is nowhere yet goes there, if that
 * account takes it. Whose method it is, is for `resolveMethod` to say.
 */
export const routeByMethod = async (
  tx: Tx,
  deps: RouteDeps,
  row: IntentRow,
  method: string,
): Promise<Partial<Routed>> => {
  const id = parseId('paymentMethod', method)
  const kept = id === undefined ? undefined : await findMethod(tx, row.merchant_id, id)
  if (!kept) return {}
  const choice = { provider: kept.provider, connection: kept.provider_connection_id }
  const isHere = choice.provider === row.provider && choice.connection === row.provider_connection_id
  if (isHere || !(await isNowhere(tx, row))) return {}
  const key = { merchantId: row.merchant_id, threadId: row.thread_id, customerId: row.customer_id }
  const place = await readPlace(tx, deps, key)
  const facts = factsOf(row, place)
  const account = accountsOf(deps.providers, place.connections).find(
    ({ provider, connection }) => provider === choice.provider && connection === choice.connection,
  )
  const refusal = account ? refusalOf(account, facts) : `${nameOf(choice)} is not connected any more`
  if (refusal !== undefined) {
    const message = `The payment method cannot be used for this payment: ${refusal}. Use another one.`
    throw new AppError('payment_intent_incompatible_payment_method', { message, param: 'payment_method' })
  }
  const reason = `the payment method is kept by ${nameOf(choice)}`
  return routeBy({ ok: true, rule: 'method', reason, choices: [choice], passed: [] }, facts, deps.clock.now())
}

/** The accounts that could take a payment as it stands, whatever the rules say; once one has something of it, that one. */
export const findUsable = async (tx: Tx, deps: RouteDeps, row: IntentRow): Promise<Choice[]> => {
  if (row.provider_ref !== null) return [{ provider: row.provider, connection: row.provider_connection_id }]
  const key = { merchantId: row.merchant_id, threadId: row.thread_id, customerId: row.customer_id }
  const place = await readPlace(tx, deps, key)
  const facts = factsOf(row, place)
  return accountsOf(deps.providers, place.connections).filter((account) => refusalOf(account, facts) === undefined)
}

/** Where a payment goes back to when a chat platform did not take it: where its route has led, or leads now. */
export const routeHome = async (tx: Tx, deps: RouteDeps, row: IntentRow): Promise<Routed> => {
  const route = routeOf(row)
  const choice = route?.choices[route.chosen]
  if (!choice) return routeIn(tx, deps, row)
  return { provider: choice.provider, provider_connection_id: choice.connection, route: row.route }
}

/**
 * Sends a payment on to the next account of its route after one has refused for a reason of its own. Undefined when there is
 * none, or when anything of the payment may be anywhere: then nobody else is asked.
 */
export const moveOn = async (
  tx: Tx,
  deps: RouteDeps,
  refused: Pick<IntentRow, 'merchant_id' | 'id' | 'provider' | 'provider_connection_id'>,
  reason: string,
): Promise<IntentRow | undefined> => {
  const row = await lockIntent(tx, refused.merchant_id, refused.id)
  const route = row && routeOf(row)
  if (!row || !route) return undefined
  const isMoved = row.provider !== refused.provider || row.provider_connection_id !== refused.provider_connection_id
  // Another request was faster.
  const isBusy = isMoved || row.page_ref !== null || (await hasInFlight(tx, row.merchant_id, row.id))
  if (isBusy) throw new AppError('lock_timeout', { retryAfter: 1 })
  if (row.provider_ref !== null || (await hasTried(tx, row))) return undefined
  const onward = routeOnward(route, reason)
  const saved = await updateIntent(tx, row, onward ?? routeAnew(route), deps.clock.now())
  return onward && saved
}

/** Why the account of a payment takes nothing new any more, since it was decided on; undefined: it does. */
export const findShut = async (tx: Tx, row: IntentRow): Promise<string | undefined> => {
  const { provider, provider_connection_id: connection } = row
  if (connection === null) return undefined
  const found = await tx
    .selectFrom('connections')
    .select('status')
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', connection)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (found?.status === 'active') return undefined
  return `${nameOf({ provider, connection })} is ${found?.status ?? 'not connected any more'}.`
}

/**
 * Whether any account has, or had, a payment for it: one that failed is none of ours to judge. A call that was sent again
 * and refused then may have had its effect the first time: a page that we know nothing of.
 */
const hasTried = async (tx: Tx, { merchant_id, id }: IntentRow): Promise<boolean> => {
  const charge = await tx
    .selectFrom('charges')
    .select('id')
    .where('merchant_id', '=', merchant_id)
    .where('payment_intent_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  if (charge) return true
  const tried = await tx
    .selectFrom('operations')
    .select('id')
    .where('merchant_id', '=', merchant_id)
    .where('payment_intent_id', '=', id)
    .where((where) =>
      where.or([
        where.and([
          where('kind', 'in', ['authorize', 'page']),
          where('state', '=', 'failed'),
          where('attempts', '>', 1),
        ]),
        where.and([
          where('kind', '=', 'authorize'),
          where.or([where('state', '<>', 'failed'), sql<boolean>`jsonb_exists(answer, 'ref')`]),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return tried !== undefined
}
