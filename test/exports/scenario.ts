import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import type { PostingKind } from '#ledger/kinds.ts'
import { type Line, type Posting, posting } from '#ledger/posting.ts'

const day = (number: number): Date => new Date(Date.UTC(2026, 10, number, 12))

const post = (
  number: number,
  currency: string,
  kind: PostingKind,
  ref: string,
  lines: readonly Line[],
  { refs = {}, ...more }: Partial<Posting> = {},
): Posting => {
  assert.ok(isCurrency(currency))
  const event = { currency: currency as Currency, effectiveAt: day(number), refs, ...more }
  const made = posting(event, { ref, kind, description: `${kind} ${ref}` }, lines)
  assert.ok(made)
  return made
}

/** Text that breaks careless writers: markup, right to left, beyond 16 bits, formulas, XML's forbidden characters. */
export const awkward = '=HYPERLINK("x")&<b> 花束 شكرا 🧧 \u0001\ufffe'

/** A small business of November 2026: three currencies, a payout, a dispute, a wallet and a share of a bill. */
export const november: readonly Posting[] = [
  post(2, 'eur', 'auth', 'ch_1', [
    ['9010', 12000n],
    ['9011', -12000n],
  ]),
  post(
    2,
    'eur',
    'capture',
    'ch_1',
    [
      ['1110', 12000n],
      ['4010', -10000n],
      ['2310', -2000n],
    ],
    {
      valueAt: day(5),
      description: awkward,
      refs: { order: '1001' },
    },
  ),
  post(
    2,
    'eur',
    'fee',
    'txn_1',
    [
      ['5010', 205n],
      ['1110', -205n],
    ],
    { refs: { balance_transaction: 'txn_1' } },
  ),
  post(3, 'jpy', 'capture', 'ch_2', [
    ['1110', 12000n],
    ['4010', -12000n],
  ]),
  post(
    3,
    'jpy',
    'fee',
    'txn_2',
    [
      ['5010', 432n],
      ['1110', -432n],
    ],
    { refs: { balance_transaction: 'txn_2' } },
  ),
  post(4, 'eur', 'refund', 're_1', [
    ['4090', 2500n],
    ['2310', 500n],
    ['1110', -3000n],
  ]),
  post(5, 'eur', 'settle', 'batch_1', [
    ['1120', 8795n],
    ['1110', -8795n],
  ]),
  post(
    6,
    'eur',
    'payout',
    'po_1',
    [
      ['1140', 8795n],
      ['1120', -8795n],
    ],
    { refs: { payout: 'po_1' } },
  ),
  post(6, 'kwd', 'topup', 'ch_3', [
    ['1110', 10005n],
    ['2020', -10005n, 'usr_7'],
  ]),
  post(
    9,
    'eur',
    'payout_paid',
    'bank_1',
    [
      ['1010', 8795n],
      ['1140', -8795n],
    ],
    { refs: { payout: 'po_1' } },
  ),
  post(
    9,
    'eur',
    'capture',
    'ch_4',
    [
      ['1110', 5000n],
      ['4010', -5000n],
    ],
    { valueAt: day(12) },
  ),
  post(10, 'eur', 'dispute', 'dp_1', [
    ['1150', 5000n],
    ['5020', 1500n],
    ['1110', -6500n],
  ]),
  post(11, 'kwd', 'wallet_transfer', 'tr_1', [
    ['2020', 5n, 'usr_7'],
    ['2020', -5n, 'usr_8'],
  ]),
]

/** For node:test's `skip`: false where the program is installed. */
export const lacks = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `needs ${program}`

/** Runs a program on some input and answers what it says; it must end well. */
export const run = async (program: string, args: readonly string[], input?: string | Uint8Array): Promise<string> => {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.end(input)
  assert.equal(await ended, 0, `${program}: ${Buffer.concat(errors)}`)
  return Buffer.concat(output).toString()
}
