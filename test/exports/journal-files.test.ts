import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseRange, slicesOf } from '#exports/byte-range.ts'
import { journalColumns } from '#exports/columns.ts'
import type { TextForm } from '#exports/copied-text.ts'
import type { ExportContext } from '#exports/format.ts'
import { csv } from '#exports/formats/csv.ts'
import { jsonLines } from '#exports/formats/jsonl.ts'
import type { JournalAccount, JournalLine } from '#exports/journal.ts'
import { createJournalDecoder, journalFields } from '#exports/journal-decoder.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { chartAccount } from '#ledger/chart.ts'

const account = (code: string, currency: string, holder = ''): JournalAccount => ({
  ...chartAccount(code),
  id: newUuid(),
  currency,
  holder,
})
const accounts = {
  eur: account('1110', 'eur'),
  jpy: account('4010', 'jpy'),
  kwd: account('5010', 'kwd'),
  wallet: account('2020', 'eur', 'anna, "the cook"'),
}
const byId = new Map(Object.values(accounts).map((one) => [one.id, one]))

const ids = { transaction: newUuid(), intent: newUuid(), thread: newUuid(), refund: newUuid(), reversed: newUuid() }
const description = '=cmd|" /C calc"!A0, naïve 花束 💐\nsecond line\tend\\'
const hash = 'ab'.repeat(32)

/** A line as COPY sends it. */
const row = (fields: Partial<Record<(typeof journalFields)[number], string>>): string => {
  const escapeField = (text: string) =>
    text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')
  return `${journalFields.map((name) => (fields[name] === undefined ? '\\N' : escapeField(fields[name]))).join('\t')}\n`
}
const shared = {
  transaction_id: ids.transaction,
  event_key: 'ch_1:capture',
  kind: 'capture',
  description,
  effective_at: '2026-11-02 09:00:00+00',
  created_at: '2026-11-02 09:00:01.25+00',
  value_at: '2026-11-05 00:00:00+00',
  base_currency: 'eur',
  payment_intent_id: ids.intent,
  thread_id: ids.thread,
  reverses_id: ids.reversed,
  refs: JSON.stringify({ provider: 'stripe', object: 'ch_1', balance_transaction: 'txn_1', order: '@1001', own: 'x' }),
  hash,
}
const rows = [
  row({ seq: '7', line: '1', account_id: accounts.eur.id, amount: '4205', base_amount: '4205', ...shared }),
  row({ seq: '7', line: '2', account_id: accounts.jpy.id, amount: '-12000', base_amount: '-7440' }),
  row({ seq: '7', line: '3', account_id: accounts.kwd.id, amount: '5', base_amount: '0' }),
  row({ seq: '7', line: '4', account_id: accounts.wallet.id, amount: '-1', base_amount: '-1' }),
]

const decode = (bytes: Buffer, size: number, form?: TextForm): JournalLine[] => {
  const decoder = createJournalDecoder(byId, form)
  const lines: JournalLine[] = []
  for (let at = 0; at < bytes.length; at += size) lines.push(...decoder.push(bytes.subarray(at, at + size)))
  decoder.end()
  return lines
}
const lines = decode(Buffer.from(rows.join('')), 1 << 20)

const merchant = { id: newUuid(), name: 'Noodle Bar' }
const contextWith = (options: Partial<ExportContext['options']> = {}): ExportContext => ({
  merchant,
  baseCurrency: 'eur',
  fromSeq: 0n,
  asOfSeq: 7n,
  headHash: hash,
  from: null,
  to: null,
  days: null,
  opening: [],
  closing: [],
  mapped: ({ code, name }) => ({ code, name }),
  options: {
    profile: 'machine',
    decimalSeparator: '.',
    withoutMemo: false,
    granularity: 'line',
    encoding: 'default',
    parameters: {},
    ...options,
  },
})
const write = (format: typeof csv, options?: Partial<ExportContext['options']>): string => {
  return writeRows(format, rows, options)
}
const writeRows = (format: typeof csv, of: readonly string[], options?: Partial<ExportContext['options']>): string => {
  const writer = format.open(contextWith(options))
  const form = format.encoding === 'bytes' ? 'bytes' : 'decoded'
  const text = decode(Buffer.from(of.join('')), 1 << 20, form).map((line) => writer.line(line))
  const whole = writer.head() + text.join('') + writer.tail()
  return form === 'bytes' ? Buffer.from(whole, 'latin1').toString('utf8') : whole
}

