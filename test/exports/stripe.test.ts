import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DocumentFormat } from '#exports/format.ts'
import {
  stripeActivity,
  stripeActivitySummary,
  stripeBalance,
  stripeEndingBalance,
  stripePayoutReconciliation,
  stripePayouts,
  stripePayoutsSummary,
} from '#exports/formats/stripe.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { everyEvent } from '../ledger/every-event.ts'
import { type Booked, bytesOf, type Journal, journalOf } from './journal-of.ts'
import { november } from './scenario.ts'

const write = async (format: DocumentFormat, { context, batches }: Journal) =>
  (await bytesOf(format.write(context, batches()))).toString()

/** Rows by column name; the texts of these journals need no quotes but one, which holds no comma. */
const rowsOf = async (format: DocumentFormat, journal: Journal): Promise<Record<string, string>[]> => {
  const [head = '', ...lines] = (await write(format, journal)).trimEnd().split('\r\n')
  const names = head.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at] ?? '', cell])))
}

const some = (row: Record<string, string> | undefined, ...names: string[]) => names.map((name) => row?.[name])

/** Amounts of one currency in minor units, added up. */
const sumOf = (rows: readonly Record<string, string>[], column: string, currency: string): bigint =>
  rows
    .filter((row) => row.currency === currency)
    .reduce((sum, row) => sum + BigInt((row[column] ?? '').replace('.', '')), 0n)

const withoutCommas = (items: readonly Booked[]): Booked[] =>
  items.map((item) => ({
    ...item,
    posting: { ...item.posting, description: 'text', refs: { ...item.posting.refs, order: '1' } },
  }))
const everything = () => journalOf(withoutCommas(everyEvent(newUuid())))

