import { addMs } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction, type Tx, violatedConstraint } from '#platform/database.ts'
import { listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobQueue } from '#platform/queue.ts'
import {
  appendPeriodEvent,
  beginClosing,
  type ClosingDeps,
  finishClosing,
  reopen,
  requireClosable,
  requireReopenable,
} from './closing-service.ts'
import type { Month } from './month.ts'
import { lockBooks } from './period-repo.ts'
import { bookProposal, requireLegs, requireOpen, requireReversible } from './posting-service.ts'
import { judgeDecision, type Proposal, type ProposalContent, showProposal } from './proposal.ts'
import {
  decideProposal,
  findProposal,
  insertProposal,
  lockProposal,
  selectProposals,
  toProposal,
} from './proposal-repo.ts'
import type { AdjustmentBody, ProposalListQuery, ReversalBody } from './schemas.ts'

export interface ProposalDeps extends ClosingDeps {
  readonly queue: Pick<JobQueue, 'wake'>
  readonly fourEyes: boolean
}

/** Who asks: the proposal takes `resourceId`, so that a request that is sent again finds what it made. */
export interface Scope {
  readonly merchantId: string
  readonly apiKeyId: string
  readonly livemode: boolean
  readonly resourceId: string
}

/** How long an approval waits for its closing to be finished; the sweep goes on after it. */
const closingWaitMs = 10_000
/** How long a new proposal waits for an earlier closing and for the sealer. */
const lookWaitMs = 1000

/** What one person proposes and another decides. Without four eyes a proposal is decided with its writing. */
export const createProposalService = (deps: ProposalDeps) => ({
  proposeAdjustment: (scope: Scope, body: AdjustmentBody) =>
    propose(deps, scope, body, async (tx) => {
      const { description, effective_at: at, entries } = body
      const amounts = entries.map((entry) => ({ ...entry, amount: BigInt(entry.amount) }))
      requireLegs(amounts)
      const effectiveAt = await requireDay(tx, deps, scope, at)
      const kept = amounts.map(({ holder = null, amount, ...entry }) => ({ ...entry, amount: String(amount), holder }))
      return { kind: 'adjustment', description, effectiveAt, entries: kept }
    }),

  proposeReversal: (scope: Scope, id: string, body: ReversalBody) =>
    propose(deps, scope, body, async (tx) => {
      const transactionId = requireUuid('ledgerTransaction', id, 'ledger transaction')
      await requireReversible(tx, scope.merchantId, transactionId)
      return { kind: 'reversal', transactionId, effectiveAt: await requireDay(tx, deps, scope, body.effective_at) }
    }),

  proposeClosing: async (scope: Scope, month: Month, reason = `Close ${month}`) => {
    const isFinished = await finishClosing(deps, scope.merchantId, lookWaitMs)
    if (isFinished) await deps.sealer.catchUp(scope.merchantId, lookWaitMs)
    return propose(deps, scope, { reason }, async (tx) => {
      const checklist = await requireClosable(tx, scope.merchantId, month, deps.clock.now())
      return { kind: 'period_close', month, checklist }
    })
  },

  proposeReopening: async (scope: Scope, month: Month, reason: string) => {
    await finishClosing(deps, scope.merchantId, lookWaitMs)
    return propose(deps, scope, { reason }, async (tx) => {
      await requireReopenable(tx, scope.merchantId, month)
      return { kind: 'period_reopen', month }
    })
  },

  approve: (scope: Scope, id: string) => decideOn(deps, scope, id, 'approved'),
  reject: (scope: Scope, id: string, reason?: string) => decideOn(deps, scope, id, 'rejected', reason),

  retrieveProposal: (merchantId: string, id: string) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const proposal = await findProposal(tx, merchantId, requireUuid('ledgerProposal', id, 'ledger proposal'))
      if (!proposal) throw notFound('ledger proposal', id)
      return showProposal(proposal)
    }),

  listProposals: (merchantId: string, query: ProposalListQuery) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = selectProposals(tx, merchantId)
      if (query.status !== undefined) select = select.where('status', '=', query.status)
      if (query.kind !== undefined) select = select.where('kind', '=', query.kind)
      const page = await readPage(select, query, 'ledgerProposal')
      const data = page.rows.map((row) => showProposal(toProposal(row)))
      return listAnswer('/v1/ledger/proposals', data, page.hasMore)
    }),
})

type Prepare = (tx: Tx) => Promise<ProposalContent>

const propose = async (
  deps: ProposalDeps,
  scope: Scope,
  { reason, attachment }: { reason: string; attachment?: string | undefined },
  prepare: Prepare,
) => {
  const { merchantId, apiKeyId, livemode, resourceId: id } = scope
  const proposal = await named(() =>
    inTransaction(deps.db, merchantId, async (tx) => {
      await lockBooks(tx, merchantId)
      const existing = await findProposal(tx, merchantId, id)
      if (existing) return existing
      const made = await insertProposal(tx, {
        merchantId,
        id,
        content: await prepare(tx),
        reason,
        attachment: attachment ?? null,
        proposedBy: apiKeyId,
        fourEyes: deps.fourEyes,
        livemode,
        createdAt: deps.clock.now(),
      })
      if (!deps.fourEyes) return decide(tx, deps, made, { decision: 'approved', apiKeyId })
      await appendProposalEvent(tx, deps, made)
      return made
    }),
  )
  return answer(deps, proposal)
}

