import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { postBillCompleted } from '#ledger/bill-rules.ts'
import { chartOfAccounts, normalSide } from '#ledger/chart.ts'
import { postAdjusted, reversePosting } from '#ledger/correction-rules.ts'
import { postDisputed, postDisputeLost } from '#ledger/dispute-rules.ts'
import { postConverted, postTranslated } from '#ledger/fx-rules.ts'
import { reportingCategories } from '#ledger/kinds.ts'
import { postApplicationFee, postRefundedForSeller, postTransferReversed } from '#ledger/marketplace-rules.ts'
import { postPayoutCreated, postReserveHeld } from '#ledger/payout-rules.ts'
import {
  postAuthorized,
  postCaptured,
  postFee,
  postingRules,
  postRefunded,
  postRefundFailed,
  postReleased,
  refundableOf,
} from '#ledger/posting-rules.ts'
import { postToppedUp, postWalletTransferred } from '#ledger/wallet-rules.ts'
import { at, happenedIn, showLegs } from './posting-row.ts'
import { postingTable } from './posting-table.ts'

const eur = happenedIn('eur')
const usd = happenedIn('usd')
const ch = { ...eur, providerChargeRef: 'ch_1' }
const order = { goods: 10000n, shipping: 500n, tax: 2100n, tip: 400n }
const taxed = { goods: 10000n, shipping: 0n, tax: 2000n, tip: 0n }

describe('what each event means in accounts', () => {
  for (const { event, debit, credit, key, posting } of postingTable) {
    test(`${event}: Dr ${debit} / Cr ${credit}`, () => {
      assert.deepEqual([showLegs(posting, 'debit'), showLegs(posting, 'credit')], [debit, credit])
      assert.equal(posting?.eventKey, key)
      assert.ok(key.split(':').includes(posting?.kind ?? ''), 'the key ends with the kind')
      assert.equal(posting?.effectiveAt, at.effectiveAt)
    })
  }

  test('every kind and every rule has a row', () => {
    const kinds = Object.keys(reportingCategories)
    assert.deepEqual(
      kinds.filter((kind) => !postingTable.some(({ posting }) => posting?.kind === kind)),
      [],
    )
    const rules = Object.entries(postingRules).flatMap(([kind, byName]) =>
      Object.entries(byName).map(([name, rule]) => ({ kind, name, rule })),
    )
    const lacking = rules.filter(
      ({ kind, rule }) => !postingTable.some((row) => row.rule === rule && row.posting?.kind === kind),
    )
    assert.deepEqual(lacking, [])
    const listed = new Set(rules.map(({ rule }) => rule as unknown))
    assert.deepEqual(
      postingTable.filter(({ rule }) => !listed.has(rule)),
      [],
    )
  })

  test('docs/finance.md shows every row, and the whole chart of accounts', () => {
    const document = readFileSync('docs/finance.md', 'utf8')
    for (const { event, debit, credit, posting } of postingTable) {
      const line = `| ${event} | \`${posting?.kind}\` | ${debit} | ${credit} |`
      assert.ok(document.includes(line), `docs/finance.md lacks:\n${line}`)
    }
    for (const { code, name, type } of chartOfAccounts) {
      const line = `| ${code} | ${name} | ${type} | ${normalSide(type)} |`
      assert.ok(document.includes(line), `docs/finance.md lacks:\n${line}`)
    }
  })
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
    postDisputed({ ...eur, disputeRef: 'dp_1', amount: 0n }),
    postToppedUp({ ...eur, providerChargeRef: 'ch_1', user: 'u1', amount: 0n }),
    postAdjusted({ ...at, adjustmentRef: 'lpr_1', legs: [] }),
  ]
  assert.deepEqual(
    nothing,
    nothing.map(() => undefined),
  )
})