describe('what COPY sends', () => {
  test('is read the same wherever its bytes are cut, within characters too', () => {
    const bytes = Buffer.from(rows.join(''))
    for (let size = 1; size <= 40; size++) assert.deepEqual(decode(bytes, size), lines, `cut every ${size} bytes`)
  })

  test('becomes lines that share their transaction and their account', () => {
    const [first, second] = lines
    assert.ok(first && second)
    assert.equal(first.transaction, second.transaction)
    assert.equal(first.account, accounts.eur)
    assert.deepEqual(
      {
        descriptionAsWritten: first.transaction.descriptionAsWritten,
        description: first.transaction.description,
        postedAt: first.transaction.postedAt,
        effectiveOn: first.transaction.effectiveOn,
        valueAt: first.transaction.valueAt,
        refundId: first.transaction.refundId,
        seq: first.transaction.seq,
      },
      {
        descriptionAsWritten: description,
        description: '=cmd|" /C calc"!A0, naïve 花束 💐 second line end\\',
        postedAt: '2026-11-02T09:00:01.250000Z',
        effectiveOn: '2026-11-02',
        valueAt: '2026-11-05T00:00:00.000000Z',
        refundId: null,
        seq: 7n,
      },
    )
  })

  test('is refused when it ends too early, lacks a head or names a strange account', () => {
    const [first = '', second = ''] = rows
    assert.throws(() => decode(Buffer.from(first).subarray(0, 40), 10), /ended within a line/)
    assert.throws(() => decode(Buffer.from(second), 10), /lacks the first line/)
    const strange = first.replace(accounts.eur.id, newUuid())
    assert.throws(() => decode(Buffer.from(strange), 1000), /account that was not read/)
  })
})

