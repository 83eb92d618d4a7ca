import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { Tx } from '#platform/database.ts'
import { billAfter, counted, isPaid } from './bill-progress.ts'
import type { BillRow, ShareRow, WholeBill } from './bill-rows.ts'
import { addShare, type BillScope } from './create-service.ts'
import { type BillEvent, followShares, refundPlan, saveBill } from './follow-service.ts'
import { hasRefundsOf, lockBill, planRefunds, updateShare } from './repo.ts'
import type { CloseBill, RefundBill } from './schemas.ts'
import { splitRefund } from './split.ts'

/**
 * What is decided about a bill, each in one transaction: the shares that nobody is asked for any more, the refunds, the
 * event. Nothing is asked of a provider here; `settleBill` carries it out.
 */
export const closeBill = async (
  tx: Tx,
  deps: PaymentDeps,
  scope: BillScope,
  id: string,
  body: CloseBill,
): Promise<void> => {
  const locked = await requireLocked(tx, scope, id)
  if (isRepeated(locked, scope)) return
  requireOpen(locked.bill, 'closed')
  const { whole } = await followShares(tx, deps, locked)
  const after = billAfter(whole)
  if (after.status === 'paid') await saveBill(tx, deps, whole, after, 'bill.paid')
  else if (body.organizer_pays_rest) await passRest(tx, deps, scope, whole)
  else await endBill(tx, deps, whole, { type: 'bill.closed', request: scope.resourceId })
}

/** Every payer gets all of it back. */
export const cancelBill = async (
  tx: Tx,
  deps: PaymentDeps,
  scope: BillScope,
  id: string,
  reason: string | undefined,
): Promise<void> => {
  const locked = await requireLocked(tx, scope, id)
  if (isRepeated(locked, scope)) return
  requireOpen(locked.bill, 'canceled')
  const { whole, left } = await followShares(tx, deps, locked)
  await planParts(tx, deps, scope, whole, left, reason)
  await endBill(tx, deps, whole, { type: 'bill.canceled', request: scope.resourceId })
}

/** What was paid stays with the merchant until somebody refunds it. */
export const expireBill = async (tx: Tx, deps: PaymentDeps, merchantId: string, id: string): Promise<void> => {
  const locked = await lockBill(tx, merchantId, id)
  if (!locked || !isExpired(locked.bill, deps.clock.now())) return
  const { whole } = await followShares(tx, deps, locked)
  const after = billAfter(whole)
  if (after.status === 'paid') await saveBill(tx, deps, whole, after, 'bill.paid')
  else await endBill(tx, deps, whole, { type: 'bill.expired' })
}

export const isExpired = (bill: BillRow, now: Date): boolean =>
  bill.status === 'open' && bill.expires_at !== null && bill.expires_at <= now

/** In proportion to what each has paid and still has to get; without an amount, everything. */
export const refundBill = async (
  tx: Tx,
  deps: PaymentDeps,
  scope: BillScope,
  id: string,
  body: RefundBill,
): Promise<void> => {
  const locked = await requireLocked(tx, scope, id)
  if (await hasRefundsOf(tx, scope.merchantId, scope.resourceId)) return
  const { whole, left, isNew } = await followShares(tx, deps, locked)
  const total = left.reduce((sum, amount) => sum + amount, 0n)
  if (whole.shares.every((share) => share.amount_paid === 0n))
    throw new AppError('bill_unexpected_state', { message: 'Nobody has paid this bill yet; nothing can be refunded.' })
  if (total === 0n) throw new AppError('charge_already_refunded', { message: 'All of this bill is refunded already.' })
  const amount = body.amount === undefined ? total : BigInt(body.amount)
  if (amount > total)
    throw new AppError('amount_too_large', {
      message: `The refund (${amount}) is greater than what is left to refund (${total}).`,
      param: 'amount',
    })
  await planParts(tx, deps, scope, whole, splitRefund(amount, left), body.reason)
  const after = billAfter(whole)
  if (isNew || after.status !== whole.bill.status)
    await saveBill(tx, deps, whole, after, after.status === whole.bill.status ? 'bill.updated' : 'bill.paid')
}

