import assert from 'node:assert/strict'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { postBillCompleted, postSharePaid, postShareReturned } from '#ledger/bill-rules.ts'
import { postAdjusted, postRounded, reversePosting } from '#ledger/correction-rules.ts'
import { postDiscounted, postDiscountReturned } from '#ledger/discount-rules.ts'
import { postDisputed, postDisputeFeeReturned, postDisputeLost, postDisputeWon } from '#ledger/dispute-rules.ts'
import { postConverted, postExchangeDifference, postTranslated } from '#ledger/fx-rules.ts'
import {
  postApplicationFee,
  postApplicationFeeRefunded,
  postCapturedForSeller,
  postRefundedForSeller,
  postTransferReversed,
  postTransferred,
  postWrittenOff,
} from '#ledger/marketplace-rules.ts'
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
import type { MoneyEvent, Posting } from '#ledger/posting.ts'
import {
  postAuthorized,
  postCaptured,
  postFee,
  postRefunded,
  postRefundFailed,
  postRefundRepaid,
  postReleased,
} from '#ledger/posting-rules.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
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
import { type Database, inTransaction } from '#platform/database.ts'

/**
 * Every kind of event in euros, yen, dinars and dollars, six days apart from January to October 2026, with the
 * descriptions, ids and references that files get wrong. In the order they happen: no wallet is ever overdrawn, and
 * they may be booked one by one or all at once. Insert `exchangeRates` before, or take `bookEveryEvent`.
 */
export const everyEvent = (merchantId: string): LedgerItem[] =>
  books.flatMap(([code, scale], book) => {
    const currency = currencyOf(code)
    const drafts = [payments, marketplace, balances, exchange, wallets, corrections].flatMap((subject) =>
      subject({ currency, amount: (minor) => BigInt(minor) * scale, id: (prefix, n) => `${prefix}_${code}${n}` }),
    )
    const last: { id: string; posting?: Posting } = { id: newUuid() }
    return drafts.map(({ book: rule, tie }, index) => {
      const number = book * 100 + index
      const event = eventOf(currency, number, firstDay + (index * 6 + book) * dayMs)
      const posting = rule(event, last)
      assert.ok(posting)
      last.posting = posting
      last.id = newUuid()
      return {
        id: last.id,
        merchantId,
        posting,
        paymentIntentId: tie === 'payment' || tie === 'refund' ? uuidOf('a', number) : null,
        refundId: tie === 'refund' ? uuidOf('b', number) : null,
        threadId: tie === undefined ? null : uuidOf('c', number % 7),
      }
    })
  })

/** Of the merchants' base currency, euros; rows for `ledger_exchange_rates`. */
export const exchangeRates = [
  { currency: 'usd', effective_on: '2026-01-01', rate: '0.930000000000' },
  { currency: 'usd', effective_on: '2026-04-01', rate: '0.917431192661' },
  { currency: 'usd', effective_on: '2026-09-15', rate: '0.920000000000' },
  { currency: 'jpy', effective_on: '2026-01-01', rate: '0.006134969325' },
  { currency: 'jpy', effective_on: '2026-07-01', rate: '0.005988023952' },
  { currency: 'kwd', effective_on: '2026-01-01', rate: '3.012048192771' },
] as const

/** Inserts the rates and books every event, in one transaction; answers what it booked. */
export const bookEveryEvent = (db: Database, merchantId: string): Promise<LedgerItem[]> =>
  inTransaction(db, merchantId, async (tx) => {
    const now = new Date('2026-11-22T12:00:00.123Z')
    const rates = exchangeRates.map((rate) => ({ ...rate, merchant_id: merchantId, id: newUuid(), created_at: now }))
    await tx.insertInto('ledger_exchange_rates').values(rates).execute()
    const items = everyEvent(merchantId)
    assert.equal(await postLedger(tx, items, now), items.length)
    return items
  })

/** Two, no and three digits after the point; the scale keeps the same story plausible in each. */
const books = [
  ['eur', 1n],
  ['jpy', 1n],
  ['kwd', 3n],
  ['usd', 1n],
] as const

