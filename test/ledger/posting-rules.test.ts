import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import { reversePosting } from '#ledger/correction-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import {
  postAuthorized,
  postCaptured,
  postFee,
  postRefunded,
  postRefundFailed,
  postReleased,
  refundableOf,
} from '#ledger/posting-rules.ts'
import { scaleParts } from '#ledger/revenue.ts'

const currencyOf = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}
const effectiveAt = new Date('2026-11-02T09:30:00Z')
const eur = { currency: currencyOf('eur'), effectiveAt }
const ch = { ...eur, providerChargeRef: 'ch_1' }
const order = { goods: 10000n, shipping: 500n, tax: 2100n, tip: 400n }
const half = { goods: 6667n, shipping: 0n, tax: 1333n, tip: 0n }
const taxed = { goods: 10000n, shipping: 0n, tax: 2000n, tip: 0n }
const failed = { sales: 0n, tax: 0n, tip: 0n, owed: 3000n }

/** `Dr 9010 130.00 | Cr 9011 130.00`, as a journal is read. */
const show = (posting: Posting | undefined): string =>
  (posting?.legs ?? [])
    .map(({ code, currency, amount }) =>
      amount > 0n
        ? `Dr ${code} ${toDecimalString(amount, currency)}`
        : `Cr ${code} ${toDecimalString(-amount, currency)}`,
    )
    .join(' | ')

interface Row {
  event: string
  posting: Posting | undefined
  key: string
  kind: string
  books: string
}

/** The journal entries of the reference, by event. */
const table: readonly Row[] = [
  {
    event: 'authorised 130.00',
    posting: postAuthorized({ ...ch, total: 13000n }),
    key: 'ch_1:auth',
    kind: 'auth',
    books: 'Dr 9010 130.00 | Cr 9011 130.00',
  },
  {
    event: 'authorisation raised to 150.00',
    posting: postAuthorized({ ...ch, total: 15000n, before: 13000n }),
    key: 'ch_1:auth:15000',
    kind: 'auth',
    books: 'Dr 9010 20.00 | Cr 9011 20.00',
  },
  {
    event: 'authorisation released',
    posting: postReleased({ ...ch, total: 13000n }),
    key: 'ch_1:auth_release',
    kind: 'auth_release',
    books: 'Dr 9011 130.00 | Cr 9010 130.00',
  },
  {
    event: 'captured: goods 100, shipping 5, VAT 21, tip 4',
    posting: postCaptured({ ...ch, total: 13000n, parts: order }),
    key: 'ch_1:capture',
    kind: 'capture',
    books: 'Dr 1110 130.00 | Cr 4010 100.00 | Cr 4020 5.00 | Cr 2310 21.00 | Cr 2060 4.00',
  },
  {
    event: 'captured 130.00 of an order without lines',
    posting: postCaptured({ ...ch, total: 13000n }),
    key: 'ch_1:capture',
    kind: 'capture',
    books: 'Dr 1110 130.00 | Cr 4010 130.00',
  },
  {
    event: 'captured 50.00 of 80.00 incl. 13.33 VAT',
    posting: postCaptured({ ...ch, total: 5000n, parts: scaleParts(half, 5000n) }),
    key: 'ch_1:capture',
    kind: 'capture',
    books: 'Dr 1110 50.00 | Cr 4010 41.67 | Cr 2310 8.33',
  },
  {
    event: 'captured 12,000 yen, 1,091 of it tax',
    posting: postCaptured({
      ...ch,
      currency: currencyOf('jpy'),
      total: 12000n,
      parts: { goods: 10909n, shipping: 0n, tax: 1091n, tip: 0n },
    }),
    key: 'ch_1:capture',
    kind: 'capture',
    books: 'Dr 1110 12000 | Cr 4010 10909 | Cr 2310 1091',
  },
  {
    event: 'processing fee 2.20',
    posting: postFee({ ...eur, balanceRef: 'txn_1', amount: 220n }),
    key: 'txn_1:fee',
    kind: 'fee',
    books: 'Dr 5010 2.20 | Cr 1110 2.20',
  },
  {
    event: 'processing fee 2.20, 0.38 of it recoverable VAT',
    posting: postFee({ ...eur, balanceRef: 'txn_1', amount: 220n, recoverableTax: 38n }),
    key: 'txn_1:fee',
    kind: 'fee',
    books: 'Dr 5010 1.82 | Dr 1230 0.38 | Cr 1110 2.20',
  },
  {
    event: 'processing fee given back',
    posting: postFee({ ...eur, balanceRef: 'txn_2', amount: -220n }),
    key: 'txn_2:fee',
    kind: 'fee',
    books: 'Cr 5010 2.20 | Dr 1110 2.20',
  },
  {
    event: 'refunded 30.00 of 120.00 incl. 20.00 VAT',
    posting: postRefunded({ ...eur, refundId: 're_1', amount: 3000n, left: refundableOf(taxed) }),
    key: 're_1:refund',
    kind: 'refund',
    books: 'Dr 4090 25.00 | Dr 2310 5.00 | Cr 1110 30.00',
  },
  {
    event: 'refunded in full',
    posting: postRefunded({ ...eur, refundId: 're_1', amount: 13000n, left: refundableOf(order) }),
    key: 're_1:refund',
    kind: 'refund',
    books: 'Dr 4090 105.00 | Dr 2310 21.00 | Dr 2060 4.00 | Cr 1110 130.00',
  },
  {
    event: 'refund failed at the issuer',
    posting: postRefundFailed({ ...eur, refundId: 're_1', amount: 3000n }),
    key: 're_1:refund_failure',
    kind: 'refund_failure',
    books: 'Dr 1110 30.00 | Cr 2040 30.00',
  },
  {
    event: 'failed refund of 30.00 paid by a second refund',
    posting: postRefunded({ ...eur, refundId: 're_2', amount: 3000n, left: failed }),
    key: 're_2:refund',
    kind: 'refund',
    books: 'Dr 2040 30.00 | Cr 1110 30.00',
  },
]

