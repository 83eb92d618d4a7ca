import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import type { ProviderCapabilities } from '#providers/provider.ts'

/** What is known of a payment when it is decided who takes it. Currency in lower case, country in capitals. */
export interface RouteFacts {
  readonly channel: string | null
  readonly currency: Currency
  /** Where the payer is, as far as anybody has said. */
  readonly country: string | null
  /** Minor units. */
  readonly amount: bigint
  readonly capture: 'automatic' | 'manual'
  readonly livemode: boolean
  /** The deployment takes a part of it. */
  readonly hasApplicationFee?: boolean
  /** It is passed on to somebody for whom it is sold. */
  readonly hasDestination?: boolean
}

/** Every condition that is there must hold; within a list any one. Amounts in minor units, both ends included. */
export interface Conditions {
  readonly channels?: readonly string[] | undefined
  readonly currencies?: readonly string[] | undefined
  readonly countries?: readonly string[] | undefined
  readonly amount?: { readonly gte?: number | undefined; readonly lte?: number | undefined } | undefined
  readonly livemode?: boolean | undefined
}

/**
 * An account at a provider. `connection`: the UUID of the merchant's; null: the deployment's own; absent: of
 * those that the merchant connected there the first that can take the payment, else the deployment's own.
 */
export interface Use {
  readonly provider: string
  readonly connection?: string | null | undefined
}

export interface Rule {
  readonly name: string
  readonly when: Conditions
  /** The first is tried first, the next when it certainly took nothing. */
  readonly use: readonly Use[]
}

export interface Routing {
  readonly rules: readonly Rule[]
  /** What no rule takes. Empty: the built-in rules decide. */
  readonly default: readonly Use[]
}

/** An account that may be chosen: the merchant's (its connection's UUID), or the deployment's own (null). */
export interface KnownAccount {
  readonly provider: string
  readonly connection: string | null
  readonly status: 'active' | 'broken' | 'disabled'
  /** Undefined: takes whatever the deployment's keys take. */
  readonly livemode: boolean | undefined
  readonly capabilities: Pick<
    ProviderCapabilities,
    'currencies' | 'manualCapture' | 'amountLimits' | 'applicationFees' | 'destinationCharges'
  >
}

export interface Choice {
  readonly provider: string
  readonly connection: string | null
}

/** An account that was named and cannot take the payment. */
export interface Passed {
  readonly provider: string
  readonly connection: string | null
  readonly reason: string
}

export type Decision = {
  /** The rule's name, `default`, or that of a built-in rule. */
  readonly rule: string
  /** Which facts made it so: "channel is wechat and currency is cny". */
  readonly reason: string
  readonly passed: readonly Passed[]
} & ({ readonly ok: true; readonly choices: readonly Choice[] } | { readonly ok: false; readonly message: string })

/**
 * Which accounts take a payment, in which order. The first rule that holds decides, the default if none does, and without
 * a default the built-in rules, which name no second account: money never goes to another owner unless somebody said so.
 * Accounts that cannot take it are passed over; `ok: false` when none is left. Chosen are `accounts` only.
 */
export const decide = (routing: Routing, facts: RouteFacts, accounts: readonly KnownAccount[]): Decision => {
  const rule = routing.rules.find(({ when }) => holds(when, facts))
  if (rule) return choose(rule.name, tellHolding(rule.when, facts), rule.use, facts, accounts)
  if (routing.default.length > 0) return choose('default', 'no rule takes it', routing.default, facts, accounts)
  return chooseBuiltIn(facts, accounts)
}

/** What decides where the merchant says nothing: the first rule with an account that can take the payment. */
export const builtInRules = (accounts: readonly KnownAccount[]): Rule[] => {
  const usesOf = (isOwn: boolean) =>
    accounts
      .filter(({ connection }) => (connection === null) === isOwn)
      .map(({ provider, connection }) => ({ provider, connection }))
  return [
    { name: 'wechat_pay', when: { channels: ['wechat'], currencies: ['cny'] }, use: [{ provider: 'wechatpay' }] },
    { name: 'own_account', when: {}, use: usesOf(false) },
    { name: 'deployment_account', when: {}, use: usesOf(true) },
  ]
}

