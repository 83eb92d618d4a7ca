import assert from 'node:assert/strict'
import { postAdjusted, postRounded, reversePosting } from '#ledger/correction-rules.ts'
import { postDiscounted, postDiscountReturned } from '#ledger/discount-rules.ts'
import {
  postDisputed,
  postDisputeFeeReturned,
  postDisputeLost,
  postDisputeRegained,
  postDisputeWon,
} from '#ledger/dispute-rules.ts'
import { postConverted, postExchangeDifference, postTranslated } from '#ledger/fx-rules.ts'
import {
  postOutboundGivenBack,
  postOutboundPosted,
  postOutboundReturned,
  postOutboundSent,
} from '#ledger/outbound-rules.ts'
import {
  postPayoutCreated,
  postPayoutFailed,
  postPayoutFee,
  postPayoutPaid,
  postReserveHeld,
  postReserveReleased,
  postSettled,
  postTipsPaid,
} from '#ledger/payout-rules.ts'
import {
  postAuthorized,
  postCaptured,
  postFee,
  postRefunded,
  postRefundFailed,
  postRefundRepaid,
  postReleased,
  refundableOf,
} from '#ledger/posting-rules.ts'
import { scaleParts } from '#ledger/revenue.ts'
import { at, happenedIn, row, type TableRow } from './posting-row.ts'
import { billTable, marketplaceTable, walletTable } from './posting-table-platform.ts'

const eur = happenedIn('eur')
const usd = happenedIn('usd')
const jpy = happenedIn('jpy')
const ch = { ...eur, providerChargeRef: 'ch_1' }
const order = { goods: 10000n, shipping: 500n, tax: 2100n, tip: 400n }
const half = { goods: 6667n, shipping: 0n, tax: 1333n, tip: 0n }
const taxed = { goods: 10000n, shipping: 0n, tax: 2000n, tip: 0n }
const yen = { goods: 10909n, shipping: 0n, tax: 1091n, tip: 0n }
const owed = { sales: 0n, tax: 0n, tip: 0n, owed: 3000n }
const re = { ...eur, refundId: 're_1', amount: 3000n }
const dp = { ...eur, disputeRef: 'dp_1', amount: 5000n }
const won = { ...eur, disputeRef: 'dp_2', amount: 2400n }
const po = { ...eur, payoutRef: 'po_1', amount: 12000n }
const obp = { ...eur, outboundPaymentId: 'obp_1', amount: 5000n }
const rsv = { ...eur, reserveRef: 'rsv_1', amount: 1000n }
const dollars = { currency: usd.currency, amount: 10000n }
const euros = { currency: eur.currency, amount: 9200n }
const adjustment = {
  ...at,
  adjustmentRef: 'lpr_1',
  legs: [
    { code: '1010', currency: eur.currency, amount: 1234n },
    { code: '2090', currency: eur.currency, amount: -1234n },
  ],
} as const
const yearEnd = {
  ...at,
  adjustmentRef: 'lpr_2',
  legs: [
    { code: '4010', currency: eur.currency, amount: 50000n },
    { code: '5010', currency: eur.currency, amount: -1200n },
    { code: '3100', currency: eur.currency, amount: -48800n },
  ],
} as const
const adjusted = postAdjusted(adjustment)
assert.ok(adjusted)