const dayMs = 86_400_000
const firstDay = Date.parse('2026-01-05T08:00:00.007Z')

const descriptions = [
  undefined,
  '红包：恭喜发财 🧧',
  'فاتورة مطعم الشاطئ',
  '🍜👩‍👩‍👧 family table',
  '=HYPERLINK("https://example.com";"pay")',
  '+49 30 1234',
  '-2 discount',
  '@SUM(A1:A9)',
  'said "thanks", twice',
  'comma, semicolon; done',
  'account:name | payee',
  'pipe|without|spaces',
  'two  spaces; tag: value',
  "it's a 'quote'",
  'tab\tline\r\nbreak\u0000nul',
  '; starts like a comment',
  '* starred ! pending (code)',
  'back\\slash and & < > amp',
  'zażółć gęślą jaźń – Ünïcödé',
  'שלום 42 ₪',
  `very long: ${'long words go on '.repeat(40)}`,
  '   spaces around   ',
  '2026-01-01 looks like a date',
  '{brace} [bracket] #hash %percent',
]

const eventOf = (currency: Currency, number: number, at: number): MoneyEvent => {
  const description = descriptions[number % descriptions.length]
  return {
    currency,
    effectiveAt: new Date(at),
    ...(number % 3 === 0 ? { valueAt: new Date(at + 2 * dayMs) } : {}),
    ...(description === undefined ? {} : { description }),
    refs: {
      provider: 'stripe',
      ...(number % 2 === 0 ? { balance_transaction: `txn_${number}` } : {}),
      ...(number % 5 === 0
        ? { order: `order "${number}", 一号`, message: `msg_${number}`, customer: `cus_${number}` }
        : {}),
    },
  }
}

const uuidOf = (group: string, number: number): string =>
  `0193b3a8-52f0-7d11-8${group.repeat(3)}-${number.toString().padStart(12, '0')}`

const currencyOf = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}

interface Story {
  readonly currency: Currency
  readonly amount: (minor: number) => bigint
  readonly id: (prefix: string, n: number) => string
}

interface Draft {
  readonly book: (event: MoneyEvent, last: { id: string; posting?: Posting }) => Posting | undefined
  readonly tie?: 'payment' | 'refund' | 'thread'
}

const payments = ({ amount, id }: Story): Draft[] => {
  const parts = { goods: amount(10000), shipping: amount(500), tax: amount(2100), tip: amount(400) }
  const charge = { providerChargeRef: id('ch', 1) }
  const left = { sales: amount(10500), tax: amount(2100), tip: amount(400), owed: 0n }
  const refund = { refundId: id('re', 1), amount: amount(3000) }
  const lost = { disputeRef: id('dp', 1), amount: amount(5000) }
  const won = { disputeRef: id('dp', 2), amount: amount(2400) }
  return [
    { tie: 'payment', book: (event) => postAuthorized({ ...event, ...charge, total: amount(13000) }) },
    { tie: 'payment', book: (event) => postReleased({ ...event, ...charge, total: amount(13000) }) },
    { tie: 'payment', book: (event) => postCaptured({ ...event, ...charge, total: amount(13000), parts }) },
    {
      tie: 'payment',
      book: (event) =>
        postFee({
          ...event,
          balanceRef: id('txn', 1),
          amount: amount(220),
          applicationFee: amount(100),
          recoverableTax: amount(38),
        }),
    },
    { tie: 'refund', book: (event) => postRefunded({ ...event, ...refund, left }) },
    {
      tie: 'payment',
      book: (event) => postDiscounted({ ...event, ...charge, total: amount(13000), amount: amount(10) }),
    },
    {
      tie: 'refund',
      book: (event) => postDiscountReturned({ ...event, ...refund, total: refund.amount, amount: amount(5) }),
    },
    { tie: 'refund', book: (event) => postRefundFailed({ ...event, ...refund }) },
    { tie: 'refund', book: (event) => postRefundRepaid({ ...event, ...refund }) },
    { tie: 'payment', book: (event) => postDisputed({ ...event, ...lost, fee: amount(1500) }) },
    { tie: 'payment', book: (event) => postDisputeLost({ ...event, ...lost, taxRelief: amount(833) }) },
    { tie: 'payment', book: (event) => postDisputed({ ...event, ...won, fee: amount(1500) }) },
    { tie: 'payment', book: (event) => postDisputeWon({ ...event, ...won }) },
    { tie: 'payment', book: (event) => postDisputeFeeReturned({ ...event, ...won, amount: amount(1500) }) },
  ]
}

