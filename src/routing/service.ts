import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { Providers } from '#providers/accounts.ts'
import { accountsOf } from './accounts.ts'
import { findErrors, findWarnings } from './check.ts'
import { findRouted, findRouting, saveRouting } from './repo.ts'
import { builtInRules, decide, failures, holds, type KnownAccount, type Routing, type Rule, type Use } from './rule.ts'
import type { PreviewBody, PreviewView, RoutingUpdate, RoutingView } from './schemas.ts'

interface RoutingDeps {
  db: Database
  clock: Clock
  providers: Providers
}

export type RoutingService = ReturnType<typeof createRoutingService>

/** A merchant's rules on which account takes which payment. */
export const createRoutingService = (deps: RoutingDeps) => ({
  retrieve: (merchantId: string): Promise<RoutingView> =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const { routing, accounts } = await readAll(tx, deps, merchantId)
      return showRouting(routing, accounts)
    }),

  /** Replaces the rules, the default, or both. Throws the first mistake with its parameter. */
  update: (merchantId: string, body: RoutingUpdate): Promise<RoutingView> =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const { routing: before, accounts } = await readAll(tx, deps, merchantId)
      const routing = readUpdate(before, body)
      const [error] = findErrors(routing, accounts)
      if (error) throw new AppError('routing_invalid', { message: error.message, param: error.param })
      await saveRouting(tx, merchantId, routing, deps.clock.now())
      return showRouting(routing, accounts)
    }),

  /** Which rule would take a payment, and why the others would not. Decides nothing. */
  preview: (merchantId: string, livemode: boolean, body: PreviewBody): Promise<PreviewView> =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const { routing, accounts } = await readAll(tx, deps, merchantId)
      const { amount, currency, channel = null, country = null, capture_method: capture } = body
      const facts = { amount: BigInt(amount), currency, channel, country, capture, livemode }
      const decision = decide(routing, facts, accounts)
      return {
        object: 'routing_preview',
        rule: decision.rule,
        reason: decision.reason,
        choices: decision.ok ? decision.choices.map(showAccount) : [],
        passed: decision.passed.map((one) => ({ ...showAccount(one), reason: one.reason })),
        rules: routing.rules.map(({ name, when }) => ({
          name,
          holds: holds(when, facts),
          because: failures(when, facts),
        })),
        error: decision.ok ? null : decision.message,
      }
    }),
})

const readAll = async (tx: Tx, { providers }: RoutingDeps, merchantId: string) => {
  const routing = await findRouting(tx, merchantId)
  const connections = await findRouted(tx, merchantId, providers.routable())
  return { routing, accounts: accountsOf(providers, connections) }
}

const readUpdate = (before: Routing, { rules, default: uses }: RoutingUpdate): Routing => ({
  rules:
    rules?.map((rule, n) => ({ ...rule, use: rule.use.map((use, m) => readUse(use, `rules[${n}][use][${m}]`)) })) ??
    before.rules,
  default: uses?.map((use, m) => readUse(use, `default[${m}]`)) ?? before.default,
})

const readUse = ({ provider, connection }: Use, param: string): Use => {
  if (connection == null) return connection === null ? { provider, connection } : { provider }
  const id = parseId('connection', connection)
  if (id !== undefined) return { provider, connection: id }
  const message = `No such connection of yours at ${provider}.`
  throw new AppError('routing_invalid', { message, param: `${param}[connection]` })
}

const showRouting = (routing: Routing, accounts: readonly KnownAccount[]): RoutingView => ({
  object: 'routing',
  rules: routing.rules.map(showRule),
  default: routing.default.map(showUse),
  built_in: builtInRules(accounts).map(showRule),
  warnings: findWarnings(routing, accounts).map((one) => ({ ...one })),
})

const showRule = ({ name, when, use }: Rule): RoutingView['rules'][number] => ({
  name,
  when: {
    ...(when.channels ? { channels: [...when.channels] } : {}),
    ...(when.currencies ? { currencies: [...when.currencies] } : {}),
    ...(when.countries ? { countries: [...when.countries] } : {}),
    ...(when.amount ? { amount: { ...when.amount } } : {}),
    ...(when.livemode === undefined ? {} : { livemode: when.livemode }),
  },
  use: use.map(showUse),
})

const showUse = ({ provider, connection }: Use) =>
  connection === undefined ? { provider } : { ...showAccount({ provider, connection }) }

const showAccount = ({ provider, connection }: { provider: string; connection: string | null }) => ({
  provider,
  connection: connection && showId('connection', connection),
})