/** Own sales: the merchant of the books is the merchant of the payment. */
export const salesTable: readonly TableRow[] = [
  row('Authorised 130.00', '9010 130.00', '9011 130.00', 'ch_1:auth', postAuthorized, { ...ch, total: 13000n }),
  row('Authorisation raised from 130.00 to 150.00', '9010 20.00', '9011 20.00', 'ch_1:auth:15000', postAuthorized, {
    ...ch,
    total: 15000n,
    before: 13000n,
  }),
  row(
    'Authorisation released: captured, cancelled or expired',
    '9011 130.00',
    '9010 130.00',
    'ch_1:auth_release',
    postReleased,
    { ...ch, total: 13000n },
  ),
  row(
    'Captured 130.00: goods 100, shipping 5, VAT 21, tip 4',
    '1110 130.00',
    '4010 100.00 · 4020 5.00 · 2310 21.00 · 2060 4.00',
    'ch_1:capture',
    postCaptured,
    { ...ch, total: 13000n, parts: order },
  ),
  row('Captured 130.00 of an order without lines', '1110 130.00', '4010 130.00', 'ch_1:capture', postCaptured, {
    ...ch,
    total: 13000n,
  }),
  row(
    'Captured 50.00 of 80.00, 13.33 of the 80.00 being VAT',
    '1110 50.00',
    '4010 41.67 · 2310 8.33',
    'ch_1:capture',
    postCaptured,
    { ...ch, total: 5000n, parts: scaleParts(half, 5000n) },
  ),
  row('Captured 12,000 yen, 1,091 of it tax', '1110 12000', '4010 10909 · 2310 1091', 'ch_1:capture', postCaptured, {
    ...jpy,
    providerChargeRef: 'ch_1',
    total: 12000n,
    parts: yen,
  }),
  row('Processing fee 2.20', '5010 2.20', '1110 2.20', 'txn_1:fee', postFee, {
    ...eur,
    balanceRef: 'txn_1',
    amount: 220n,
  }),
  row(
    'Processing fee 2.20, 0.38 of it VAT that is recoverable',
    '5010 1.82 · 1230 0.38',
    '1110 2.20',
    'txn_1:fee',
    postFee,
    { ...eur, balanceRef: 'txn_1', amount: 220n, recoverableTax: 38n },
  ),
  row('Fee 3.20, 1.00 of it the platform’s', '5010 2.20 · 5010 1.00', '1110 3.20', 'txn_1:fee', postFee, {
    ...eur,
    balanceRef: 'txn_1',
    amount: 320n,
    applicationFee: 100n,
  }),
  row('The platform’s fee given back', '1110 1.00', '5010 1.00', 'txn_2:fee', postFee, {
    ...eur,
    balanceRef: 'txn_2',
    amount: -100n,
    applicationFee: -100n,
  }),
  row('Processing fee given back', '1110 2.20', '5010 2.20', 'txn_2:fee', postFee, {
    ...eur,
    balanceRef: 'txn_2',
    amount: -220n,
  }),
  row(
    'Refunded 30.00 of 120.00, 20.00 of the 120.00 being VAT',
    '4090 25.00 · 2310 5.00',
    '1110 30.00',
    're_1:refund',
    postRefunded,
    { ...re, left: refundableOf(taxed) },
  ),
  row('Refunded in full', '4090 105.00 · 2310 21.00 · 2060 4.00', '1110 130.00', 're_1:refund', postRefunded, {
    ...re,
    amount: 13000n,
    left: refundableOf(order),
  }),
  row(
    "Merchant's own discount of 10.00, which the provider took off",
    '4090 10.00',
    '1110 10.00',
    'ch_1:discount',
    postDiscounted,
    { ...ch, total: 13000n, amount: 1000n },
  ),
  row(
    'The same of 130.00 with 21.00 VAT and a tip of 4.00: the price falls, its VAT with it, the tip does not',
    '4090 8.33 · 2310 1.67',
    '1110 10.00',
    'ch_1:discount',
    postDiscounted,
    { ...ch, total: 13000n, amount: 1000n, parts: order },
  ),
  row(
    'Its part of a refund: what never arrived does not leave again',
    '1110 2.50',
    '4090 2.50',
    're_1:discount_refund',
    postDiscountReturned,
    { ...re, total: 3000n, amount: 250n },
  ),
  row(
    'The same where 1.67 of the 10.00 was VAT',
    '1110 2.50',
    '4090 2.08 · 2310 0.42',
    're_1:discount_refund',
    postDiscountReturned,
    { ...re, total: 3000n, amount: 250n, left: { sales: 833n, tax: 167n } },
  ),
  row(
    'Refund failed at the issuer: the money is back, and still owed',
    '1110 30.00',
    '2040 30.00',
    're_1:refund_failure',
    postRefundFailed,
    re,
  ),
  row('Failed refund paid by a second refund', '2040 30.00', '1110 30.00', 're_2:refund', postRefunded, {
    ...re,
    refundId: 're_2',
    left: owed,
  }),
  row(
    'Failed refund paid another way, from the bank',
    '2040 30.00',
    '1010 30.00',
    're_1:refund_repaid',
    postRefundRepaid,
    re,
  ),
]

