import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { allocate } from '#kernel/money.ts'
import { postBillCompleted, postSharePaid, postShareReturned } from '#ledger/bill-rules.ts'
import { chartAccount } from '#ledger/chart.ts'
import { postAdjusted, postRounded, reversePosting } from '#ledger/correction-rules.ts'
import { postDisputed, postDisputeFeeReturned, postDisputeLost, postDisputeWon } from '#ledger/dispute-rules.ts'
import { postConverted, postExchangeDifference, postTranslated } from '#ledger/fx-rules.ts'
import { reportingCategories } from '#ledger/kinds.ts'
import {
  postApplicationFee,
  postCapturedForSeller,
  postRefundedForSeller,
  postTransferReversed,
  postTransferred,
  postWrittenOff,
} from '#ledger/marketplace-rules.ts'
import {
  postPayoutCreated,
  postPayoutFailed,
  postPayoutFee,
  postPayoutPaid,
  postSettled,
} from '#ledger/payout-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import {
  postPacketClaimed,
  postPacketExpired,
  postPacketFunded,
  postToppedUp,
  postTransferAccepted,
  postTransferDeclined,
  postTransferOffered,
} from '#ledger/wallet-rules.ts'
import { at, happenedIn } from './posting-row.ts'

type Postings = readonly (Posting | undefined)[]

const eur = happenedIn('eur')
const usd = happenedIn('usd')
const amount = fc.bigInt({ min: 1n, max: 99_999_999n })
const percent = fc.integer({ min: 0, max: 100 })
const share = (of: bigint, part: number): bigint => (of * BigInt(part)) / 100n

/** Debits less credits on a code, of one holder and currency if named. */
const net = (postings: Postings, code: string, of: { holder?: string; currency?: string } = {}): bigint =>
  postings
    .flatMap((posting) => posting?.legs ?? [])
    .filter((leg) => leg.code === code && (of.holder ?? leg.holder) === leg.holder)
    .filter((leg) => (of.currency ?? leg.currency) === leg.currency)
    .reduce((sum, leg) => sum + leg.amount, 0n)

/** What holds for every posting whatever its event: balanced by currency, known accounts and kind, a key of its own. */
const requireSound = (postings: Postings): void => {
  const booked = postings.filter((posting) => posting !== undefined)
  for (const { legs, kind, description } of booked) {
    assert.ok(kind in reportingCategories)
    assert.ok(description.length > 0)
    for (const currency of new Set(legs.map((leg) => leg.currency))) {
      const inCurrency = legs.filter((leg) => leg.currency === currency)
      assert.equal(
        inCurrency.reduce((sum, leg) => sum + leg.amount, 0n),
        0n,
      )
      assert.ok(inCurrency.length >= 2 && inCurrency.every((leg) => leg.amount !== 0n && chartAccount(leg.code)))
    }
  }
  assert.equal(new Set(booked.map((posting) => posting.eventKey)).size, booked.length)
}

test('a dispute leaves nothing on 1150 once it is closed, and costs what was lost and the fee that is kept', () => {
  const dispute = fc.record({ total: amount, fee: amount, relief: percent, isWon: fc.boolean(), feeBack: fc.boolean() })
  fc.assert(
    fc.property(dispute, ({ total, fee, relief, isWon, feeBack }) => {
      const event = { ...eur, disputeRef: 'dp', amount: total }
      const opened = postDisputed({ ...event, fee })
      assert.equal(net([opened], '1150'), total)
      const postings = [
        opened,
        isWon ? postDisputeWon(event) : postDisputeLost({ ...event, taxRelief: share(total, relief) }),
        feeBack ? postDisputeFeeReturned({ ...event, amount: fee }) : undefined,
      ]
      requireSound(postings)
      assert.equal(net(postings, '1150'), 0n)
      assert.equal(net(postings, '5020'), feeBack ? 0n : fee)
      assert.equal(net(postings, '5050') + net(postings, '2310'), isWon ? 0n : total)
      assert.ok(postings.every((posting) => posting === undefined || posting.refs?.object === 'dp'))
    }),
  )
})