describe("Stripe's reports", () => {
  test('a charge and its fee are one row, net of the fee, named by the balance transaction', async () => {
    const rows = await rowsOf(stripeActivity, journalOf(november))
    const amounts = ['balance_transaction_id', 'reporting_category', 'source_id', 'currency', 'gross', 'fee', 'net']
    const [charge, yen] = rows
    assert.deepEqual(some(charge, ...amounts), ['txn_1', 'charge', 'ch_1', 'eur', '120.00', '2.05', '117.95'])
    assert.deepEqual(some(yen, ...amounts), ['txn_2', 'charge', 'ch_2', 'jpy', '12000', '432', '11568'])
    assert.deepEqual(some(charge, 'created_utc', 'available_on_utc', 'charge_id', 'customer_facing_amount'), [
      '2026-11-02 12:00:00',
      '2026-11-05 12:00:00',
      'ch_1',
      '120.00',
    ])
    assert.match(charge?.payment_intent_id ?? '', /^pi_/)
    const dispute = rows.find((row) => row.reporting_category === 'dispute')
    assert.deepEqual(some(dispute, 'gross', 'fee', 'net'), ['-50.00', '15.00', '-65.00'])
    assert.deepEqual(
      rows.map((row) => row.reporting_category),
      ['charge', 'charge', 'refund', 'charge', 'charge', 'dispute'],
    )
  })

  test('a fee without its charge is a row of its own', async () => {
    const [fee] = await rowsOf(stripeActivity, journalOf(november.filter(({ posting }) => posting.kind === 'fee')))
    assert.deepEqual(some(fee, 'reporting_category', 'gross', 'fee', 'net'), ['fee', '-2.05', '0.00', '-2.05'])
  })

  test('what the provider has not named is named by our transaction', async () => {
    const journal = journalOf(november.filter(({ posting }) => posting.kind === 'topup'))
    const [row] = await rowsOf(stripeActivity, journal)
    assert.equal(row?.balance_transaction_id, showId('ledgerTransaction', journal.lines[0]?.transaction.id ?? ''))
  })

  for (const [name, make] of [
    ['November', () => journalOf(november)],
    ['the end of November', () => journalOf(november, { skip: 5 })],
    ['every event', everything],
    ['the second half of every event', () => journalOf(withoutCommas(everyEvent(newUuid())), { skip: 90 })],
  ] as const) {
    test(`of ${name}: start + activity − payouts = end`, async () => {
      const journal = make()
      const balance = await rowsOf(stripeBalance, journal)
      const activity = await rowsOf(stripeActivity, journal)
      const payouts = await rowsOf(stripePayouts, journal)
      const ending = await rowsOf(stripeEndingBalance, journal)
      const currencies = new Set(balance.map(({ currency = '' }) => currency))
      assert.ok(currencies.size >= 3)
      for (const currency of currencies) {
        const of = (category: string) =>
          sumOf(
            balance.filter((row) => row.category === category),
            'net_amount',
            currency,
          )
        assert.equal(of('starting_balance') + of('activity') - of('payouts'), of('ending_balance'))
        assert.equal(of('activity'), sumOf(activity, 'gross', currency) - sumOf(activity, 'fee', currency))
        assert.equal(of('activity'), sumOf(activity, 'net', currency))
        assert.equal(of('payouts'), sumOf(payouts, 'net', currency))
        assert.equal(of('ending_balance'), sumOf(ending, 'net', currency))
        const held = journal.context.closing.filter(
          ({ account }) => account.currency === currency && ['1110', '1120'].includes(account.code),
        )
        assert.equal(
          of('ending_balance'),
          held.reduce((sum, { debit, credit }) => sum + debit - credit, 0n),
        )
      }
    })

    test(`of ${name}: summaries are sums of the items`, async () => {
      const journal = make()
      for (const [summary, items] of [
        [stripeActivitySummary, stripeActivity],
        [stripePayoutsSummary, stripePayouts],
      ] as const) {
        const all = await rowsOf(items, journal)
        const sums = await rowsOf(summary, journal)
        assert.equal(
          sums.reduce((count, row) => count + Number(row.count), 0),
          all.length,
        )
        for (const { reporting_category, currency = '', gross = '', fee = '', net = '' } of sums) {
          const rows = all.filter((row) => row.reporting_category === reporting_category)
          const minor = (text: string) => BigInt(text.replace('.', ''))
          assert.deepEqual(
            ['gross', 'fee', 'net'].map((column) => sumOf(rows, column, currency)),
            [gross, fee, net].map(minor),
          )
        }
      }
    })
  }

  test('a payout names what it paid, to the cent', async () => {
    const rows = await rowsOf(stripePayoutReconciliation, journalOf(november))
    assert.deepEqual(
      rows.map((row) => some(row, 'automatic_payout_id', 'source_id', 'net')),
      [
        ['po_1', 'ch_1', '117.95'],
        ['po_1', 're_1', '-30.00'],
      ],
    )
    assert.equal(rows[0]?.automatic_payout_effective_at_utc, '2026-11-06 12:00:00')
    const ending = await rowsOf(stripeEndingBalance, journalOf(november))
    assert.deepEqual(
      ending.map((row) => some(row, 'source_id', 'net')),
      [
        ['ch_4', '50.00'],
        ['dp_1', '-65.00'],
        ['ch_2', '11568'],
        ['ch_3', '10.005'],
      ],
    )
  })

  test('what was carried forward can be paid, and is told as such', async () => {
    const rows = await rowsOf(stripePayoutReconciliation, journalOf(november, { skip: 3 }))
    assert.deepEqual(
      rows.map((row) => some(row, 'description', 'source_id', 'net')),
      [
        ['Balance before entry 4', '', '117.95'],
        ['refund re_1', 're_1', '-30.00'],
      ],
    )
  })

  test('a payout that nothing adds up to stays open with what it may have paid', async () => {
    const odd = november.map((item) =>
      item.posting.kind === 'payout'
        ? {
            ...item,
            posting: { ...item.posting, legs: item.posting.legs.map((leg) => ({ ...leg, amount: leg.amount / 5n })) },
          }
        : item,
    )
    assert.deepEqual(await rowsOf(stripePayoutReconciliation, journalOf(odd)), [])
    const ending = await rowsOf(stripeEndingBalance, journalOf(odd))
    assert.ok(ending.some((row) => row.reporting_category === 'payout' && row.net === '-17.59'))
  })

  test('a payout is positive, and says what became of it', async () => {
    const [payout] = await rowsOf(stripePayouts, journalOf(november))
    assert.deepEqual(some(payout, 'payout_id', 'effective_at_utc', 'gross', 'fee', 'net', 'payout_status'), [
      'po_1',
      '2026-11-06 12:00:00',
      '87.95',
      '0.00',
      '87.95',
      'paid',
    ])
    const others = (await rowsOf(stripePayouts, everything())).filter(({ currency }) => currency === 'eur')
    assert.deepEqual(
      others.map((row) => some(row, 'payout_id', 'reporting_category', 'gross', 'payout_status')),
      [
        ['po_eur1', 'payout', '40.00', 'failed'],
        ['po_eur1', 'payout_reversal', '-40.00', 'failed'],
        ['po_eur2', 'payout', '39.50', 'paid'],
      ],
    )
  })

  test('columns are chosen by name, and unknown ones refused', async () => {
    const { context, ...journal } = journalOf(november)
    const options = {
      ...context.options,
      decimalSeparator: ',' as const,
      parameters: { columns: 'net, balance_transaction_id' },
    }
    const text = await write(stripeActivity, { ...journal, context: { ...context, options } })
    assert.equal(text.slice(0, 60).split('\r\n').slice(0, 2).join('\n'), 'net,balance_transaction_id\n"117,95",txn_1')
    const refused = { ...context, options: { ...options, parameters: { columns: 'net,payment_metadata[order]' } } }
    assert.match(stripeActivity.refuse?.(refused) ?? '', /no column payment_metadata\[order\]/)
  })

  test('columns are those of Stripe, in its order', async () => {
    const head = async (format: DocumentFormat) => (await write(format, journalOf([]))).trimEnd().split(',')
    const activity = await head(stripeActivity)
    assert.equal(activity.length, 64)
    assert.deepEqual(
      [0, 5, 6, 7, 8, 9, 22, 45, 46, 63].map((at) => activity[at]),
      [
        'balance_transaction_id',
        'currency',
        'gross',
        'fee',
        'net',
        'reporting_category',
        'customer_shipping_address_line1',
        'card_address_country',
        'charge_id',
        'connected_account_direct_charge_id',
      ],
    )
    assert.deepEqual((await head(stripePayoutReconciliation)).slice(64), [
      'trace_id',
      'trace_id_status',
      'order_id',
      'destination_payment_id',
    ])
    assert.equal((await head(stripeActivitySummary)).join(), 'reporting_category,currency,count,gross,fee,net')
    assert.equal((await head(stripeBalance)).join(), 'category,description,net_amount,currency')
  })
})