describe('CSV', () => {
  const transaction = showId('ledgerTransaction', ids.transaction)
  const cells = (line: string): string[] => {
    const found = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)]
    return found.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
  }

  test('has exactly these bytes', () => {
    const [head, first] = write(csv).split('\r\n')
    assert.equal(
      head,
      'seq,journal_id,line,effective_date,posted_at,value_date,kind,account_code,account_name,account_id,currency,' +
        'exponent,debit,credit,amount_signed,amount_minor,base_currency,base_amount_minor,fx_rate,description,' +
        'thread_id,message_id,order_id,merchant_id,user_id,provider,provider_object_id,' +
        'provider_balance_transaction_id,payout_id,reporting_category,reverses_journal_id,period,chain_hash,metadata',
    )
    const metadata = `"{""event_key"":""ch_1:capture"",""payment_intent"":""${showId('paymentIntent', ids.intent)}"",""refs"":{""own"":""x""}}"`
    assert.equal(
      first,
      `7,${transaction},1,2026-11-02,2026-11-02T09:00:01.250000Z,2026-11-05,capture,1110,PSP – pending,` +
        `${showId('ledgerAccount', accounts.eur.id)},eur,2,42.05,,42.05,4205,eur,4205,1,` +
        `"=cmd|"" /C calc""!A0, naïve 花束 💐 second line end\\",${showId('thread', ids.thread)},,@1001,` +
        `${showId('merchant', merchant.id)},,stripe,ch_1,txn_1,,charge,${showId('ledgerTransaction', ids.reversed)},` +
        `2026-11,${hash},${metadata}`,
    )
  })

  test('writes each column as the list of columns has it', () => {
    const context = contextWith()
    const table = write(csv).split('\r\n').slice(1, -1).map(cells)
    assert.deepEqual(
      table,
      lines.map((line) => journalColumns.map(({ value }) => value(line, context) ?? '')),
    )
  })

  test('reads and quotes bytes as it would letters', () => {
    const context = contextWith()
    const texts = [
      'à',
      ' b',
      'c\u00a0',
      '\u3000d',
      '\ufeffe',
      'f\u0085g',
      'h\u2028i',
      'j\u007fk',
      '№\u009f',
      'ä"ö',
      '',
      '-',
    ]
    const of = [...texts, '💐', 'a\\b', 'ü,', 'Â\u00a0Â', '\u2029', 'tab\t'].map((text, index) => {
      const refs = JSON.stringify({ order: text, [`own ${text}`]: `"${text}"` })
      const fields = { ...shared, seq: String(index), description: text, event_key: `${text}:é`, refs }
      return row({ line: '1', account_id: accounts.wallet.id, amount: '5', base_amount: '5', ...fields })
    })
    const decoded = decode(Buffer.from(of.join('')), 1 << 20)
    const quote = (text: string) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    const table = decoded.map((line) => journalColumns.map(({ value }) => quote(value(line, context) ?? '')).join(','))
    assert.deepEqual(writeRows(csv, of).split('\r\n').slice(1, -1), table)
  })

  test('has the exact digits of each currency', () => {
    const amounts = write(csv)
      .split('\r\n')
      .slice(1, -1)
      .map((line) => cells(line).slice(12, 19).join(' '))
    assert.deepEqual(amounts, [
      '42.05  42.05 4205 eur 4205 1',
      ' 12000 -12000 -12000 eur -7440 0.0062000000',
      '0.005  0.005 5 eur 0 ',
      ' 0.01 -0.01 -1 eur -1 1',
    ])
  })

  test('for a spreadsheet has a byte order mark and no formula, and leaves numbers alone', () => {
    const text = write(csv, { profile: 'spreadsheet' })
    assert.ok(text.startsWith('\ufeffseq,'))
    assert.ok(text.includes(`,"'=cmd|"" /C calc""!A0, naïve`))
    assert.ok(text.includes(",'@1001,"))
    assert.ok(text.includes(',,12000,-12000,-12000,'))
  })

  test('with a decimal comma is separated by semicolons', () => {
    const [head = '', first = '', second = ''] = write(csv, { decimalSeparator: ',' }).split('\r\n')
    assert.ok(head.startsWith('seq;journal_id;line;'))
    assert.ok(first.includes(';42,05;;42,05;4205;eur;4205;1;'))
    assert.ok(second.includes(';;12000;-12000;-12000;eur;-7440;0,0062000000;'))
  })
})

test('JSON Lines have every column, null where there is nothing, and the description as it was written', () => {
  const [first, second] = write(jsonLines)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.ok(first && second)
  for (const { name } of journalColumns) assert.ok(name in first, name)
  assert.deepEqual(
    [first.description, first.message_id, first.amount_minor, first.debit, second.debit, second.credit],
    [description, null, 4205, '42.05', null, '12000'],
  )
  assert.deepEqual(first.metadata, {
    event_key: 'ch_1:capture',
    payment_intent: showId('paymentIntent', ids.intent),
    refs: { own: 'x' },
  })
})

describe('byte ranges', () => {
  test('are read as RFC 9110 has them', () => {
    assert.deepEqual(parseRange(undefined, 10), 'all')
    assert.deepEqual(parseRange('bytes=-', 10), 'all')
    assert.deepEqual(parseRange('bytes=2-4', 10), { from: 2, to: 5 })
    assert.deepEqual(parseRange('bytes=9-', 10), { from: 9, to: 10 })
    assert.deepEqual(parseRange('bytes=10-', 10), 'unsatisfiable')
    assert.deepEqual(parseRange('bytes=-0', 10), 'unsatisfiable')
    assert.deepEqual(parseRange('bytes=-99', 10), { from: 0, to: 10 })
  })

  test('fall on the parts they lie in', () => {
    const sizes = [4, 0, 3, 5]
    for (let from = 0; from <= 12; from++) {
      for (let to = from; to <= 12; to++) {
        const bytes = slicesOf(sizes, { from, to }).reduce((sum, slice) => sum + slice.to - slice.from, 0)
        assert.equal(bytes, to - from)
      }
    }
    assert.deepEqual(slicesOf(sizes, { from: 3, to: 5 }), [
      { number: 1, from: 3, to: 4 },
      { number: 3, from: 0, to: 1 },
    ])
  })
})