const marketplace = ({ amount, id }: Story): Draft[] => {
  const seller = 'seller_小店'
  const fee = { seller, feeRef: id('fee', 1), amount: amount(1000), tax: amount(167) }
  return [
    {
      tie: 'payment',
      book: (event) =>
        postCapturedForSeller({ ...event, seller, providerChargeRef: id('ch', 2), amount: amount(10000) }),
    },
    { tie: 'payment', book: (event) => postApplicationFee({ ...event, ...fee }) },
    {
      tie: 'payment',
      book: (event) =>
        postApplicationFeeRefunded({
          ...event,
          seller,
          feeRefundRef: id('fr', 1),
          amount: amount(100),
          tax: amount(17),
        }),
    },
    {
      book: (event) =>
        postSettled({
          ...event,
          batchRef: id('available', 1),
          amount: amount(9825),
          sellers: [{ seller, amount: amount(9100) }],
        }),
    },
    { book: (event) => postTransferred({ ...event, seller, transferRef: id('tr', 1), amount: amount(9100) }) },
    {
      tie: 'refund',
      book: (event) =>
        postRefundedForSeller({
          ...event,
          seller,
          refundId: id('re', 2),
          sellerFunds: 'paid',
          amount: amount(4000),
          fee: amount(400),
          feeTax: amount(67),
        }),
    },
    {
      book: (event) =>
        postTransferReversed({ ...event, seller, reversalRef: id('trr', 1), amount: amount(3000), owed: amount(3000) }),
    },
    { book: (event) => postWrittenOff({ ...event, seller, writeOffRef: id('wo', 1), amount: amount(600) }) },
  ]
}

const balances = ({ amount, id }: Story): Draft[] => {
  const failed = { payoutRef: id('po', 1), amount: amount(4000) }
  const paid = { payoutRef: id('po', 2), amount: amount(3950) }
  const reserve = { reserveRef: id('rsv', 1), amount: amount(1000) }
  const person = { outboundPaymentId: id('obp', 1), amount: amount(300), available: true }
  const nobody = { outboundPaymentId: id('obp', 2), amount: amount(200) }
  return [
    { book: (event) => postPayoutCreated({ ...event, ...failed }) },
    { book: (event) => postPayoutFailed({ ...event, ...failed }) },
    { book: (event) => postPayoutCreated({ ...event, ...paid }) },
    { book: (event) => postPayoutFee({ ...event, ...paid, amount: amount(50) }) },
    { book: (event) => postPayoutPaid({ ...event, ...paid, bankRef: id('bank', 1) }) },
    { book: (event) => postReserveHeld({ ...event, ...reserve }) },
    { book: (event) => postReserveReleased({ ...event, ...reserve }) },
    { book: (event) => postTipsPaid({ ...event, bankRef: id('bank', 2), amount: amount(400) }) },
    { book: (event) => postOutboundSent({ ...event, ...person }) },
    { book: (event) => postOutboundPosted({ ...event, ...person }) },
    { book: (event) => postOutboundReturned({ ...event, ...person }) },
    { book: (event) => postOutboundSent({ ...event, ...nobody }) },
    { book: (event) => postOutboundGivenBack({ ...event, ...nobody }) },
  ]
}

