import { postBillCompleted, postSharePaid, postShareReturned } from '#ledger/bill-rules.ts'
import { postDisputeLost, postDisputeRegained } from '#ledger/dispute-rules.ts'
import {
  postApplicationFee,
  postApplicationFeeRefunded,
  postCapturedForSeller,
  postRefundedForSeller,
  postTransferReversed,
  postTransferred,
  postWrittenOff,
} from '#ledger/marketplace-rules.ts'
import { postSettled } from '#ledger/payout-rules.ts'
import { postFee } from '#ledger/posting-rules.ts'
import {
  postPacketClaimed,
  postPacketExpired,
  postPacketFunded,
  postToppedUp,
  postTransferAccepted,
  postTransferDeclined,
  postTransferOffered,
  postWalletTransferred,
} from '#ledger/wallet-rules.ts'
import { happenedIn, row, type TableRow } from './posting-row.ts'

const bill = { goods: 8333n, shipping: 0n, tax: 1667n, tip: 0n }
const eur = happenedIn('eur')
const cny = happenedIn('cny')
const s1 = { ...eur, seller: 's1' }
const packet = { ...cny, packetId: 'rp' }
const refunded = { ...s1, refundId: 're_2', amount: 4000n, fee: 400n, feeTax: 67n }
const p2p = { ...cny, transferId: 'p2p', amount: 2000n }
const sb = { ...eur, billId: 'sb' }

export const marketplaceTable: readonly TableRow[] = [
  row('Captured 100.00 for seller s1', '1110 100.00', '2010/s1 100.00', 'ch_2:capture', postCapturedForSeller, {
    ...s1,
    providerChargeRef: 'ch_2',
    amount: 10000n,
  }),
  row(
    'Application fee 10.00, 1.67 of it VAT',
    '2010/s1 10.00',
    '4030 8.33 · 2310 1.67',
    'fee_1:application_fee',
    postApplicationFee,
    { ...s1, feeRef: 'fee_1', amount: 1000n, tax: 167n },
  ),
  row(
    'Application fee given back',
    '4096 8.33 · 2310 1.67',
    '2010/s1 10.00',
    'fr_1:application_fee_refund',
    postApplicationFeeRefunded,
    { ...s1, feeRefundRef: 'fr_1', amount: 1000n, tax: 167n },
  ),
  row('Processing fee 1.75 that the platform bears', '5010 1.75', '1110 1.75', 'txn_3:fee', postFee, {
    ...eur,
    balanceRef: 'txn_3',
    amount: 175n,
  }),
  row('Processing fee 1.75 that the seller bears', '2010/s1 1.75', '1110 1.75', 'txn_3:fee', postFee, {
    ...eur,
    balanceRef: 'txn_3',
    amount: 175n,
    seller: 's1',
  }),
  row(
    '98.25 become available, 90.00 of it the seller’s',
    '1120 98.25 · 2010/s1 90.00',
    '1110 98.25 · 2011/s1 90.00',
    '2026-11-04:settle',
    postSettled,
    { ...eur, batchRef: '2026-11-04', amount: 9825n, sellers: [{ seller: 's1', amount: 9000n }] },
  ),
  row('Transferred to the seller', '2011/s1 90.00', '1120 90.00', 'tr_1:transfer', postTransferred, {
    ...s1,
    transferRef: 'tr_1',
    amount: 9000n,
  }),
  row(
    'Refunded 40.00 while the seller’s money is pending, 4.00 of the application fee given back',
    '2010/s1 36.00 · 4096 3.33 · 2310 0.67',
    '1110 40.00',
    're_2:refund',
    postRefundedForSeller,
    { ...refunded, sellerFunds: 'pending' },
  ),
  row(
    'The same while it is available',
    '2011/s1 36.00 · 4096 3.33 · 2310 0.67',
    '1120 40.00',
    're_2:refund',
    postRefundedForSeller,
    { ...refunded, sellerFunds: 'available' },
  ),
  row(
    'The same after the seller was paid: the seller owes it',
    '1210/s1 36.00 · 4096 3.33 · 2310 0.67',
    '1120 40.00',
    're_2:refund',
    postRefundedForSeller,
    { ...refunded, sellerFunds: 'paid' },
  ),
  row(
    '50.00 taken back from the seller, who owes 36.00',
    '1120 50.00',
    '1210/s1 36.00 · 2011/s1 14.00',
    'trr_1:transfer_reversal',
    postTransferReversed,
    { ...s1, reversalRef: 'trr_1', amount: 5000n, owed: 3600n },
  ),
  row(
    'Passed on to the seller with the charge, the fee kept',
    '2010/s1 90.00',
    '1110 90.00',
    'ch_2:transfer',
    postTransferred,
    {
      ...s1,
      transferRef: 'ch_2',
      amount: 9000n,
      isPending: true,
    },
  ),
  row(
    'Refunded 40.00 after that, without taking anything back: the seller owes it',
    '1210/s1 40.00',
    '1110 40.00',
    're_2:refund',
    postRefundedForSeller,
    { ...s1, refundId: 're_2', amount: 4000n, sellerFunds: 'transferred' },
  ),
  row(
    'The same where 10.00 of 100.00 were never passed on: the platform bears its part',
    '1210/s1 36.00 · 4096 4.00',
    '1110 40.00',
    're_2:refund',
    postRefundedForSeller,
    { ...s1, refundId: 're_2', amount: 4000n, fee: 400n, sellerFunds: 'transferred' },
  ),
  row(
    'Refunded again after a refund of 10.00 had failed: that is owed already',
    '2040 10.00 · 1210/s1 30.00',
    '1110 40.00',
    're_3:refund',
    postRefundedForSeller,
    { ...s1, refundId: 're_3', amount: 4000n, owed: 1000n, sellerFunds: 'transferred' },
  ),
  row(
    'The transfer is reversed with a refund of 40.00',
    '1110 40.00',
    '1210/s1 40.00',
    'trr_2:transfer_reversal',
    postTransferReversed,
    { ...s1, reversalRef: 'trr_2', amount: 4000n, owed: 4000n, isPending: true },
  ),
  row(
    'The application fee of it given back to the seller',
    '4096 4.00',
    '1110 4.00',
    'fr_2:application_fee_refund',
    postApplicationFeeRefunded,
    { ...s1, feeRefundRef: 'fr_2', amount: 400n, isPaid: true },
  ),
  row(
    'Dispute of 50.00 lost that the seller bears, but for what was never passed on',
    '1210/s1 45.00 · 5050 5.00',
    '1150 50.00',
    'dp_3:dispute_lost',
    postDisputeLost,
    { ...eur, disputeRef: 'dp_3', amount: 5000n, sold: { seller: 's1', amount: 4500n } },
  ),
  row(
    'It is given back after all',
    '1150 50.00',
    '1210/s1 45.00 · 5050 5.00',
    'dp_3:dispute_lost:txn_9',
    postDisputeRegained,
    { ...eur, disputeRef: 'dp_3', part: 'txn_9', amount: 5000n, sold: { seller: 's1', amount: 4500n } },
  ),
  row('What the seller owes is written off', '5060 36.00', '1210/s1 36.00', 'wo_1:write_off', postWrittenOff, {
    ...s1,
    writeOffRef: 'wo_1',
    amount: 3600n,
  }),
]