export const disputeTable: readonly TableRow[] = [
  row('Dispute of 50.00 opened, fee 15.00', '1150 50.00 · 5020 15.00', '1110 65.00', 'dp_1:dispute', postDisputed, {
    ...dp,
    fee: 1500n,
  }),
  row('Dispute lost', '5050 50.00', '1150 50.00', 'dp_1:dispute_lost', postDisputeLost, dp),
  row(
    'Dispute lost where the law lets the VAT of 8.33 be taken back',
    '5050 41.67 · 2310 8.33',
    '1150 50.00',
    'dp_1:dispute_lost',
    postDisputeLost,
    { ...dp, taxRelief: 833n },
  ),
  row(
    'Dispute of a share lost while its bill still held 20.00 of it',
    '2031/bill_1 20.00 · 5050 30.00',
    '1150 50.00',
    'dp_1:dispute_lost:1',
    postDisputeLost,
    { ...dp, part: '1', share: { billId: 'bill_1', amount: 2000n } },
  ),
  row(
    'Dispute given up as lost, and won on appeal after all',
    '1150 50.00',
    '5050 50.00',
    'dp_1:dispute_lost:2',
    postDisputeRegained,
    { ...dp, part: '2' },
  ),
  row('Dispute of 24.00 won', '1110 24.00', '1150 24.00', 'dp_2:dispute_reversal', postDisputeWon, won),
  row(
    'Dispute fee given back, where the provider does so',
    '1110 15.00',
    '5020 15.00',
    'dp_2:dispute_fee_reversal',
    postDisputeFeeReturned,
    { ...won, amount: 1500n },
  ),
]

export const payoutTable: readonly TableRow[] = [
  row('120.00 become available', '1120 120.00', '1110 120.00', '2026-11-04:settle', postSettled, {
    ...eur,
    batchRef: '2026-11-04',
    amount: 12000n,
  }),
  row(
    'A day of more refunds than charges becomes available',
    '1110 7.00',
    '1120 7.00',
    '2026-11-05:settle',
    postSettled,
    { ...eur, batchRef: '2026-11-05', amount: -700n },
  ),
  row('Payout of 120.00 created', '1140 120.00', '1120 120.00', 'po_1:payout', postPayoutCreated, po),
  row('Payout failed or cancelled', '1120 120.00', '1140 120.00', 'po_1:payout_failure', postPayoutFailed, po),
  row('Payout seen on the bank statement', '1010 120.00', '1140 120.00', 'bank_1:payout_paid', postPayoutPaid, {
    ...po,
    bankRef: 'bank_1',
  }),
  row('Fee of an instant payout', '5030 1.20', '1120 1.20', 'po_1:payout_fee', postPayoutFee, { ...po, amount: 120n }),
  row('Reserve held by the provider', '1130 10.00', '1110 10.00', 'rsv_1:reserve_hold', postReserveHeld, rsv),
  row('Reserve released', '1110 10.00', '1130 10.00', 'rsv_1:reserve_release', postReserveReleased, rsv),
  row('Reserve held from available money', '1130 10.00', '1120 10.00', 'rsv_1:reserve_hold', postReserveHeld, {
    ...rsv,
    available: true,
  }),
  row('Reserve released to available money', '1120 10.00', '1130 10.00', 'rsv_1:reserve_release', postReserveReleased, {
    ...rsv,
    available: true,
  }),
  row('Tips paid out', '2060 4.00', '1010 4.00', 'bank_2:tip_payout', postTipsPaid, {
    ...eur,
    bankRef: 'bank_2',
    amount: 400n,
  }),
  ...outboundRows(),
]

