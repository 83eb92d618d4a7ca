import assert from 'node:assert/strict'
import { isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import type { AccountCode } from '#ledger/chart.ts'
import type { PostingKind } from '#ledger/kinds.ts'
import { type Line, type Posting, posting } from '#ledger/posting.ts'
import type { Booked } from './journal-of.ts'

/** Text that breaks careless writers: markup, right to left, beyond 16 bits, formulas, XML's forbidden characters. */
export const awkward = '=HYPERLINK("x")&<b> 花束 شكرا 🧧 \u0001\ufffe'

const day = (number: number): Date => new Date(Date.UTC(2026, 10, number, 12))

/** Legs are written `code amount` or `code/holder amount`. */
const post = (
  number: number,
  currency: string,
  kind: PostingKind,
  ref: string,
  legs: string,
  { refs = {}, paymentIntentId = null, ...more }: Partial<Posting> & { paymentIntentId?: string | null } = {},
): Booked => {
  assert.ok(isCurrency(currency))
  const lines = [...legs.matchAll(/(\d{4})(?:\/(\S+))? (-?\d+)/g)].map(
    ([, code, holder, amount = '']): Line => [code as AccountCode, BigInt(amount), holder],
  )
  const event = { currency, effectiveAt: day(number), refs, ...more }
  const made = posting(event, { ref, kind, description: `${kind} ${ref}` }, lines)
  assert.ok(made)
  return { posting: made, paymentIntentId }
}

const [one, two, four] = [newUuid(), newUuid(), newUuid()]

/** A small business of November 2026: three currencies, payouts, a dispute and wallets. */
export const november: readonly Booked[] = [
  post(2, 'eur', 'auth', 'ch_1', '9010 12000 9011 -12000', { paymentIntentId: one }),
  post(2, 'eur', 'capture', 'ch_1', '1110 12000 4010 -10000 2310 -2000', {
    valueAt: day(5),
    description: awkward,
    refs: { order: '1001' },
    paymentIntentId: one,
  }),
  post(2, 'eur', 'fee', 'txn_1', '5010 205 1110 -205', {
    refs: { balance_transaction: 'txn_1' },
    valueAt: day(5),
    paymentIntentId: one,
  }),
  post(3, 'jpy', 'capture', 'ch_2', '1110 12000 4010 -12000', { paymentIntentId: two }),
  post(3, 'jpy', 'fee', 'txn_2', '5010 432 1110 -432', {
    refs: { balance_transaction: 'txn_2' },
    paymentIntentId: two,
  }),
  post(4, 'eur', 'refund', 're_1', '4090 2500 2310 500 1110 -3000', { valueAt: day(5), paymentIntentId: one }),
  post(5, 'eur', 'settle', 'batch_1', '1120 8795 1110 -8795'),
  post(6, 'eur', 'payout', 'po_1', '1140 8795 1120 -8795', { refs: { payout: 'po_1' } }),
  post(6, 'kwd', 'topup', 'ch_3', '1110 10005 2020/usr_7 -10005'),
  post(9, 'eur', 'payout_paid', 'bank_1', '1010 8795 1140 -8795', { refs: { payout: 'po_1' } }),
  post(9, 'eur', 'capture', 'ch_4', '1110 5000 4010 -5000', { valueAt: day(12), paymentIntentId: four }),
  post(10, 'eur', 'dispute', 'dp_1', '1150 5000 5020 1500 1110 -6500'),
  post(11, 'kwd', 'wallet_transfer', 'tr_1', '2020/usr_7 5 2020/usr_8 -5'),
]