export const walletTable: readonly TableRow[] = [
  row('Wallet of u1 topped up by 100.00', '1110 100.00', '2020/u1 100.00', 'ch_4:topup', postToppedUp, {
    ...cny,
    providerChargeRef: 'ch_4',
    user: 'u1',
    amount: 10000n,
  }),
  row('Red packet of 50.00 funded', '2020/u1 50.00', '2030/rp 50.00', 'rp:hold', postPacketFunded, {
    ...packet,
    user: 'u1',
    amount: 5000n,
  }),
  row('Claimed 11.05 by u2', '2030/rp 11.05', '2020/u2 11.05', 'rp:claim:u2', postPacketClaimed, {
    ...packet,
    user: 'u2',
    amount: 1105n,
  }),
  row('Claimed 8.99 by u3', '2030/rp 8.99', '2020/u3 8.99', 'rp:claim:u3', postPacketClaimed, {
    ...packet,
    user: 'u3',
    amount: 899n,
  }),
  row('Claimed 12.13 by u4', '2030/rp 12.13', '2020/u4 12.13', 'rp:claim:u4', postPacketClaimed, {
    ...packet,
    user: 'u4',
    amount: 1213n,
  }),
  row('Red packet expired, the rest returned', '2030/rp 17.83', '2020/u1 17.83', 'rp:expire', postPacketExpired, {
    ...packet,
    user: 'u1',
    amount: 1783n,
  }),
  row(
    '20.00 passed from u1 to u2 at once',
    '2020/u1 20.00',
    '2020/u2 20.00',
    'p2p:wallet_transfer',
    postWalletTransferred,
    { ...p2p, from: 'u1', to: 'u2' },
  ),
  row('20.00 offered by u1', '2020/u1 20.00', '2032/p2p 20.00', 'p2p:transfer_offer', postTransferOffered, {
    ...p2p,
    from: 'u1',
  }),
  row('Accepted by u2', '2032/p2p 20.00', '2020/u2 20.00', 'p2p:transfer_accept', postTransferAccepted, {
    ...p2p,
    to: 'u2',
  }),
  row(
    'Declined, or not accepted in time',
    '2032/p2p 20.00',
    '2020/u1 20.00',
    'p2p:transfer_decline',
    postTransferDeclined,
    { ...p2p, from: 'u1' },
  ),
]

export const billTable: readonly TableRow[] = [
  row('First share of a bill of 100.00 for three', '1110 33.34', '2031/sb 33.34', 'ch_5:bill_share', postSharePaid, {
    ...sb,
    providerChargeRef: 'ch_5',
    amount: 3334n,
  }),
  row('Each other share', '1110 33.33', '2031/sb 33.33', 'ch_6:bill_share', postSharePaid, {
    ...sb,
    providerChargeRef: 'ch_6',
    amount: 3333n,
  }),
  row(
    'Bill complete, 16.67 of it VAT',
    '2031/sb 100.00',
    '4010 83.33 · 2310 16.67',
    'sb:bill_complete',
    postBillCompleted,
    { ...sb, total: 10000n, parts: bill },
  ),
  row('Bill cancelled, once for each payer', '2031/sb 33.34', '1110 33.34', 're_3:bill_cancel', postShareReturned, {
    ...sb,
    refundId: 're_3',
    amount: 3334n,
  }),
]
