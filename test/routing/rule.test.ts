import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { findErrors, findWarnings } from '#routing/check.ts'
import {
  type Conditions,
  decide,
  holds,
  type KnownAccount,
  type RouteFacts,
  type Routing,
  shadowOf,
  type Use,
} from '#routing/rule.ts'

const first = '01980000-0000-7000-8000-000000000001'
const second = '01980000-0000-7000-8000-000000000002'
const cny = 'cny' as Currency
const eur = 'eur' as Currency

const account = (provider: string, connection: string | null, more: Partial<KnownAccount> = {}): KnownAccount => ({
  provider,
  connection,
  status: 'active',
  livemode: connection === null ? undefined : false,
  capabilities: { currencies: provider === 'wechatpay' ? [cny] : 'all', manualCapture: provider !== 'wechatpay' },
  ...more,
})
const ownStripe = account('stripe', null)
const stripe = account('stripe', first)
const wechat = account('wechatpay', second)
const accounts = [stripe, wechat, ownStripe]

const facts = (more: Partial<RouteFacts> = {}): RouteFacts => ({
  channel: 'wechat',
  currency: cny,
  country: null,
  amount: 5000n,
  capture: 'automatic',
  livemode: false,
  ...more,
})
const rule = (name: string, when: Conditions, ...use: Use[]) => ({ name, when, use })
const uses = (...list: KnownAccount[]) => list.map(({ provider, connection }) => ({ provider, connection }))
const routing = (rules: Routing['rules'], ...fallback: Use[]): Routing => ({ rules, default: fallback })

/** "rule → provider/connection, …" or "rule ✗ why". */
const told = (given: Routing, of: RouteFacts, among: readonly KnownAccount[] = accounts): string => {
  const decision = decide(given, of, among)
  const end = (id: string | null) => (id === null ? 'own' : id.slice(-1))
  if (!decision.ok) return `${decision.rule} ✗ ${decision.passed.map(({ reason }) => reason).join('; ')}`
  return `${decision.rule} → ${decision.choices.map((one) => `${one.provider}/${end(one.connection)}`).join(', ')}`
}

describe('who passes a payment on', () => {
  const of = facts({ currency: eur, channel: null, hasDestination: true })
  const able = (one: KnownAccount): KnownAccount => ({
    ...one,
    capabilities: { ...one.capabilities, destinationCharges: true },
  })
  const cases: [string, Routing, readonly KnownAccount[], string][] = [
    ['the deployment for who has no account', routing([]), [able(ownStripe)], 'deployment_account → stripe/own'],
    ['a merchant with keys of its own', routing([]), [able(stripe), able(ownStripe)], 'own_account → stripe/1'],
    [
      'not the deployment for a connected account, which cannot',
      routing([]),
      [stripe, able(ownStripe)],
      `deployment_account ✗ ${showId('connection', first)} (stripe) passes no payment on to another account`,
    ],
    [
      'nor by a rule that names the provider alone',
      routing([], { provider: 'stripe' }),
      [stripe, able(ownStripe)],
      `default ✗ ${showId('connection', first)} (stripe) passes no payment on to another account`,
    ],
    [
      'the deployment where a rule names it',
      routing([], { provider: 'stripe', connection: null }),
      [stripe, able(ownStripe)],
      'default → stripe/own',
    ],
    [
      'the next of a rule that can',
      routing([], { provider: 'wechatpay' }, { provider: 'stripe' }),
      [account('wechatpay', second, { capabilities: { currencies: 'all', manualCapture: true } }), able(ownStripe)],
      'default → stripe/own',
    ],
  ]
  for (const [name, given, among, expected] of cases) test(name, () => assert.equal(told(given, of, among), expected))
})