const decideOn = async (
  deps: ProposalDeps,
  { merchantId, apiKeyId }: Scope,
  id: string,
  decision: 'approved' | 'rejected',
  reason?: string,
) => {
  const uuid = requireUuid('ledgerProposal', id, 'ledger proposal')
  const proposal = await named(() =>
    inTransaction(deps.db, merchantId, async (tx) => {
      await lockBooks(tx, merchantId)
      const found = await lockProposal(tx, merchantId, uuid)
      if (!found) throw notFound('ledger proposal', id)
      const verdict = judgeDecision(found, decision, apiKeyId)
      if (verdict === 'repeat') return found
      if (verdict === 'decided') {
        throw new AppError('ledger_proposal_decided', { message: `This proposal was ${found.status} already.` })
      }
      if (verdict === 'four_eyes') throw new AppError('ledger_four_eyes')
      return decide(tx, deps, found, { decision, apiKeyId, reason })
    }),
  )
  return answer(deps, proposal)
}

interface Verdict {
  readonly decision: 'approved' | 'rejected'
  readonly apiKeyId: string
  readonly reason?: string | undefined
}

/** Does what was proposed and writes the decision, in one transaction: all of it happens once or not at all. */
const decide = async (tx: Tx, deps: ProposalDeps, proposal: Proposal, verdict: Verdict): Promise<Proposal> => {
  const transactionId = verdict.decision === 'approved' ? await carryOut(tx, deps, proposal) : undefined
  const decided = await decideProposal(tx, proposal, {
    status: verdict.decision,
    decidedBy: verdict.apiKeyId,
    decidedAt: deps.clock.now(),
    decisionReason: verdict.reason,
    transactionId,
  })
  await appendProposalEvent(tx, deps, decided)
  return decided
}

const carryOut = async (tx: Tx, { clock }: ProposalDeps, proposal: Proposal): Promise<string | undefined> => {
  const { content } = proposal
  switch (content.kind) {
    case 'adjustment':
    case 'reversal':
      return bookProposal(tx, clock, proposal, content)
    case 'period_close':
      await beginClosing(tx, clock, proposal, content.month)
      return undefined
    case 'period_reopen':
      await reopen(tx, clock, proposal, content.month)
      return undefined
  }
}

const adjustmentEvents = {
  proposed: 'ledger.adjustment.proposed',
  approved: 'ledger.adjustment.approved',
  rejected: 'ledger.adjustment.rejected',
} as const

/** A closing tells when it is finished, see `finishClosing`. */
const appendProposalEvent = async (tx: Tx, deps: ProposalDeps, proposal: Proposal): Promise<void> => {
  const { content, merchantId, status } = proposal
  if (content.kind === 'period_close') return
  if (content.kind === 'period_reopen') {
    if (status === 'approved')
      await appendPeriodEvent(tx, deps.clock, proposal, content.month, 'ledger.period.reopened')
    return
  }
  await appendEvents(tx, [
    {
      merchantId,
      type: adjustmentEvents[status],
      objectId: showId('ledgerProposal', proposal.id),
      threadId: null,
      paymentIntentId: null,
      object: showProposal(proposal),
      livemode: proposal.livemode,
      createdAt: deps.clock.now(),
    },
  ])
}

const answer = async (deps: ProposalDeps, proposal: Proposal) => {
  const { content, status, merchantId, id } = proposal
  if (content.kind === 'period_close' && status === 'approved') await finishClosing(deps, merchantId, closingWaitMs)
  deps.queue.wake('outbox.drain', { id })
  return showProposal(proposal)
}

/** A mistyped year would make a century of months. */
const earliest = new Date('2000-01-01T00:00:00Z')
const aheadMaxMs = 366 * 86_400_000

/** The moment that a posting takes effect: the given second, the start of the given day, or now. */
const requireDay = async (
  tx: Tx,
  { clock }: ProposalDeps,
  { merchantId }: Scope,
  given: number | string | undefined,
): Promise<string> => {
  const text = typeof given === 'string' ? `${given}T00:00:00Z` : given === undefined ? undefined : given * 1000
  const at = text === undefined ? clock.now() : new Date(text)
  if (at < earliest || at > addMs(clock.now(), aheadMaxMs)) {
    const message = 'Invalid effective_at: it must lie between the year 2000 and a year from now.'
    throw new AppError('parameter_invalid_string', { message, param: 'effective_at' })
  }
  await requireOpen(tx, merchantId, at)
  return at.toISOString()
}

/** What the database refuses, by the name of the rule. */
const named = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const constraint = violatedConstraint(error)
    if (constraint === 'ledger_never_negative') throw new AppError('ledger_insufficient_balance', { cause: error })
    if (constraint === 'ledger_reversed_once') throw new AppError('ledger_already_reversed', { cause: error })
    throw error
  }
}
