import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import { disagreementOf } from '#payments/statement-lines.ts'

test('a line of a statement is booked where it agrees with the charge it is about, and only there', () => {
  const [hkd, usd] = ['hkd', 'usd'] as Currency[]
  assert.ok(hkd && usd)
  const charge = { amount: 10_000n, currency: hkd }
  const line = { kind: 'payment', chargeRef: '42', amount: 10_000n, currency: hkd, settled: 9900n, fee: 60n } as const
  const refund = { ...line, kind: 'refund', amount: 2500n, settled: 2500n, fee: -15n } as const
  const told = (one: object) => disagreementOf({ ...line, settlementCurrency: hkd, ...one }, charge)
  for (const one of [{}, refund, { settlementCurrency: usd, settled: 1270n, fee: 8n }, { fee: 0n, settled: 0n }])
    assert.equal(told(one), undefined)
  for (const one of [
    { amount: 9999n },
    { currency: usd },
    { ...refund, currency: usd },
    { fee: 9901n },
    { ...refund, fee: -2501n },
  ])
    assert.match(told(one) ?? '', /42/)
})