test('bad input stops loudly and says what is bad', () => {
  const seller = { ...eur, seller: 's1', amount: 1000n }
  const dollars = { currency: usd.currency, amount: 100n }
  const euros = { currency: eur.currency, amount: -92n }
  const cent = { code: '1010', currency: eur.currency, amount: 1n } as const
  const refusals: readonly [RegExp, () => unknown][] = [
    [/parts of ch_1 add up to 13000, not to 13001/, () => postCaptured({ ...ch, total: 13001n, parts: order })],
    [/goods must not be/, () => postCaptured({ ...ch, total: 0n, parts: { ...order, goods: -3000n } })],
    [/add up to 13000, not to 100/, () => postBillCompleted({ ...eur, billId: 'sb', total: 100n, parts: order })],
    [/increment must not be negative, got -100/, () => postAuthorized({ ...ch, total: 100n, before: 200n })],
    [/release must not be negative/, () => postReleased({ ...ch, total: -1n })],
    [/refund must not be negative/, () => postRefundFailed({ ...eur, refundId: 're_1', amount: -1n })],
    [/reserve must not be negative/, () => postReserveHeld({ ...eur, reserveRef: 'rsv_1', amount: -1n })],
    [/dispute fee must not be/, () => postDisputed({ ...eur, disputeRef: 'dp_1', amount: 1n, fee: -1n })],
    [
      /tax relief of 2 exceeds the 1 /,
      () => postDisputeLost({ ...eur, disputeRef: 'dp_1', amount: 1n, taxRelief: 2n }),
    ],
    [/tax of 1001 exceeds the 1000 /, () => postApplicationFee({ ...seller, feeRef: 'fee_1', tax: 1001n })],
    [
      /application fee of 1001 exceeds/,
      () => postRefundedForSeller({ ...seller, refundId: 're_1', sellerFunds: 'paid', fee: 1001n }),
    ],
    [/owed of 1001 exceeds/, () => postTransferReversed({ ...seller, reversalRef: 'trr_1', owed: 1001n })],
    [/two directions/, () => postConverted({ ...at, balanceRef: 'txn_1', from: dollars, to: euros })],
    [
      /usd into itself/,
      () => postTranslated({ ...at, translationRef: 'fx', code: '4010', balance: dollars, value: dollars }),
    ],
    [/wallet to itself/, () => postWalletTransferred({ ...eur, transferId: 'p2p', amount: 1n, from: 'u1', to: 'u1' })],
    [/2020 without saying whose/, () => postToppedUp({ ...ch, user: '', amount: 1n })],
    [/unbalanced by 1 eur/, () => postAdjusted({ ...at, adjustmentRef: 'lpr_1', legs: [cent] })],
  ]
  for (const [message, rule] of refusals) assert.throws(rule, { name: 'RangeError', message })
})

test('a refund of more than is left stops loudly', () => {
  const refund = (amount: bigint) => postRefunded({ ...eur, refundId: 're_1', amount, left: refundableOf(taxed) })
  assert.equal(showLegs(refund(12000n), 'debit'), '4090 100.00 · 2310 20.00')
  assert.throws(() => refund(12001n), /exceeds the 12000 left/)
})

test('a reversal negates every leg and its value, says what it reverses, and can be reversed itself', () => {
  const original = postCaptured({ ...ch, total: 130n, refs: { provider: 'stripe' } })
  assert.ok(original)
  const valued = { ...original, legs: original.legs.map((leg) => ({ ...leg, baseAmount: leg.amount * 2n })) }
  const once = reversePosting(valued, { reverses: 'ltx_1', ...at })
  assert.deepEqual(once, {
    eventKey: 'ch_1:capture:reversal',
    kind: 'reversal',
    description: 'Reversal of ch_1:capture',
    effectiveAt: at.effectiveAt,
    reverses: 'ltx_1',
    refs: { provider: 'stripe', object: 'ch_1' },
    legs: [
      { code: '1110', currency: eur.currency, amount: -130n, baseAmount: -260n },
      { code: '4010', currency: eur.currency, amount: 130n, baseAmount: 260n },
    ],
  })
  const twice = reversePosting(once, { reverses: 'ltx_2', ...at })
  assert.deepEqual(twice.legs, valued.legs)
  assert.equal(twice.eventKey, 'ch_1:capture:reversal:reversal')
})

test('what the event is called elsewhere comes along; the provider’s names win over ours', () => {
  const refs = { provider: 'stripe', object: 're_stripe', balance_transaction: 'txn_9', message: 'msg_1' }
  assert.deepEqual(postRefunded({ ...eur, refundId: 're_1', amount: 1n, refs })?.refs, refs)
  assert.deepEqual(postFee({ ...eur, balanceRef: 'txn_1', amount: 1n })?.refs, {
    object: 'txn_1',
    balance_transaction: 'txn_1',
  })
  assert.deepEqual(postPayoutCreated({ ...eur, payoutRef: 'po_1', amount: 1n })?.refs, {
    object: 'po_1',
    payout: 'po_1',
  })
})

test('a description is one line of at most 500 characters, whatever comes in', () => {
  const described = (description: string) => postCaptured({ ...ch, total: 1n, description })?.description
  assert.equal(described('tab\tline\r\nbreak\u0000nul\u0085next\u2028sep\u001b[0m'), 'tab line  break nul next sep [0m')
  assert.equal(described('红包 🧧 =1+1'), '红包 🧧 =1+1')
  assert.equal(described('half \ud83e a pair'), 'half \ufffd a pair')
  assert.equal(described('🧧'.repeat(600)), '🧧'.repeat(500))
  assert.equal(described(''), '')
  const reversed = reversePosting({ eventKey: 'k', legs: [] }, { reverses: 'x', ...at, description: 'a\nb' })
  assert.equal(reversed.description, 'a b')
})