describe('who takes a payment', () => {
  const china = rule(
    'china',
    { channels: ['wechat'], currencies: ['cny'] },
    { provider: 'wechatpay' },
    { provider: 'stripe' },
  )
  const large = rule(
    'large',
    { currencies: ['eur'], amount: { gte: 10_000 } },
    { provider: 'stripe', connection: null },
  )
  const french = rule('french', { countries: ['FR', 'BE'] }, { provider: 'stripe', connection: first })
  const live = rule('live', { livemode: true }, { provider: 'stripe', connection: null })
  const all = routing([china, large, french, live], { provider: 'stripe', connection: null })
  const broken = (one: KnownAccount): KnownAccount => ({ ...one, status: 'broken' })
  const limited = account('stripe', null, {
    capabilities: { currencies: 'all', manualCapture: true, amountLimits: () => ({ min: 50n, max: 9999n }) },
  })
  const [firstName, secondName] = [
    `${showId('connection', first)} (stripe)`,
    `${showId('connection', second)} (wechatpay)`,
  ]
  const table: [string, Routing, Partial<RouteFacts>, readonly KnownAccount[], string][] = [
    ['the first rule that holds, its accounts in order', all, {}, accounts, 'china → wechatpay/2, stripe/1'],
    ['a list is any of it', all, { channel: null, country: 'BE' }, accounts, 'french → stripe/1'],
    ['an amount at its edge', all, { currency: eur, amount: 10_000n }, accounts, 'large → stripe/own'],
    ['an amount below it', all, { currency: eur, amount: 9999n }, accounts, 'default → stripe/own'],
    [
      'an earlier rule before a later',
      all,
      { currency: eur, amount: 10_000n, country: 'FR' },
      accounts,
      'large → stripe/own',
    ],
    ['what is not known holds nowhere', all, { channel: null }, accounts, 'default → stripe/own'],
    ['the mode', all, { channel: 'line', livemode: true }, accounts, 'live → stripe/own'],
    ['the next when the first is broken', all, {}, [stripe, broken(wechat), ownStripe], 'china → stripe/1'],
    ['… or was disconnected', all, {}, [stripe, ownStripe], 'china → stripe/1'],
    ['the deployment’s, when the own one takes nothing', all, {}, [broken(stripe), ownStripe], 'china → stripe/own'],
    [
      'nobody, when what is named is broken',
      all,
      { channel: null, country: 'FR' },
      [broken(stripe), ownStripe],
      `french ✗ ${firstName} is broken`,
    ],
    [
      'no account of the other mode',
      routing([french]),
      { country: 'FR', livemode: true },
      accounts,
      `french ✗ ${firstName} is for tests`,
    ],
    ['no account that cannot reserve', all, { capture: 'manual' }, accounts, 'china → stripe/1'],
    ['no account twice', routing([], ...uses(stripe, stripe)), {}, accounts, 'default → stripe/1'],
    [
      'no account below its minimum',
      routing([], { provider: 'stripe' }),
      { amount: 49n },
      [limited],
      'default ✗ stripe takes no less than 50 cny',
    ],
    [
      'no account above its maximum',
      routing([], { provider: 'stripe' }),
      { amount: 10_000n },
      [limited],
      'default ✗ stripe takes no more than 9999 cny',
    ],
    [
      'of several connected the first that can',
      routing([], { provider: 'stripe' }),
      {},
      [broken(stripe), account('stripe', second), ownStripe],
      'default → stripe/2',
    ],
    ['built in: WeChat Pay for CNY in WeChat', routing([]), {}, accounts, 'wechat_pay → wechatpay/2'],
    ['… not elsewhere: the first connected', routing([]), { channel: 'line' }, accounts, 'own_account → stripe/1'],
    ['… not when it is broken', routing([]), {}, [stripe, broken(wechat), ownStripe], 'own_account → stripe/1'],
    [
      '… the only one that takes the currency',
      routing([]),
      { currency: eur },
      [wechat, ownStripe],
      'deployment_account → stripe/own',
    ],
    ['… nobody', routing([]), { currency: eur }, [wechat], `deployment_account ✗ ${secondName} does not take eur`],
    ['… nobody at all', routing([]), {}, [], 'deployment_account ✗ wechatpay is not connected'],
  ]
  for (const [name, given, of, among, want] of table)
    test(name, () => assert.equal(told(given, facts(of), among), want))

  test('says why in words', () => {
    assert.equal(decide(all, facts(), accounts).reason, 'channel is wechat and currency is cny')
    const big = decide(all, facts({ currency: eur, amount: 10_000n }), accounts)
    assert.equal(big.reason, 'currency is eur and amount is 10000 (at least 10000)')
    const nobody = decide(routing([]), facts({ currency: eur }), [wechat])
    assert.ok(!nobody.ok)
    assert.match(
      nobody.message,
      /No account takes this payment in eur .*does not take eur.*POST \/v1\/connections.*POST \/v1\/routing/,
    )
  })
})