const exchange = ({ currency, amount, id }: Story): Draft[] => {
  const other = currencyOf(currency === 'eur' ? 'usd' : 'eur')
  return [
    {
      book: (event) =>
        postConverted({
          ...event,
          balanceRef: id('txn', 2),
          from: { currency, amount: amount(10000) },
          to: { currency: other, amount: amount(9200) },
        }),
    },
    {
      book: (event) =>
        postTranslated({
          ...event,
          translationRef: id('fx_2026-06:4010', 1),
          code: '4010',
          balance: { currency, amount: -amount(10000) },
          value: { currency: other, amount: -amount(9300) },
        }),
    },
    { book: (event) => postExchangeDifference({ ...event, differenceRef: id('txn', 2), amount: -amount(100) }) },
    { book: (event) => postExchangeDifference({ ...event, differenceRef: id('txn', 3), amount: amount(25) }) },
  ]
}

const wallets = ({ amount, id }: Story): Draft[] => {
  const [mei, omar] = ['user_梅', 'user_omar']
  const packet = { packetId: id('packet', 1) }
  const [accepted, declined] = [{ transferId: id('p2p', 2) }, { transferId: id('p2p', 3) }]
  const [complete, canceled] = [{ billId: id('bill', 1) }, { billId: id('bill', 2) }]
  const parts = { goods: amount(8333), shipping: 0n, tax: amount(1667), tip: 0n }
  const share = (n: number) => ({ providerChargeRef: id('ch', n) })
  return [
    { tie: 'thread', book: (event) => postToppedUp({ ...event, ...share(3), user: mei, amount: amount(10000) }) },
    { tie: 'thread', book: (event) => postPacketFunded({ ...event, ...packet, user: mei, amount: amount(5000) }) },
    { tie: 'thread', book: (event) => postPacketClaimed({ ...event, ...packet, user: omar, amount: amount(3217) }) },
    { tie: 'thread', book: (event) => postPacketExpired({ ...event, ...packet, user: mei, amount: amount(1783) }) },
    {
      tie: 'thread',
      book: (event) =>
        postWalletTransferred({ ...event, transferId: id('p2p', 1), from: omar, to: mei, amount: amount(17) }),
    },
    { tie: 'thread', book: (event) => postTransferOffered({ ...event, ...accepted, from: mei, amount: amount(800) }) },
    { tie: 'thread', book: (event) => postTransferAccepted({ ...event, ...accepted, to: omar, amount: amount(800) }) },
    { tie: 'thread', book: (event) => postTransferOffered({ ...event, ...declined, from: mei, amount: amount(900) }) },
    { tie: 'thread', book: (event) => postTransferDeclined({ ...event, ...declined, from: mei, amount: amount(900) }) },
    { tie: 'payment', book: (event) => postSharePaid({ ...event, ...complete, ...share(4), amount: amount(5000) }) },
    { tie: 'payment', book: (event) => postSharePaid({ ...event, ...complete, ...share(5), amount: amount(5000) }) },
    { tie: 'thread', book: (event) => postBillCompleted({ ...event, ...complete, total: amount(10000), parts }) },
    { tie: 'payment', book: (event) => postSharePaid({ ...event, ...canceled, ...share(6), amount: amount(3334) }) },
    {
      tie: 'refund',
      book: (event) => postShareReturned({ ...event, ...canceled, refundId: id('re', 3), amount: amount(3334) }),
    },
  ]
}

const corrections = ({ currency, amount, id }: Story): Draft[] => [
  { book: (event) => postRounded({ ...event, roundingRef: id('txn', 4), code: '1110', amount: amount(1) }) },
  {
    book: (event) =>
      postAdjusted({
        ...event,
        adjustmentRef: id('lpr', 1),
        legs: [
          { code: '1010', currency, amount: amount(1234) },
          { code: '2090', currency, amount: -amount(1234) },
        ],
      }),
  },
  {
    book: ({ effectiveAt, description }, last) =>
      last.posting &&
      reversePosting(last.posting, {
        reverses: last.id,
        effectiveAt,
        ...(description === undefined ? {} : { description }),
      }),
  },
]