export const requireLocked = async (tx: Tx, { merchantId }: BillScope, id: string): Promise<WholeBill> => {
  const locked = await lockBill(tx, merchantId, id)
  if (!locked) throw notFound('bill', showId('bill', id))
  return locked
}

export const requireOpen = ({ status }: BillRow, participle: string): void => {
  if (status === 'open') return
  const hint = status === 'canceled' ? '' : ' To give money back, refund it.'
  const message = `This bill is ${status}; only an open one can be ${participle}.${hint}`
  throw new AppError('bill_unexpected_state', { message })
}

/** The same request again, after a crash: what it decided stands. */
const isRepeated = ({ bill, shares }: WholeBill, { resourceId }: BillScope): boolean =>
  bill.closing_request === resourceId || shares.some((share) => share.id === resourceId)

const planParts = (
  tx: Tx,
  deps: PaymentDeps,
  scope: BillScope,
  { shares }: WholeBill,
  parts: readonly bigint[],
  reason: string | undefined,
): Promise<void> => {
  const now = deps.clock.now()
  const plans = shares.flatMap((share, index) => {
    const part = parts[index] ?? 0n
    return part > 0n ? [refundPlan(share, scope.resourceId, part, now, reason)] : []
  })
  return planRefunds(tx, plans)
}

const statusOf = { 'bill.closed': 'closed', 'bill.canceled': 'canceled', 'bill.expired': 'expired' } as const

const endBill = async (
  tx: Tx,
  deps: PaymentDeps,
  whole: WholeBill,
  { type, request }: { type: BillEvent & keyof typeof statusOf; request?: string },
): Promise<void> => {
  const shares = await dropOpen(tx, deps, whole)
  const change = {
    ...billAfter({ ...whole, shares }),
    status: statusOf[type],
    closed_at: deps.clock.now(),
    ...(request === undefined ? {} : { closing_request: request }),
  }
  await saveBill(tx, deps, { ...whole, shares }, change, type)
}

/** Open shares are asked for no longer; their payments are to be canceled. */
const dropOpen = async (tx: Tx, deps: PaymentDeps, { shares }: WholeBill): Promise<ShareRow[]> => {
  const now = deps.clock.now()
  const dropped: ShareRow[] = []
  for (const share of shares) {
    if (share.status === 'open') await updateShare(tx, share, { status: 'canceled', leave_at: now }, now)
    dropped.push(share.status === 'open' ? { ...share, status: 'canceled', leave_at: now } : share)
  }
  return dropped
}

/** One payment of the organizer for all that is not paid; the request's identity is its share. */
const passRest = async (tx: Tx, deps: PaymentDeps, scope: BillScope, whole: WholeBill): Promise<void> => {
  const { bill } = whole
  if (bill.organizer_id === null)
    throw new AppError('bill_unexpected_state', {
      message: 'This bill has no organizer who could pay the rest.',
      param: 'organizer_pays_rest',
    })
  const open = whole.shares.filter((share) => share.status === 'open')
  const paid = counted(whole.shares).filter(isPaid)
  const rest = (name: 'amount' | 'tax' | 'tip') => paid.reduce((left, share) => left - share[name], bill[name])
  const isTheirs = open.length === 1 && open[0]?.participant_id === bill.organizer_id
  if (isTheirs && open[0]?.amount === rest('amount')) return
  const shares = await dropOpen(tx, deps, whole)
  const known = shares.find((share) => share.participant_id === bill.organizer_id)
  await addShare(tx, deps, bill, {
    id: scope.resourceId,
    participantId: bill.organizer_id,
    amount: rest('amount'),
    tax: rest('tax'),
    tip: rest('tip'),
    weight: null,
    locale: known?.locale ?? null,
    isRest: true,
  })
  await saveBill(tx, deps, { ...whole, shares }, billAfter({ ...whole, shares }), 'bill.updated')
}
