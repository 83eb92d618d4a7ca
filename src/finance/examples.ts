import { showChart, showRate } from './books-view.ts'
import { checklistOf } from './checklist.ts'
import type { Month } from './month.ts'
import { type Lock, periodsOf } from './period.ts'
import { showPeriod } from './period-view.ts'
import { type Proposal, type ProposalContent, showProposal } from './proposal.ts'

const merchantId = '0193b3a0-1c00-7c4e-9a51-5d1f2c7e8a01'
const proposalId = '0193b3a8-9a3c-7e0b-a4d2-6f0e8b1c5e01'
const maker = '0193b3a0-1c01-7c4e-9a51-5d1f2c7e8b01'
const checker = '0193b3a0-1c01-7c4e-9a51-5d1f2c7e8b02'
const transactionId = '0193b3a8-9a3c-7e0b-a4d2-6f0e8b1c5d03'
const proposedAt = new Date('2026-11-22T10:15:42Z')
const month = '2026-10' as Month

const checklist = checklistOf({
  month,
  baseCurrency: 'eur',
  balances: [],
  unsealed: { count: 0, seconds: 0 },
  open: [{ code: '1140', currency: 'eur', balance: 8795n, days: 3 }],
  unvalued: [],
  proposals: [],
  conflicts: [],
})

const proposal = (content: ProposalContent, reason: string): Proposal => ({
  merchantId,
  id: proposalId,
  status: 'proposed',
  content,
  reason,
  attachment: 'statement-2026-10.pdf, page 3',
  proposedBy: maker,
  decidedBy: null,
  decisionReason: null,
  fourEyes: true,
  transactionId: null,
  livemode: false,
  createdAt: proposedAt,
  decidedAt: null,
})

const adjustment = proposal(
  {
    kind: 'adjustment',
    description: 'Receipt on the bank statement without a payment',
    effectiveAt: '2026-10-31T00:00:00.000Z',
    entries: [
      { account: '1010', currency: 'eur', amount: '1234', holder: null },
      { account: '2090', currency: 'eur', amount: '-1234', holder: null },
    ],
  },
  'The bank shows 12.34 that nobody announced',
)

const decided = { decidedBy: checker, decidedAt: new Date('2026-11-22T11:02:00Z') }
const closing: Lock = {
  number: 2,
  action: 'closed',
  closedUntil: '2026-11-01',
  proposalId,
  asOfSeq: 48_211n,
  sha256: Buffer.alloc(32, 0x5a),
  createdAt: decided.decidedAt,
  reason: 'Close 2026-10',
  proposedBy: maker,
  decidedBy: checker,
}
const [closed] = periodsOf([closing], month, month)
if (!closed) throw new Error('the example has no period')

/** Examples of the API's documentation, shown by the same code that shows real rows. */
export const adjustmentExample = showProposal(adjustment)
export const approvedExample = showProposal({ ...adjustment, ...decided, status: 'approved', transactionId })
export const rejectedExample = showProposal({
  ...adjustment,
  ...decided,
  status: 'rejected',
  decisionReason: 'It is the payout of the 29th',
})
export const reversalExample = showProposal(
  proposal({ kind: 'reversal', transactionId, effectiveAt: proposedAt.toISOString() }, 'Booked twice by hand'),
)
export const closingExample = showProposal(proposal({ kind: 'period_close', month, checklist }, 'Close 2026-10'))
export const reopeningExample = showProposal(proposal({ kind: 'period_reopen', month }, 'The fee invoice came late'))
export const periodExample = showPeriod(closed, null)
export const booksExample = {
  object: 'ledger_books' as const,
  base_currency: 'eur',
  is_fixed: true,
  four_eyes: true,
}
export const rateExample = showRate(
  {
    id: proposalId,
    currency: 'jpy',
    rate: '0.006200000000',
    effective_on: '2026-10-01',
    source: 'ECB reference rate',
    created_at: proposedAt,
  },
  'eur',
)
export const chartExample = showChart('fec', {}).slice(0, 2)

export const listExample = <T>(url: string, data: T[]) => ({ object: 'list' as const, url, has_more: false, data })