test('a payout leaves nothing on 1140 once it is paid or failed', () => {
  fc.assert(
    fc.property(amount, amount, fc.boolean(), (total, fee, isPaid) => {
      const event = { ...eur, payoutRef: 'po', amount: total }
      const postings = [
        postSettled({ ...eur, batchRef: 'day', amount: total + fee }),
        postPayoutCreated(event),
        postPayoutFee({ ...event, amount: fee }),
        isPaid ? postPayoutPaid({ ...event, bankRef: 'bank' }) : postPayoutFailed(event),
      ]
      requireSound(postings)
      assert.equal(net(postings, '1140'), 0n)
      assert.deepEqual([net(postings, '1010'), net(postings, '1120')], isPaid ? [total, 0n] : [0n, total])
      assert.ok(postings.slice(1).every((posting) => posting?.refs?.payout === 'po'))
    }),
  )
})

describe('what is held is handed on whole', () => {
  test('a red packet, however it is claimed', () => {
    fc.assert(
      fc.property(amount, fc.array(percent, { maxLength: 12 }), (total, percents) => {
        const event = { ...eur, packetId: 'rp' }
        const postings: (Posting | undefined)[] = [
          postToppedUp({ ...eur, providerChargeRef: 'ch', user: 'u1', amount: total }),
          postPacketFunded({ ...event, user: 'u1', amount: total }),
        ]
        const left = (): bigint => -net(postings, '2030', { holder: 'rp' })
        for (const [index, part] of percents.entries()) {
          postings.push(postPacketClaimed({ ...event, user: `c${index}`, amount: share(left(), part) }))
          assert.ok(left() >= 0n)
        }
        postings.push(postPacketExpired({ ...event, user: 'u1', amount: left() }))
        requireSound(postings)
        assert.equal(left(), 0n)
        assert.equal(net(postings, '2020'), -total)
      }),
    )
  })

  test('a transfer, accepted or declined', () => {
    fc.assert(
      fc.property(amount, fc.boolean(), (total, isAccepted) => {
        const event = { ...eur, transferId: 'p2p', amount: total }
        const postings = [
          postToppedUp({ ...eur, providerChargeRef: 'ch', user: 'a', amount: total }),
          postTransferOffered({ ...event, from: 'a' }),
          isAccepted ? postTransferAccepted({ ...event, to: 'b' }) : postTransferDeclined({ ...event, from: 'a' }),
        ]
        requireSound(postings)
        assert.equal(net(postings, '2032'), 0n)
        assert.equal(net(postings, '2020', { holder: isAccepted ? 'b' : 'a' }), -total)
      }),
    )
  })

  test('a bill, complete or cancelled after some have paid', () => {
    const bill = fc.record({
      total: amount,
      payers: fc.integer({ min: 2, max: 20 }),
      tax: percent,
      paid: fc.integer({ min: 0, max: 20 }),
    })
    fc.assert(
      fc.property(bill, ({ total, payers, tax, paid }) => {
        const event = { ...eur, billId: 'sb' }
        const shares = allocate(total, Array<bigint>(payers).fill(1n))
        const [most = 0n, least = 0n] = [shares[0], shares.at(-1)]
        assert.ok(most - least <= 1n)
        const arrived = shares.slice(0, paid)
        const pay = (part: bigint, n: number) => postSharePaid({ ...event, providerChargeRef: `ch${n}`, amount: part })
        const giveBack = (part: bigint, n: number) => postShareReturned({ ...event, refundId: `re${n}`, amount: part })
        const parts = { goods: total - share(total, tax), shipping: 0n, tax: share(total, tax), tip: 0n }
        const isComplete = paid >= payers
        const postings = isComplete
          ? [...shares.map(pay), postBillCompleted({ ...event, total, parts })]
          : [...arrived.map(pay), ...arrived.map(giveBack)]
        requireSound(postings)
        assert.equal(net(postings, '2031'), 0n)
        assert.equal(net(postings, '1110'), isComplete ? total : 0n)
      }),
    )
  })
})

