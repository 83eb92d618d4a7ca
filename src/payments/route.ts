import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { type Choice, type Decision, isSameChoice, nameOf, type Passed, type RouteFacts } from '#routing/rule.ts'
import { feeOf } from './application-fee.ts'
import { chatMoneyTaker } from './chat-money.ts'
import type { IntentRow } from './intent-view.ts'
import { platformWord } from './transfer.ts'

/** Who takes a payment and why, as it is kept with the payment (`payment_intents.route`). */
export interface Route {
  /** A rule's name, `default`, a built-in rule's, `method` (kept by that account) or `chat` (taken by the platform alone). */
  rule: string
  reason: string
  choices: readonly Choice[]
  /** Which of them, from 0. */
  chosen: number
  passed: readonly Passed[]
  facts: Omit<RouteFacts, 'amount'> & { amount: string }
  /** RFC 3339. */
  decided_at: string
}

export type Routed = Pick<IntentRow, 'provider' | 'provider_connection_id' | 'route'>

/** What a decision is made on, of a payment and where it is asked for. */
export const factsOf = (
  row: Pick<IntentRow, 'currency' | 'amount' | 'capture_method' | 'livemode' | 'options'>,
  place: { channel: string | null; country: string | null },
): RouteFacts => ({
  channel: place.channel,
  currency: row.currency as Currency,
  country: countryIn(place.country) ?? countryIn(shippedTo(row)),
  amount: row.amount,
  capture: row.capture_method,
  livemode: row.livemode,
  ...sharedFacts(row),
})

/** A fee of what is passed on is kept by the account that passes it on, which needs nothing else for that. */
const sharedFacts = (row: Pick<IntentRow, 'options'>): Pick<RouteFacts, 'hasApplicationFee' | 'hasDestination'> => {
  if (platformWord(row) !== undefined) return { hasDestination: true }
  return feeOf(row.options) === undefined ? {} : { hasApplicationFee: true }
}

/** The country that the order goes to, as it was written down. */
export const shippedTo = ({ options }: Pick<IntentRow, 'options'>): string | undefined =>
  (options.shipping as { address?: { country?: string } } | null | undefined)?.address?.country

const countryIn = (text: string | null | undefined): string | null => {
  const code = text?.trim().toUpperCase() ?? ''
  return /^[A-Z]{2}$/.test(code) ? code : null
}

/** Chat money goes to the platform alone, whatever the rules say. */
export const routeOfChatMoney = (facts: RouteFacts): Decision | undefined => {
  const provider = chatMoneyTaker(facts.currency)
  if (provider === undefined) return undefined
  const reason = `${facts.currency} is taken by ${provider} alone`
  return { ok: true, rule: 'chat', reason, choices: [{ provider, connection: null }], passed: [] }
}

export const routeBy = (decision: Decision & { ok: true }, facts: RouteFacts, now: Date): Routed =>
  routed({
    rule: decision.rule,
    reason: decision.reason,
    choices: decision.choices,
    chosen: 0,
    passed: decision.passed,
    facts: { ...facts, amount: facts.amount.toString() },
    decided_at: now.toISOString(),
  })

/** The next account of the route, because of what the one before said; undefined: there is none. */
export const routeOnward = (route: Route, reason: string): Routed | undefined => {
  const from = route.choices[route.chosen]
  if (!from || route.chosen + 1 >= route.choices.length) return undefined
  return routed({ ...route, chosen: route.chosen + 1, passed: [...route.passed, { ...from, reason }] })
}

/** From the first account again: they have all refused, and some may be mended by the next time. */
export const routeAnew = (route: Route): Routed =>
  routed({
    ...route,
    chosen: 0,
    passed: route.passed.filter((one) => !route.choices.some((choice) => isSameChoice(choice, one))),
  })

const routed = (route: Route): Routed => ({ ...accountIn(route), route: { ...route } })

/** The account that the route has arrived at. */
export const accountIn = ({ choices, chosen }: Route): Pick<Routed, 'provider' | 'provider_connection_id'> => {
  const choice = choices[chosen]
  if (!choice) throw new Error('a route leads nowhere')
  return { provider: choice.provider, provider_connection_id: choice.connection }
}

/** Absent for payments from before there were routes. */
export const routeOf = ({ route }: Pick<IntentRow, 'route'>): Route | undefined =>
  route === null ? undefined : (route as unknown as Route)

/** What an attempt keeps of the decision that led to its account. */
export interface AttemptRoute {
  rule: string
  reason: string
  /** From 1. */
  choice: number
  of: number
}

export const routeOfAttempt = (row: IntentRow): AttemptRoute | undefined => {
  const route = routeOf(row)
  return route && { rule: route.rule, reason: route.reason, choice: route.chosen + 1, of: route.choices.length }
}

/** "rule 'china': channel is wechat and currency is cny → wechatpay, then stripe". */
export const tellRoute = ({ rule, reason, choices }: Route): string =>
  `rule '${rule}': ${reason} → ${choices.map(nameOf).join(', then ')}`

/** As clients read it. */
export const showRoute = ({ rule, reason, choices, chosen, passed, facts }: Route) => ({
  rule,
  reason,
  choices: choices.map(showChoice),
  choice: chosen + 1,
  passed: passed.map((one) => ({ ...showChoice(one), reason: one.reason })),
  facts: { ...facts, amount: toJsonAmount(BigInt(facts.amount)) },
})

const showChoice = ({ provider, connection }: Choice) => ({
  provider,
  connection: connection && showId('connection', connection),
})