describe('whatever the rules', () => {
  const channels = ['wechat', 'telegram', 'line']
  const currencies = ['cny', 'eur', 'usd']
  const some = (list: string[]) => fc.option(fc.subarray(list, { minLength: 1 }), { nil: undefined })
  const conditions = fc.record({
    channels: some(channels),
    currencies: some(currencies),
    countries: some(['CN', 'FR']),
    amount: fc.option(
      fc.record({ gte: fc.option(fc.nat(20), { nil: undefined }), lte: fc.option(fc.nat(20), { nil: undefined }) }),
      { nil: undefined },
    ),
    livemode: fc.option(fc.boolean(), { nil: undefined }),
  })
  const connection = fc.constantFrom(first, second, null)
  const use = fc.record({
    provider: fc.constantFrom('stripe', 'wechatpay'),
    connection: fc.option(connection, { nil: undefined }),
  })
  const rules = fc
    .array(fc.record({ when: conditions, use: fc.array(use, { minLength: 1, maxLength: 3 }) }), { maxLength: 5 })
    .map((list) => list.map((one, n) => ({ name: `r${n}`, ...one })))
  const anyFacts: fc.Arbitrary<RouteFacts> = fc.record({
    channel: fc.constantFrom(...channels, null),
    currency: fc.constantFrom(...(currencies as Currency[])),
    country: fc.constantFrom('CN', 'FR', null),
    amount: fc.bigInt({ min: 1n, max: 25n }),
    capture: fc.constantFrom('automatic', 'manual'),
    livemode: fc.boolean(),
  })
  const known: fc.Arbitrary<KnownAccount[]> = fc.uniqueArray(
    fc
      .tuple(
        fc.constantFrom('stripe', 'wechatpay'),
        connection,
        fc.constantFrom('active', 'broken', 'disabled'),
        fc.boolean(),
      )
      .map(([provider, id, status, livemode]) => account(provider, id, id === null ? {} : { status, livemode })),
    { selector: (one) => `${one.provider}${one.connection}` },
  )

  test('the first that holds decides, the default always answers, and only accounts of the merchant are chosen', () => {
    fc.assert(
      fc.property(rules, fc.array(use, { maxLength: 3 }), anyFacts, known, (list, fallback, of, among) => {
        const decision = decide({ rules: list, default: fallback }, of, among)
        const expected = list.find(({ when }) => holds(when, of))?.name ?? (fallback.length > 0 ? 'default' : undefined)
        if (expected !== undefined) assert.equal(decision.rule, expected)
        else assert.ok(['wechat_pay', 'own_account', 'deployment_account'].includes(decision.rule))
        if (!decision.ok) return assert.notEqual(decision.message, '')
        assert.ok(decision.choices.length > 0)
        for (const choice of decision.choices) {
          const chosen = among.find((one) => one.provider === choice.provider && one.connection === choice.connection)
          assert.ok(chosen?.status === 'active', 'an account that is known and works')
          assert.ok(chosen.livemode === undefined || chosen.livemode === of.livemode)
          assert.ok(chosen.capabilities.currencies === 'all' || chosen.capabilities.currencies.includes(of.currency))
        }
        if (expected === undefined) assert.equal(decision.choices.length, 1, 'no other owner unless somebody said so')
      }),
      { numRuns: 2000 },
    )
  })

  test('a rule that is said to decide nothing decides nothing', () => {
    fc.assert(
      fc.property(rules, anyFacts, (list, of) => {
        const index = list.findIndex(({ when }) => holds(when, of))
        if (index >= 0) assert.equal(shadowOf(list, index), undefined)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('what is wrong with rules', () => {
  const problems = (given: Routing) => findErrors(given, accounts).map(({ param, message }) => `${param}: ${message}`)
  const toStripe = { provider: 'stripe' }
  const table: [string, Routing, RegExp][] = [
    [
      'an unknown provider',
      routing([rule('a', {}, { provider: 'adyen' })]),
      /^rules\[0\]\[use\]\[0\]\[provider\]: No account .*'adyen'.*stripe, wechatpay\.$/,
    ],
    [
      'a connection of nobody',
      routing([], { provider: 'stripe', connection: '01980000-0000-7000-8000-00000000000f' }),
      /^default\[0\]\[connection\]: No such connection/,
    ],
    [
      'a connection of another provider',
      routing([rule('a', {}, { provider: 'stripe', connection: second })]),
      /^rules\[0\]\[use\]\[0\]\[connection\]: No such connection of yours at stripe/,
    ],
    [
      'an account that the deployment has not',
      routing([], { provider: 'wechatpay', connection: null }),
      /^default\[0\]\[connection\]: There is no account/,
    ],
    [
      'a currency that it does not take',
      routing([rule('a', { currencies: ['cny', 'eur'] }, { provider: 'wechatpay' })]),
      /wechatpay does not take eur/,
    ],
    [
      'two of one name',
      routing([rule('a', { livemode: true }, toStripe), rule('a', {}, toStripe)]),
      /^rules\[1\]\[name\]: Two rules/,
    ],
    ['a name with a meaning', routing([rule('method', {}, toStripe)]), /^rules\[0\]\[name\]: 'method' has a meaning/],
    [
      'an amount of no currency',
      routing([rule('a', { amount: { gte: 5 } }, toStripe)]),
      /^rules\[0\]\[when\]\[amount\]: Minor units/,
    ],
    [
      'an amount without ends',
      routing([rule('a', { currencies: ['eur'], amount: {} }, toStripe)]),
      /Send gte, lte or both/,
    ],
    [
      'an amount that is none',
      routing([rule('a', { currencies: ['eur'], amount: { gte: 6, lte: 5 } }, toStripe)]),
      /No amount is both/,
    ],
  ]
  for (const [name, given, want] of table)
    test(name, () => {
      const [problem, ...more] = problems(given)
      assert.match(problem ?? '', want)
      assert.deepEqual(more, [])
    })

  test('what is allowed and probably not meant', () => {
    const given = routing(
      [
        rule('all', { currencies: ['eur', 'usd'] }, toStripe),
        rule('late', { currencies: ['usd'], countries: ['US'] }, { provider: 'stripe', connection: first }),
      ],
      { provider: 'stripe' },
    )
    assert.deepEqual(findErrors(given, accounts), [])
    const warnings = findWarnings(given, [{ ...stripe, status: 'disabled' }, wechat, ownStripe])
    assert.deepEqual(
      warnings.map(({ param }) => param),
      ['rules[1]', 'rules[1][use][0]'],
    )
    assert.match(warnings[0]?.message ?? '', /'late' decides nothing: 'all' stands before it/)
    assert.match(warnings[1]?.message ?? '', /is disabled/)
  })
})