describe('what each event means in accounts', () => {
  for (const row of table) {
    test(`${row.event}: ${row.books}`, () => {
      assert.equal(show(row.posting), row.books)
      assert.equal(row.posting?.eventKey, row.key)
      assert.equal(row.posting?.kind, row.kind)
      assert.equal(row.posting?.effectiveAt, effectiveAt)
    })
  }
})

test('an event of no money is no posting', () => {
  const nothing = [
    postAuthorized({ ...ch, total: 0n }),
    postAuthorized({ ...ch, total: 500n, before: 500n }),
    postReleased({ ...ch, total: 0n }),
    postCaptured({ ...ch, total: 0n }),
    postFee({ ...eur, balanceRef: 'txn_1', amount: 0n }),
    postRefunded({ ...eur, refundId: 're_1', amount: 0n }),
    postRefundFailed({ ...eur, refundId: 're_1', amount: 0n }),
  ]
  assert.deepEqual(
    nothing,
    nothing.map(() => undefined),
  )
})

test('parts that do not add up, and amounts of the wrong sign, stop loudly', () => {
  assert.throws(() => postCaptured({ ...ch, total: 13001n, parts: order }), /add up to 13000, not to 13001/)
  assert.throws(
    () => postCaptured({ ...ch, total: 0n, parts: { ...order, goods: -3000n } }),
    /goods must not be negative/,
  )
  assert.throws(() => postAuthorized({ ...ch, total: 100n, before: 200n }), /must not be negative/)
  assert.throws(() => postReleased({ ...ch, total: -1n }), /must not be negative/)
  assert.throws(() => postRefundFailed({ ...eur, refundId: 're_1', amount: -1n }), /must not be negative/)
})

test('a refund of more than is left stops loudly', () => {
  const refund = (amount: bigint) => postRefunded({ ...eur, refundId: 're_1', amount, left: refundableOf(taxed) })
  assert.equal(show(refund(12000n)), 'Dr 4090 100.00 | Dr 2310 20.00 | Cr 1110 120.00')
  assert.throws(() => refund(12001n), /exceeds the 12000 left/)
})

test('a reversal negates every leg and has a key of its own', () => {
  const original = postCaptured({ ...ch, total: 13000n, parts: order })
  assert.ok(original)
  const reversal = reversePosting(original, { reverses: 'ltx', effectiveAt: new Date('2026-11-03T00:00:00Z') })
  assert.equal(show(reversal), 'Cr 1110 130.00 | Dr 4010 100.00 | Dr 4020 5.00 | Dr 2310 21.00 | Dr 2060 4.00')
  assert.equal(reversal.eventKey, 'ch_1:capture:reversal')
  assert.equal(reversal.kind, 'reversal')
})