test('a sale in another currency leaves nothing on 3900 in either, and the difference is what it brought less', () => {
  fc.assert(
    fc.property(amount, amount, amount, (dollars, booked, brought) => {
      const from = { currency: usd.currency, amount: dollars }
      const in_ = (value: bigint) => ({ currency: eur.currency, amount: value })
      const postings = [
        postCaptured({ ...usd, providerChargeRef: 'ch', total: dollars }),
        postConverted({ ...at, balanceRef: 'txn', from, to: in_(brought) }),
        postTranslated({
          ...at,
          translationRef: '2026-11',
          code: '4010',
          balance: { ...from, amount: -dollars },
          value: in_(-booked),
        }),
        postExchangeDifference({ ...eur, differenceRef: 'txn', amount: brought - booked }),
      ]
      requireSound(postings)
      for (const { currency } of [usd, eur]) assert.equal(net(postings, '3900', { currency }), 0n)
      assert.equal(net(postings, '1110', usd), 0n)
      assert.deepEqual([net(postings, '1110', eur), net(postings, '4010', eur)], [brought, -booked])
      assert.equal(net(postings, '5310', eur), booked - brought)
    }),
  )
})

test('a seller is paid all but the fee, and what a late refund makes them owe is paid back or written off', () => {
  const life = fc.record({ total: amount, fee: percent, refund: percent, feeBack: percent, recovered: percent })
  fc.assert(
    fc.property(life, (of) => {
      const seller = { ...eur, seller: 's' }
      const fee = share(of.total, of.fee)
      const refund = share(of.total, of.refund)
      const [feeBack, payable] = [share(share(refund, of.fee), of.feeBack), of.total - fee]
      const owed = refund - feeBack
      const recovered = share(owed, of.recovered)
      const shares = [{ seller: 's', amount: payable }]
      const postings = [
        postCapturedForSeller({ ...seller, providerChargeRef: 'ch', amount: of.total }),
        postApplicationFee({ ...seller, feeRef: 'fee', amount: fee }),
        postSettled({ ...eur, batchRef: 'day', amount: of.total, sellers: shares }),
        postTransferred({ ...seller, transferRef: 'tr', amount: payable }),
        postRefundedForSeller({ ...seller, refundId: 're', sellerFunds: 'paid', amount: refund, fee: feeBack }),
        postTransferReversed({ ...seller, reversalRef: 'trr', amount: recovered, owed: recovered }),
        postWrittenOff({ ...seller, writeOffRef: 'wo', amount: owed - recovered }),
      ]
      requireSound(postings)
      for (const code of ['2010', '2011', '1210']) assert.equal(net(postings, code), 0n, code)
      assert.equal(net(postings, '1120') + net(postings, '5060'), fee - feeBack)
    }),
  )
})

test('a reversal leaves nothing of any posting, and its own reversal is the posting again', () => {
  const legs = fc.array(fc.tuple(fc.boolean(), amount), { minLength: 1, maxLength: 6 }).map((pairs) =>
    pairs.flatMap(([isEuro, part]) => {
      const { currency } = isEuro ? eur : usd
      return [
        { code: '1390', currency, amount: part, baseAmount: part / 2n },
        { code: '2090', currency, amount: -part, baseAmount: -part / 2n },
      ] as const
    }),
  )
  fc.assert(
    fc.property(legs, (all) => {
      const original = postAdjusted({ ...at, adjustmentRef: 'a', legs: all })
      assert.ok(original)
      const once = reversePosting(original, { reverses: '1', ...at })
      const twice = reversePosting(once, { reverses: '2', ...at })
      requireSound([original, once, twice])
      for (const { currency } of [usd, eur]) assert.equal(net([original, once], '1390', { currency }), 0n)
      assert.deepEqual(twice.legs, original.legs)
    }),
  )
})

test('rounding moves a residue of either sign off the account it is on', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -5n, max: 5n }), (residue) => {
      const posting = postRounded({ ...eur, roundingRef: 'r', code: '1110', amount: residue })
      requireSound([posting])
      assert.deepEqual([net([posting], '5390'), net([posting], '1110')], [residue, -residue])
    }),
  )
})