export const exchangeTable: readonly TableRow[] = [
  row('Captured 100.00 dollars', '1110 100.00', '4010 100.00', 'ch_3:capture', postCaptured, {
    ...usd,
    providerChargeRef: 'ch_3',
    total: 10000n,
  }),
  row(
    'The provider converts them into 92.00 euros',
    '3900 USD 100.00 · 1110 EUR 92.00',
    '1110 USD 100.00 · 3900 EUR 92.00',
    'txn_4:fx_settle',
    postConverted,
    { ...at, balanceRef: 'txn_4', from: dollars, to: euros },
  ),
  row(
    'Period end: the dollar sales at the booking rate, 93.00 euros',
    '4010 USD 100.00 · 3900 EUR 93.00',
    '3900 USD 100.00 · 4010 EUR 93.00',
    '2026-11:4010:fx_translate',
    postTranslated,
    {
      ...at,
      translationRef: '2026-11:4010',
      code: '4010',
      balance: { ...dollars, amount: -10000n },
      value: { ...euros, amount: -9300n },
    },
  ),
  row('Exchange loss of 1.00', '5310 1.00', '3900 1.00', 'txn_4:fx_loss', postExchangeDifference, {
    ...eur,
    differenceRef: 'txn_4',
    amount: -100n,
  }),
  row('Exchange gain of 1.00', '3900 1.00', '5310 1.00', 'txn_5:fx_gain', postExchangeDifference, {
    ...eur,
    differenceRef: 'txn_5',
    amount: 100n,
  }),
  row('Exchange loss of 1.00, not yet realised', '5320 1.00', '3900 1.00', '2026-11:fx_loss', postExchangeDifference, {
    ...eur,
    differenceRef: '2026-11',
    amount: -100n,
    unrealised: true,
  }),
]

export const correctionTable: readonly TableRow[] = [
  row(
    'Adjustment that two people answer for: an unknown receipt',
    '1010 12.34',
    '2090 12.34',
    'lpr_1:adjustment',
    postAdjusted,
    adjustment,
  ),
  row('Its reversal', '2090 12.34', '1010 12.34', 'lpr_1:adjustment:reversal', reversePosting, adjusted, {
    reverses: 'ltx_1',
    ...at,
  }),
  row(
    'Rounding: a cent that a conversion leaves on the pending balance',
    '5390 0.01',
    '1110 0.01',
    'txn_6:rounding',
    postRounded,
    { ...eur, roundingRef: 'txn_6', code: '1110', amount: 1n },
  ),
  row('Rounding in our favour', '1110 0.01', '5390 0.01', 'txn_7:rounding', postRounded, {
    ...eur,
    roundingRef: 'txn_7',
    code: '1110',
    amount: -1n,
  }),
  row(
    'Year end, only where the law wants it booked: by an adjustment',
    '4010 500.00',
    '5010 12.00 · 3100 488.00',
    'lpr_2:adjustment',
    postAdjusted,
    yearEnd,
  ),
]

/** Every rule with an example, as an accountant reads it. */
export const postingTable: readonly TableRow[] = [
  ...salesTable,
  ...disputeTable,
  ...payoutTable,
  ...marketplaceTable,
  ...exchangeTable,
  ...walletTable,
  ...billTable,
  ...correctionTable,
]

function outboundRows(): TableRow[] {
  const free = { ...obp, available: true }
  const [sent, posted] = ['obp_1:outbound_payment', 'obp_1:outbound_payment_posted']
  const [failed, returned] = ['obp_1:outbound_payment_failure', 'obp_1:outbound_payment_return']
  return [
    row('50.00 sent to a person, from a balance that is one', '1140 50.00', '1110 50.00', sent, postOutboundSent, obp),
    row('The person has it', '5070 50.00', '1140 50.00', posted, postOutboundPosted, obp),
    row('It failed or was cancelled on its way', '1110 50.00', '1140 50.00', failed, postOutboundGivenBack, obp),
    row('It came back after the person had it', '1110 50.00', '5070 50.00', returned, postOutboundReturned, obp),
    row('50.00 sent to a person, from available money', '1140 50.00', '1120 50.00', sent, postOutboundSent, free),
    row('It failed, and is available again', '1120 50.00', '1140 50.00', failed, postOutboundGivenBack, free),
    row('It came back, and is available again', '1120 50.00', '5070 50.00', returned, postOutboundReturned, free),
  ]
}
