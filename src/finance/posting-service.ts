import type { Clock } from '#kernel/clock.ts'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { postAdjusted, reversePosting } from '#ledger/correction-rules.ts'
import type { Leg, Posting } from '#ledger/posting.ts'
import { postLedger } from '#ledger/repo.ts'
import type { Tx } from '#platform/database.ts'
import { isAccountCode, judgeEntries, type ProposedEntry } from './adjustment.ts'
import { readOpenFrom } from './period-repo.ts'
import { findBooked, findOriginal, isReversed } from './posting-repo.ts'
import type { Proposal, ProposalContent } from './proposal.ts'

type Content<K extends ProposalContent['kind']> = ProposalContent & { kind: K }

/** The legs of entries that may be booked, or the error that names the first that may not. */
export const requireLegs = (entries: readonly ProposedEntry[]): Leg[] => {
  const verdict = judgeEntries(entries)
  if (verdict.ok) return verdict.legs
  throw new AppError(verdict.code, { message: verdict.message, param: verdict.param })
}

/** Refuses a date in a closed period: what a person dates is never moved to another day. */
export const requireOpen = async (tx: Tx, merchantId: string, effectiveAt: Date): Promise<void> => {
  const openFrom = await readOpenFrom(tx, merchantId)
  if (openFrom && effectiveAt < openFrom) throw periodClosed(effectiveAt)
}

/** The transaction that may still be taken back. */
export const requireReversible = async (tx: Tx, merchantId: string, id: string) => {
  const original = await findOriginal(tx, merchantId, id)
  if (!original) throw notFound('ledger transaction', showId('ledgerTransaction', id))
  if (await isReversed(tx, merchantId, id)) throw new AppError('ledger_already_reversed')
  return original
}

/** Books what a proposal says, in the transaction that approves it. Answers the new ledger transaction's UUID. */
export const bookProposal = async (
  tx: Tx,
  clock: Clock,
  proposal: Proposal,
  content: Content<'adjustment' | 'reversal'>,
): Promise<string> => {
  const item =
    content.kind === 'adjustment'
      ? adjust(proposal, content)
      : await reverse(tx, proposal, content, new Date(content.effectiveAt))
  const id = newUuid()
  // Without its payment: what may still be refunded is counted from a payment's own transactions.
  const ties = { merchantId: proposal.merchantId, paymentIntentId: null, refundId: null }
  await postLedger(tx, [{ id, ...ties, ...item }], clock.now())
  const booked = await findBooked(tx, proposal.merchantId, id)
  if (!booked) throw new AppError('ledger_already_reversed')
  if (booked.originalEffectiveAt) throw periodClosed(booked.originalEffectiveAt)
  return id
}

interface Item {
  readonly posting: Posting
  readonly threadId: string | null
}

const adjust = (proposal: Proposal, content: Content<'adjustment'>): Item => {
  const entries = content.entries.map(({ account, currency, amount, holder }) => ({
    account,
    currency: known(currency),
    amount: BigInt(amount),
    ...(holder === null ? {} : { holder }),
  }))
  const posting = postAdjusted({
    adjustmentRef: showId('ledgerProposal', proposal.id),
    description: content.description,
    effectiveAt: new Date(content.effectiveAt),
    legs: requireLegs(entries),
  })
  if (!posting) throw new Error(`the proposal ${proposal.id} moves nothing`)
  return { posting, threadId: null }
}

const reverse = async (
  tx: Tx,
  { merchantId }: Proposal,
  { transactionId }: Content<'reversal'>,
  effectiveAt: Date,
): Promise<Item> => {
  const { threadId, legs, ...original } = await requireReversible(tx, merchantId, transactionId)
  const posting = reversePosting(
    {
      ...original,
      legs: legs.map(({ code, currency, holder, ...amounts }) => {
        if (!isAccountCode(code)) throw new Error(`the chart of accounts lost ${code}`)
        return { code, currency: known(currency), ...amounts, ...(holder === '' ? {} : { holder }) }
      }),
    },
    { reverses: transactionId, effectiveAt },
  )
  return { posting, threadId }
}

const known = (currency: string): Currency => {
  if (!isCurrency(currency)) throw new Error(`unknown currency ${currency}`)
  return currency
}

const periodClosed = (effectiveAt: Date): AppError =>
  new AppError('ledger_period_closed', {
    message: `The period of ${effectiveAt.toISOString().slice(0, 10)} is closed. Date it into an open one, or have the period reopened.`,
    param: 'effective_at',
  })
