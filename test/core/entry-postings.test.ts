import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import { postFee } from '#ledger/posting-rules.ts'
import { type BookableEntry, postingsBeside, postingsOf } from '#payouts/entry-postings.ts'

const at = new Date('2026-11-22T10:00:00Z')
const entry = (of: Partial<BookableEntry>): BookableEntry => {
  const { amount = 0n, fee = 0n } = of
  return {
    ref: 'txn_1',
    kind: 'charge',
    type: 'charge',
    currency: 'eur' as Currency,
    availableOn: at,
    createdAt: at,
    provider: 'stripe',
    sourceRef: 'ch_1',
    ...of,
    amount,
    fee,
    net: amount - fee,
  }
}
const shown = (postings: ReturnType<typeof postingsOf>): string[] =>
  postings.map(
    ({ eventKey, legs }) =>
      `${eventKey} ${legs.map(({ code, currency, amount }) => `${code} ${currency} ${amount}`).join(', ')}`,
  )
const usd = (amount: bigint) => ({ amount, currency: 'usd' as Currency })

test('what is left of an entry whose payment is booked elsewhere', () => {
  const rows: [BookableEntry, Parameters<typeof postingsBeside>[1], string[]][] = [
    [entry({ amount: 4200n, fee: 88n }), undefined, ['txn_1:fee 5010 eur 88, 1110 eur -88']],
    [
      entry({ amount: 4200n, fee: 188n, applicationFee: 100n }),
      undefined,
      ['txn_1:fee 5010 eur 88, 5010 eur 100, 1110 eur -188'],
    ],
    [
      entry({ kind: 'refund', amount: -4200n, fee: -100n, applicationFee: -100n }),
      undefined,
      ['txn_1:fee 5010 eur -100, 1110 eur 100'],
    ],
    [entry({ kind: 'refund', amount: -4200n }), undefined, []],
    [entry({ kind: 'dispute', amount: -4200n, fee: 1500n }), undefined, []],
    [
      entry({ amount: 9200n, fee: 163n }),
      usd(10_000n),
      [
        'txn_1:fx_settle 3900 usd 10000, 1110 usd -10000, 1110 eur 9200, 3900 eur -9200',
        'txn_1:fee 5010 eur 163, 1110 eur -163',
      ],
    ],
    [
      entry({ kind: 'refund', amount: -920n }),
      usd(-1000n),
      ['txn_1:fx_settle 3900 usd -1000, 1110 usd 1000, 1110 eur -920, 3900 eur 920'],
    ],
  ]
  for (const [one, source, expected] of rows) assert.deepEqual(shown(postingsBeside(one, source)), expected)
})

test('the fee has the key under which its payment books it', () => {
  const currency = 'eur' as Currency
  const ofPayment = postFee({ balanceRef: 'txn_1', amount: 88n, currency, effectiveAt: at })
  assert.equal(postingsBeside(entry({ amount: 4200n, fee: 88n }), undefined)[0]?.eventKey, ofPayment?.eventKey)
})

test('an entry that nobody else books', () => {
  const rows: [BookableEntry, string[]][] = [
    [entry({ kind: 'fee', amount: -700n }), ['txn_1:fee 5010 eur 700, 1110 eur -700']],
    [entry({ kind: 'fee', amount: -500n, fee: 200n }), ['txn_1:fee 5010 eur 700, 1110 eur -700']],
    [entry({ kind: 'reserve_hold', amount: -500n }), ['txn_1:reserve_hold 1130 eur 500, 1110 eur -500']],
    [entry({ kind: 'reserve_release', amount: 500n }), ['txn_1:reserve_release 1110 eur 500, 1130 eur -500']],
    [entry({ kind: 'other', amount: -500n }), ['txn_1:adjustment 1110 eur -500, 2090 eur 500']],
    [entry({ kind: 'other' }), []],
  ]
  for (const [one, expected] of rows) assert.deepEqual(shown(postingsOf(one)), expected)
})
