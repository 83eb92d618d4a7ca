import fc from 'fast-check'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import type { DisputeMovement, DisputeState, ProviderDispute } from '#providers/disputes.ts'

export const currency = (code: string): Currency => {
  if (!isCurrency(code)) throw new TypeError(code)
  return code
}

const at = new Date('2026-11-20T10:00:00Z')

export const dispute = (change: Partial<ProviderDispute> = {}): ProviderDispute => ({
  ref: 'du_1',
  chargeRef: 'ch_1',
  state: 'needs_response',
  reason: 'fraudulent',
  amount: 5000n,
  currency: currency('eur'),
  isRefundable: false,
  evidence: {},
  isPastDue: false,
  submissions: 0,
  round: 1,
  movements: [],
  createdAt: at,
  tags: {},
  ...change,
})

export const movement = (change: Partial<DisputeMovement> = {}): DisputeMovement => ({
  ref: 'txn_1',
  kind: 'withdrawn',
  amount: 5000n,
  fee: 1500n,
  currency: currency('eur'),
  at,
  availableOn: at,
  ...change,
})

interface Chapter {
  state: DisputeState
  submissions?: number
  round?: number
  move?: Partial<DisputeMovement>
}

/** What becomes of a dispute, view by view as the provider would show it: each has all that the one before it had. */
export const tell = (ref: string, chapters: readonly Chapter[]): ProviderDispute[] => {
  const movements: DisputeMovement[] = []
  let [submissions, round] = [0, 1]
  return chapters.map((chapter) => {
    submissions = chapter.submissions ?? submissions
    round = chapter.round ?? round
    const number = movements.length + 1
    if (chapter.move)
      movements.push(
        movement({ ref: `${ref}_txn_${number}`, at: new Date(at.getTime() + number * 1000), ...chapter.move }),
      )
    return dispute({ ref, state: chapter.state, submissions, round, movements: [...movements] })
  })
}

const amount = fc.bigInt({ min: 1n, max: 9999n })
const code = fc.constantFrom('eur', 'usd').map(currency)

/** Withdrawn, answered or not, decided; a win may be paid back late, in another currency or short, and be appealed. */
const chargeback = fc
  .record({
    taken: amount,
    back: amount,
    fee: fc.constantFrom(0n, 1500n),
    code,
    backCode: code,
    isAnswered: fc.boolean(),
  })
  .chain(({ taken, back, fee, code: from, backCode, isAnswered }) => {
    const opened: Chapter[] = [{ state: 'needs_response', move: { amount: taken, fee, currency: from } }]
    const answered: Chapter[] = isAnswered ? [{ state: 'under_review', submissions: 1 }] : []
    const returned = { kind: 'reinstated' as const, amount: back, fee: -fee, currency: backCode }
    const won: Chapter[] = [{ state: 'won', move: { ...returned, amount: taken, currency: from } }]
    const ends: Chapter[][] = [
      [{ state: 'lost' }],
      [{ state: 'lost' }, { state: 'lost', move: returned }],
      won,
      [{ state: 'won', move: returned }],
      [{ state: 'won' }, { state: 'won', move: returned }],
      [...won, { state: 'appeal_needs_response', move: { amount: back, fee: 0n, currency: from } }, { state: 'lost' }],
      [...won, { state: 'appeal_needs_response', move: { amount: back, fee: 0n, currency: from } }, ...won],
      [{ state: 'lost' }, { state: 'appeal_under_review', submissions: 2 }, { state: 'won', move: returned }],
      [{ state: 'prevented' }],
    ]
    return fc.constantFrom(...ends).map((end) => [...opened, ...answered, ...end])
  })

const inquiry = fc
  .record({ isAsked: fc.boolean(), isRepeated: fc.boolean(), escalates: fc.option(chargeback, { nil: undefined }) })
  .map(({ isAsked, isRepeated, escalates }): Chapter[] => [
    { state: 'warning_needs_response' },
    ...(isAsked ? [{ state: 'warning_under_review' as const, submissions: 1 }] : []),
    { state: 'warning_closed' },
    ...(isRepeated
      ? [{ state: 'warning_needs_response' as const, round: 2 }, { state: 'warning_closed' as const }]
      : []),
    ...(escalates ?? []).map((chapter) => ({
      ...chapter,
      ...(chapter.submissions === undefined ? {} : { submissions: chapter.submissions + 1 }),
    })),
  ])

/** A whole story, and an order in which its views arrive: late, doubled, reordered or never, but the last one at last. */
export const stories: fc.Arbitrary<{ chapters: Chapter[]; arrivals: number[] }> = fc
  .oneof(chargeback, inquiry)
  .chain((chapters) =>
    fc
      .array(fc.nat({ max: chapters.length - 1 }), { maxLength: 8 })
      .map((arrivals) => ({ chapters, arrivals: [...arrivals, chapters.length - 1] })),
  )