/** Names that stand for something else in a decision. */
export const reservedNames: readonly string[] = [
  'default',
  'method',
  'chat',
  'wechat_pay',
  'own_account',
  'deployment_account',
]

const chooseBuiltIn = (facts: RouteFacts, accounts: readonly KnownAccount[]): Decision => {
  const passed: Passed[] = []
  const meant = accounts.filter((account) => isMeant(account, facts, accounts))
  for (const { name, when, use } of builtInRules(meant)) {
    if (!holds(when, facts)) continue
    const chosen = choose(name, tellHolding(when, facts), use, facts, accounts)
    if (chosen.ok) return { ...chosen, choices: chosen.choices.slice(0, 1) }
    passed.push(...chosen.passed)
  }
  return refuse('deployment_account', 'nothing is routed', passed, facts)
}

const choose = (
  rule: string,
  reason: string,
  use: readonly Use[],
  facts: RouteFacts,
  accounts: readonly KnownAccount[],
): Decision => {
  const choices: Choice[] = []
  const passed: Passed[] = []
  for (const one of use) {
    const account = resolve(one, facts, accounts)
    const { provider, connection = null } = account ?? one
    const refusal = account ? refusalOf(account, facts) : `${nameOf(one)} is not connected`
    if (refusal !== undefined) passed.push({ provider, connection, reason: refusal })
    else if (!choices.some((choice) => isSameChoice(choice, { provider, connection })))
      choices.push({ provider, connection })
  }
  return choices.length > 0 ? { ok: true, rule, reason, choices, passed } : refuse(rule, reason, passed, facts)
}

const refuse = (rule: string, reason: string, passed: readonly Passed[], { currency }: RouteFacts): Decision => {
  const why = passed.map((one) => one.reason).join('; ') || 'nothing is connected'
  const message = `No account takes this payment in ${currency} (rule '${rule}'): ${why}. Connect one (POST /v1/connections), or route to another (POST /v1/routing).`
  return { ok: false, rule, reason, passed, message }
}

export const isSameChoice = (a: Choice, b: Choice): boolean =>
  a.provider === b.provider && a.connection === b.connection

/** The account that is meant; among several of the same provider one that can take the payment goes first. */
const resolve = (use: Use, facts: RouteFacts, accounts: readonly KnownAccount[]): KnownAccount | undefined => {
  const ofProvider = accounts.filter(({ provider }) => provider === use.provider)
  if (use.connection !== undefined) return ofProvider.find(({ connection }) => connection === use.connection)
  const inOrder = [
    ...ofProvider.filter(({ connection }) => connection !== null),
    ...ofProvider.filter((account) => account.connection === null && isMeant(account, facts, accounts)),
  ]
  return inOrder.find((account) => refusalOf(account, facts) === undefined) ?? inOrder[0]
}

/** Whoever has an account of their own sells through that one: the deployment's passes on for them where a rule names it. */
const isMeant = ({ provider, connection }: KnownAccount, facts: RouteFacts, all: readonly KnownAccount[]): boolean =>
  connection !== null ||
  facts.hasDestination !== true ||
  all.every((one) => one.provider !== provider || one.connection === null)

/** Why an account cannot take a payment; undefined: it can. */
export const refusalOf = (account: KnownAccount, facts: RouteFacts): string | undefined => {
  const { capabilities, livemode, status } = account
  const name = nameOf(account)
  if (status !== 'active') return `${name} is ${status}`
  if (livemode !== undefined && livemode !== facts.livemode) return `${name} is ${livemode ? 'live' : 'for tests'}`
  if (!takesCurrency(capabilities, facts.currency)) return `${name} does not take ${facts.currency}`
  if (facts.capture === 'manual' && !capabilities.manualCapture) return `${name} cannot reserve money`
  if (facts.hasApplicationFee === true && capabilities.applicationFees !== true)
    return `${name} takes no application fee`
  if (facts.hasDestination === true && capabilities.destinationCharges !== true)
    return `${name} passes no payment on to another account`
  const limits = capabilities.amountLimits?.(facts.currency)
  if (limits && facts.amount < limits.min) return `${name} takes no less than ${limits.min} ${facts.currency}`
  if (limits && facts.amount > limits.max) return `${name} takes no more than ${limits.max} ${facts.currency}`
  return undefined
}

