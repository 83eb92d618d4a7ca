import {
  type KnownAccount,
  nameOf,
  type Routing,
  type Rule,
  reservedNames,
  shadowOf,
  takesCurrency,
  type Use,
} from './rule.ts'

export interface Problem {
  /** The parameter, in brackets: `rules[0][use][1]`. */
  readonly param: string
  readonly message: string
}

/** What makes rules unusable, in the order of the parameters. */
export const findErrors = (routing: Routing, accounts: readonly KnownAccount[]): Problem[] => [
  ...routing.rules.flatMap((rule, n) => [
    ...checkName(routing.rules, rule, n),
    ...checkAmount(rule, `rules[${n}][when][amount]`),
    ...rule.use.flatMap((use, m) => checkUse(use, accounts, rule.when.currencies ?? [], `rules[${n}][use][${m}]`)),
  ]),
  ...routing.default.flatMap((use, m) => checkUse(use, accounts, [], `default[${m}]`)),
]

/** What is allowed and probably not meant. */
export const findWarnings = (routing: Routing, accounts: readonly KnownAccount[]): Problem[] => [
  ...routing.rules.flatMap((rule, n) => {
    const shadow = shadowOf(routing.rules, n)
    const message = `'${rule.name}' decides nothing: '${shadow?.name}' stands before it and takes all that it would take.`
    return shadow ? [{ param: `rules[${n}]`, message }] : []
  }),
  ...[...routing.rules.map(({ use }, n) => ({ use, at: `rules[${n}][use]` })), { use: routing.default, at: 'default' }]
    .flatMap(({ use, at }) => use.map((one, m) => ({ one, param: `${at}[${m}]` })))
    .flatMap(({ one, param }) => {
      const status = accounts.find((account) => isNamed(account, one))?.status
      const message = `${nameOf(one)} is ${status}: it takes nothing until that is mended.`
      return status === undefined || status === 'active' ? [] : [{ param, message }]
    }),
]

const checkName = (rules: readonly Rule[], { name }: Rule, n: number): Problem[] => {
  const param = `rules[${n}][name]`
  if (reservedNames.includes(name))
    return [{ param, message: `'${name}' has a meaning of its own. Choose another name.` }]
  const isTaken = rules.slice(0, n).some((rule) => rule.name === name)
  return isTaken ? [{ param, message: `Two rules are called '${name}'. Each needs a name of its own.` }] : []
}

const checkAmount = ({ when: { amount, currencies } }: Rule, param: string): Problem[] => {
  if (!amount) return []
  if (currencies === undefined)
    return [{ param, message: 'Minor units are worth something else in every currency. Say which currencies.' }]
  const { gte, lte } = amount
  if (gte === undefined && lte === undefined) return [{ param, message: 'Send gte, lte or both.' }]
  if (gte !== undefined && lte !== undefined && gte > lte)
    return [{ param, message: `No amount is both at least ${gte} and at most ${lte}.` }]
  return []
}

const checkUse = (
  use: Use,
  accounts: readonly KnownAccount[],
  currencies: readonly string[],
  param: string,
): Problem[] => {
  const ofProvider = accounts.filter(({ provider }) => provider === use.provider)
  if (use.connection) {
    const named = accounts.find((account) => isNamed(account, use))
    if (!named) return [{ param: `${param}[connection]`, message: `No such connection of yours at ${use.provider}.` }]
  } else if (use.connection === null && !ofProvider.some(({ connection }) => connection === null)) {
    return [
      { param: `${param}[connection]`, message: `There is no account at ${use.provider} but the connected ones.` },
    ]
  }
  if (ofProvider.length === 0) return [{ param: `${param}[provider]`, message: noAccount(use.provider, accounts) }]
  const meant =
    use.connection === undefined ? ofProvider : ofProvider.filter((one) => one.connection === use.connection)
  const strange = currencies.filter((currency) => !meant.some((one) => takesCurrency(one.capabilities, currency)))
  const message = `${nameOf(use)} does not take ${strange.join(', ')}. Take it out of this rule's currencies, or use another provider.`
  return strange.length > 0 ? [{ param: `${param}[provider]`, message }] : []
}

const noAccount = (provider: string, accounts: readonly KnownAccount[]): string => {
  const known = [...new Set(accounts.map((account) => account.provider))].join(', ') || 'none'
  return `No account takes payments at '${provider}'. Connect one (POST /v1/connections); there is one at: ${known}.`
}

const isNamed = (account: KnownAccount, use: Use): boolean =>
  use.connection != null && account.connection === use.connection && account.provider === use.provider
