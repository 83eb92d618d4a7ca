import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSecrets } from '#platform/crypto.ts'
import type { ProviderSetup } from '#providers/setups.ts'
import { makeMethodsToken, readMethodsToken } from '#setups/methods-link-service.ts'
import { isSetupOpen, judgeSetup, nextCheck, type SetupFacts, setupStatuses } from '#setups/setup-machine.ts'

const open: SetupFacts = {
  status: 'requires_confirmation',
  providerRef: null,
  hasPage: false,
  isBusy: false,
  lastError: null,
  actionUrl: undefined,
}
const told = { ref: 'seti_1', tags: {} } as const
const decline = { code: 'card_declined', message: 'No.' }
const known = { ...open, providerRef: 'seti_1' }
const asking = { ...known, status: 'requires_action', actionUrl: 'https://bank.example' } as const

describe('the news of a setup', () => {
  const table: [what: string, facts: SetupFacts, news: ProviderSetup, verdict: string, events?: string[]][] = [
    ['kept at once', open, { ...told, state: 'succeeded' }, 'change', ['succeeded']],
    ['the bank asks', open, { ...told, state: 'requires_action', actionUrl: 'u' }, 'change', ['requires_action']],
    ['still asks', asking, { ...told, state: 'requires_action', actionUrl: 'https://bank.example' }, 'unchanged'],
    ['declined', open, { ...told, state: 'requires_payment_method', decline }, 'change', ['setup_failed']],
    ['the bank says no', asking, { ...told, state: 'requires_payment_method', decline }, 'change', ['setup_failed']],
    [
      'the same decline',
      { ...known, lastError: decline },
      { ...told, state: 'requires_payment_method', decline },
      'unchanged',
    ],
    [
      'an older decline while a call runs',
      { ...known, isBusy: true },
      { ...told, state: 'requires_payment_method', decline },
      'stale',
    ],
    ['kept while a call runs', { ...known, isBusy: true }, { ...told, state: 'succeeded' }, 'change', ['succeeded']],
    ['nothing yet', known, { ...told, state: 'requires_payment_method' }, 'unchanged'],
    ['on its way', known, { ...told, state: 'processing' }, 'change', []],
    ['canceled there', known, { ...told, state: 'canceled' }, 'change', ['canceled']],
    ['canceled with its page', { ...known, hasPage: true }, { ...told, state: 'canceled' }, 'stale'],
    ['one left behind', { ...known, providerRef: 'seti_2' }, { ...told, state: 'succeeded' }, 'stale'],
    ['one of a page that is over', open, { ...told, state: 'canceled' }, 'stale'],
    ['kept before', { ...known, status: 'succeeded' }, { ...told, state: 'succeeded' }, 'unchanged'],
    ['back from success', { ...known, status: 'succeeded' }, { ...told, state: 'canceled' }, 'stale'],
    ['kept too late', { ...known, status: 'canceled' }, { ...told, state: 'succeeded' }, 'late'],
    ['canceled before', { ...known, status: 'canceled' }, { ...told, state: 'canceled' }, 'stale'],
  ]
  for (const [what, facts, news, kind, events] of table)
    test(`${what}: ${kind}`, () => {
      const verdict = judgeSetup(facts, news)
      assert.equal(verdict.kind, kind)
      assert.deepEqual(verdict.kind === 'change' ? verdict.events.map((name) => name.slice(13)) : undefined, events)
    })

  test('told twice changes nothing the second time, and nothing ends what is over', () => {
    const states = fc.constantFrom(...setupStatuses)
    fc.assert(
      fc.property(
        states,
        states,
        fc.boolean(),
        fc.option(fc.constant(decline), { nil: undefined }),
        (status, state, hasPage, error) => {
          const actionUrl = state === 'requires_action' ? 'u' : undefined
          const news: ProviderSetup = {
            ...told,
            state,
            ...(error ? { decline: error } : {}),
            ...(actionUrl ? { actionUrl } : {}),
          }
          const facts = { ...known, status, hasPage }
          const first = judgeSetup(facts, news)
          if (!isSetupOpen(status) && status !== 'processing') assert.notEqual(first.kind, 'change')
          if (first.kind !== 'change') return
          const after = { ...facts, status: state, lastError: error ?? null, actionUrl }
          assert.notEqual(judgeSetup(after, news).kind, 'change')
        },
      ),
    )
  })
})

test('the provider is asked more and more rarely, and after two weeks no more', () => {
  const made = new Date(0)
  let at: Date | null = made
  const waits: number[] = []
  while (at) {
    const next: Date | null = nextCheck(made, at)
    if (next) waits.push(next.getTime() - at.getTime())
    at = next
  }
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  )
  assert.ok(waits.length < 30 && waits[0] === 600_000)
})

test('a link opens its own place, until its time, and no bit of it can be changed', () => {
  const secrets = createSecrets('a')
  const expiresAt = new Date(1_800_000_000_000)
  const place = {
    merchantId: '0192f0c0-0000-7000-8000-000000000001',
    customerId: '0192f0c0-0000-7000-8000-000000000002',
    expiresAt,
  }
  const setupIntentId = '0192f0c0-0000-7000-8000-000000000003'
  const before = new Date(expiresAt.getTime() - 1)
  const token = makeMethodsToken(secrets, { ...place, setupIntentId })
  assert.deepEqual(readMethodsToken(secrets, token, before), { ...place, setupIntentId })
  assert.deepEqual(readMethodsToken(secrets, makeMethodsToken(secrets, place), before), place)
  assert.equal(readMethodsToken(secrets, token, expiresAt), undefined)
  assert.equal(readMethodsToken(createSecrets('b'), token, before), undefined)
  const bytes = Buffer.from(token, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(readMethodsToken(secrets, changed.toString('base64url'), before), undefined)
  }
})