export const takesCurrency = ({ currencies }: Pick<ProviderCapabilities, 'currencies'>, currency: string): boolean =>
  currencies === 'all' || currencies.some((one) => one === currency)

export const nameOf = ({ provider, connection }: Use): string =>
  connection ? `${showId('connection', connection)} (${provider})` : provider

export const holds = (when: Conditions, facts: RouteFacts): boolean => failures(when, facts).length === 0

/** Which conditions do not hold, in words. */
export const failures = (when: Conditions, facts: RouteFacts): string[] => {
  const { channels, currencies, countries, amount, livemode } = when
  const isIn = (list: readonly string[] | undefined, fact: string | null) =>
    list === undefined || (fact !== null && list.includes(fact))
  return [
    ...(isIn(channels, facts.channel) ? [] : [`channel is ${facts.channel ?? 'not known'}`]),
    ...(isIn(currencies, facts.currency) ? [] : [`currency is ${facts.currency}`]),
    ...(isIn(countries, facts.country) ? [] : [`country is ${facts.country ?? 'not known'}`]),
    ...(isWithin(amount, facts.amount) ? [] : [`amount is ${facts.amount}`]),
    ...(livemode === undefined || livemode === facts.livemode ? [] : [`livemode is ${facts.livemode}`]),
  ]
}

const isWithin = (range: Conditions['amount'], amount: bigint): boolean =>
  (range?.gte === undefined || amount >= range.gte) && (range?.lte === undefined || amount <= range.lte)

const tellHolding = (when: Conditions, facts: RouteFacts): string => {
  const told = [
    ...(when.channels ? [`channel is ${facts.channel}`] : []),
    ...(when.currencies ? [`currency is ${facts.currency}`] : []),
    ...(when.countries ? [`country is ${facts.country}`] : []),
    ...(when.amount ? [`amount is ${facts.amount} (${tellRange(when.amount)})`] : []),
    ...(when.livemode === undefined ? [] : [`livemode is ${facts.livemode}`]),
  ]
  return told.length === 0 ? 'it takes every payment' : told.join(' and ')
}

const tellRange = ({ gte, lte }: NonNullable<Conditions['amount']>): string => {
  if (gte === undefined) return `at most ${lte}`
  return lte === undefined ? `at least ${gte}` : `${gte} to ${lte}`
}

/** The rule before that takes everything which this one would take. */
export const shadowOf = (rules: readonly Rule[], index: number): Rule | undefined => {
  const rule = rules[index]
  return rule && rules.slice(0, index).find((earlier) => covers(earlier.when, rule.when))
}

const covers = (wide: Conditions, narrow: Conditions): boolean =>
  hasAll(wide.channels, narrow.channels) &&
  hasAll(wide.currencies, narrow.currencies) &&
  hasAll(wide.countries, narrow.countries) &&
  (wide.livemode === undefined || wide.livemode === narrow.livemode) &&
  coversRange(wide.amount, narrow.amount)

const hasAll = (wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean =>
  wide === undefined || (narrow?.every((one) => wide.includes(one)) ?? false)

const coversRange = (wide: Conditions['amount'], narrow: Conditions['amount']): boolean =>
  (wide?.gte === undefined || (narrow?.gte !== undefined && wide.gte <= narrow.gte)) &&
  (wide?.lte === undefined || (narrow?.lte !== undefined && wide.lte >= narrow.lte))
