import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isCurrency } from '#kernel/currencies.ts'
import { postDisputed, postDisputeLost } from '#ledger/dispute-rules.ts'
import {
  postApplicationFeeRefunded,
  postRefundedForSeller,
  postTransferReversed,
  sellerPart,
} from '#ledger/marketplace-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { saleOf } from '#payments/transfer.ts'
import { postSale } from '#payments/transfer-postings.ts'

const eur = 'eur'
assert.ok(isCurrency(eur))
const event = { currency: eur, effectiveAt: new Date(0) }
const ch = { ...event, providerChargeRef: 'ch' }

const net = (postings: readonly (Posting | undefined)[], code?: string): bigint =>
  postings
    .flatMap((posting) => posting?.legs ?? [])
    .filter((leg) => code === undefined || leg.code === code)
    .reduce((sum, leg) => sum + leg.amount, 0n)

const feeOf = ({ applicationFee }: { applicationFee?: { amount: bigint } }) => applicationFee?.amount

/** What was captured, and what the provider was told of it: a fee, a sum, or neither. */
const charge = fc
  .record({ captured: fc.bigInt({ min: 1n, max: 99_999_999n }), percent: fc.bigInt({ min: 0n, max: 150n }) })
  .chain(({ captured, percent }) => {
    const some = (captured * percent) / 100n
    return fc.constantFrom(
      { captured, transfer: { destination: 's' }, taken: {} },
      { captured, transfer: { destination: 's' }, taken: { applicationFee: { amount: some } } },
      { captured, transfer: { destination: 's', amount: some }, taken: {} },
    )
  })

/** Refunds and lost disputes, as weights of what is left; whether the transfer is reversed with it. */
const returns = fc.array(
  fc.record({ weight: fc.bigInt({ min: 1n, max: 50n }), isReversed: fc.boolean(), isDispute: fc.boolean() }),
  { maxLength: 8 },
)

describe('a sale for somebody else', () => {
  test('owes the seller nothing once it is captured, in one part or several, and keeps what is not passed on', () => {
    fc.assert(
      fc.property(charge, fc.bigInt({ min: 0n, max: 100n }), ({ captured, transfer, taken }, percent) => {
        const first = (captured * percent) / 100n
        const whole = postSale({ ...ch, total: captured, before: 0n }, transfer, taken)
        const parts = [
          ...postSale({ ...ch, total: first, before: 0n }, transfer, taken),
          ...postSale({ ...ch, total: captured, before: first }, transfer, taken),
        ]
        const { fee } = saleOf(transfer, captured, feeOf(taken))
        for (const postings of [whole, parts]) {
          assert.equal(net(postings), 0n)
          assert.equal(net(postings, '2010'), 0n)
          assert.equal(-net(postings, '4030'), fee)
          assert.equal(net(postings, '1110'), fee)
        }
        const keys = parts.flatMap((one) => (one ? [one.eventKey] : []))
        assert.equal(new Set(keys).size, keys.length)
      }),
    )
  })

  test('is owed by the seller as far as nothing is taken back, whatever comes first; all accounts add up', () => {
    fc.assert(
      fc.property(charge, returns, fc.boolean(), ({ captured, transfer, taken }, steps, isEarly) => {
        const sale = saleOf(transfer, captured, feeOf(taken))
        const postings = [...postSale({ ...ch, total: captured, before: 0n }, transfer, taken)]
        let [before, owed, borne] = [0n, 0n, 0n]
        for (const { weight, isReversed, isDispute } of steps) {
          const amount = ((captured - before) * weight) / 50n
          const part = sellerPart(sale, before, amount)
          const sold = { ...event, seller: 's' }
          const refunded = isDispute
            ? [
                postDisputed({ ...event, disputeRef: 'dp', amount }),
                postDisputeLost({ ...event, disputeRef: 'dp', amount, sold: { seller: 's', amount: part } }),
              ]
            : [
                postRefundedForSeller({
                  ...sold,
                  refundId: 're',
                  amount,
                  fee: amount - part,
                  sellerFunds: 'transferred',
                }),
              ]
          const reversal = { ...sold, reversalRef: 'trr', amount: part, owed: part, isPending: true }
          const back = isReversed ? [postTransferReversed(reversal)] : []
          postings.push(...(isEarly ? [...back, ...refunded] : [...refunded, ...back]))
          before += amount
          borne += part
          if (!isReversed) owed += part
        }
        assert.equal(net(postings), 0n)
        assert.equal(net(postings, '1150'), 0n)
        assert.equal(net(postings, '1210'), owed)
        assert.equal(net(postings, '2010'), 0n)
        assert.equal(net(postings, '1110'), sale.fee - before + borne - owed)
        assert.ok(borne <= sale.transferred)
        if (before === captured) assert.equal(borne, sale.transferred)
      }),
    )
  })

  test('gives a fee back to the seller at once', () => {
    const returned = postApplicationFeeRefunded({ ...event, seller: 's', feeRefundRef: 'fr', amount: 5n, isPaid: true })
    assert.deepEqual([net([returned], '1110'), net([returned], '4096'), net([returned], '2010')], [-5n, 5n, 0n])
  })
})
