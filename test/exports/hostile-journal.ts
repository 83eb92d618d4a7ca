import { journalOf, type ModelEntry } from './journal-model.ts'

/** Text that breaks careless writers: separators, comments, quotes, tags, openers of every tool, and five scripts. */
export const hostileTexts = [
  '',
  'naïve 花束 • قهوة ☕️ 👩‍👩‍👧 Ελλάδα',
  'a; b | c  ; d',
  '* (J9) ! = 5.00 EUR',
  '(code) [2026-01-01] {1} @ 2 USD',
  '"quoted" \\ back\\\\slash\\',
  ';comment:only, tag:x',
  '=cmd|" /C calc"!A0',
  '+1 -2 @SUM(1)',
  '<a href="x">&amp;</a>',
  ':a:b: key:value  two  spaces',
  '#tag ^link 2026-11-02 open Assets:X',
  '   ',
  'ends in a backslash \\',
  'é\u0301 \u202eabc\u202c no\u00a0break\u3000wide',
  '~ 0 EUR',
  '€ ß Œ Ž',
]

/** Four currencies with 0, 2 and 3 digits, holders, both directions of time, and every text above. */
export const hostileJournal = () => {
  const texts: ModelEntry[] = hostileTexts.map((description, index) => ({
    description,
    effectiveOn: `2026-11-${String(28 - index).padStart(2, '0')}`,
    valueOn: index % 2 === 0 ? '2026-12-01' : null,
    threadId: index % 3 === 0 ? '01939b00-0000-7000-8000-00000000abcd' : null,
    legs: [
      ['1110', 'eur', 1000n + BigInt(index)],
      ['4010', 'eur', -800n],
      ['2310', 'eur', -200n - BigInt(index)],
    ],
  }))
  return journalOf([
    ...texts,
    {
      kind: 'auth',
      legs: [
        ['9010', 'eur', 5000n],
        ['9011', 'eur', -5000n],
      ],
    },
    {
      effectiveOn: '2026-11-03',
      legs: [
        ['1110', 'jpy', 12_000n, 7440n],
        ['4010', 'jpy', -10_909n, -6764n],
        ['2310', 'jpy', -1091n, -676n],
      ],
    },
    {
      kind: 'fee',
      eventKey: 'txn_2:fee',
      effectiveOn: '2026-11-03',
      legs: [
        ['5010', 'jpy', 432n, 268n],
        ['1110', 'jpy', -432n, -268n],
      ],
    },
    {
      effectiveOn: '2026-10-31',
      legs: [
        ['1110', 'kwd', 1234n, 370n],
        ['4010', 'kwd', -1234n, -370n],
      ],
    },
    {
      effectiveOn: '2026-11-04',
      legs: [
        ['1110', 'usd', 10_000n, 9300n],
        ['4010', 'usd', -10_000n, -9300n],
      ],
    },
    {
      kind: 'fx_settle',
      eventKey: 'txn_9:fx_settle',
      effectiveOn: '2026-11-06',
      legs: [
        ['3900', 'usd', 10_000n, 9200n],
        ['1110', 'eur', 9200n],
        ['1110', 'usd', -10_000n, -9200n],
        ['3900', 'eur', -9200n],
      ],
    },
    {
      kind: 'topup',
      legs: [
        ['1110', 'eur', 10_000n],
        ['2020', 'eur', -10_000n, -10_000n, 'usr_7'],
      ],
    },
    {
      kind: 'hold',
      legs: [
        ['2020', 'eur', 5000n, 5000n, 'usr_7'],
        ['2030', 'eur', -5000n, -5000n, '红包-1'],
      ],
    },
    {
      kind: 'reversal',
      eventKey: 'ch_2:capture:reversal',
      reversesId: '01939b00-0000-7000-8000-000000001002',
      originalEffectiveOn: '2026-10-30',
      legs: [
        ['1110', 'eur', -1001n],
        ['4010', 'eur', 800n],
        ['2310', 'eur', 201n],
      ],
    },
    {
      kind: 'auth_release',
      legs: [
        ['9011', 'eur', 5000n],
        ['9010', 'eur', -5000n],
      ],
    },
    {
      kind: 'claim',
      legs: [
        ['2030', 'eur', 5000n, 5000n, '红包-1'],
        ['2020', 'eur', -5000n, -5000n, 'Usr_7'],
      ],
    },
  ])
}
