import type { MethodService } from '#customers/method-service.ts'
import type { DisputeService } from '#disputes/service.ts'
import { delayMs, inboxSchedule } from '#kernel/backoff.ts'
import { addMs, type Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import { matchIntent } from '#payments/repo.ts'
import type { PaymentService } from '#payments/service.ts'
import type { PayoutService } from '#payouts/service.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderNotice } from '#providers/notice.ts'
import type { RefundService } from '#refunds/service.ts'
import type { SetupService } from '#setups/service.ts'
import type { OutboundService } from '#transfers/service.ts'
import { findOwner, type InboxRow, matchCharge, matchRefund } from './inbox-repo.ts'
import type { Inbox } from './inbox-service.ts'
import { isAboutSetup, judgeSetupNews } from './setup-news-service.ts'
import { judgeTransferNews } from './transfer-news-service.ts'
import { attemptsMax, judgeSync, type Verdict } from './verdict.ts'

export interface ProcessDeps {
  db: Database
  clock: Clock
  logger: Logger
  payments: PaymentService
  refunds: RefundService
  payouts: PayoutService
  disputes: DisputeService
  setups: SetupService
  methods: MethodService
  transfers: OutboundService
  inbox: Inbox
}

type Notice = Pick<ProviderNotice, 'subject' | 'tags'>
type Account = Omit<ProviderAccount, 'merchantId'>

const accountOf = ({ provider, connection }: Pick<InboxRow, 'provider' | 'connection'>): Account => ({
  provider,
  connectionId: connection === '' ? null : connection,
})

interface Match {
  merchant_id: string
  id: string
}

/**
 * Job: works off one event. The event only says where to look; the object is fetched fresh from the provider, so
 * duplicates, reordering and old news change nothing.
 */
export const processEvent = async (deps: ProcessDeps, id: string): Promise<void> => {
  const event = await deps.inbox.claim(id)
  if (!event) return
  const notice = event.notice as unknown as Notice
  const match = await findMatch(deps, event, notice)
  try {
    const { verdict, whose } = await judgeEvent(deps, event, notice, match)
    if (verdict.state === 'parked')
      deps.logger.error({ event: event.ref, type: event.type, reason: verdict.reason }, 'parked a provider event')
    if (verdict.state === 'processed' && movesMoney(notice)) await deps.payouts.hearMovement(balanceOf(event))
    await deps.inbox.end({ id, ...verdict, ...owner(whose), processedAt: deps.clock.now() })
  } catch (error) {
    await retryLater(deps, event, match, error)
  }
}

const movesMoney = ({ subject }: Notice): boolean =>
  subject.kind === 'charge' || subject.kind === 'refund' || subject.kind === 'dispute'

const balanceOf = ({ provider, connection }: Pick<InboxRow, 'provider' | 'connection'>) => ({ provider, connection })

const owner = (whose: Owned | undefined) =>
  whose ? { merchantId: whose.merchant_id, ...(whose.id === undefined ? {} : { paymentIntentId: whose.id }) } : {}

const retryLater = async (
  deps: ProcessDeps,
  event: InboxRow,
  match: Match | undefined,
  error: unknown,
): Promise<void> => {
  const reason = error instanceof AppError || error instanceof Error ? error.message : String(error)
  deps.logger.warn(
    { err: error, event: event.ref, attempts: event.attempts },
    'a provider event could not be worked off yet',
  )
  const isLast = event.attempts >= attemptsMax
  const now = deps.clock.now()
  await deps.inbox.end({
    id: event.id,
    state: isLast ? 'parked' : 'received',
    reason: reason.slice(0, 500),
    ...owner(match),
    nextAttemptAt: addMs(now, delayMs(inboxSchedule, event.attempts, Math.random())),
    processedAt: isLast ? now : null,
  })
}

/** A payment, or whatever else of a merchant. */
type Owned = { merchant_id: string; id?: string }

interface Judged {
  verdict: Verdict
  whose: Owned | undefined
}

const judgeEvent = async (
  deps: ProcessDeps,
  event: InboxRow,
  notice: Notice,
  match: Match | undefined,
): Promise<Judged> => {
  if (isAboutSetup(notice)) return judgeSetup(deps, event, notice)
  if (notice.subject.kind === 'method') return judgeMethod(deps, event, notice.subject.ref)
  if (notice.subject.kind === 'transfer') {
    const { verdict, merchantId } = await judgeTransferNews(deps, accountOf(event), notice.subject)
    return { verdict, whose: merchantId === undefined ? undefined : { merchant_id: merchantId } }
  }
  return notice.subject.kind === 'dispute'
    ? judgeDispute(deps, event, notice.subject.ref, match)
    : { verdict: await judge(deps, accountOf(event), notice, match), whose: match }
}

const judgeSetup = async (deps: ProcessDeps, event: InboxRow, notice: Notice): Promise<Judged> => {
  const owner = event.connection === '' ? undefined : await findOwner(deps.db.maintenance, event.connection)
  const { verdict, merchantId } = await judgeSetupNews(deps, accountOf(event), notice, owner)
  return { verdict, whose: merchantId === undefined ? undefined : { merchant_id: merchantId } }
}

/** Who attaches what to whom elsewhere in the account is not told to us. */
const judgeMethod = async (deps: ProcessDeps, event: InboxRow, ref: string): Promise<Judged> => {
  const owner = event.connection === '' ? undefined : await findOwner(deps.db.maintenance, event.connection)
  const synced = await deps.methods.sync(accountOf(event), ref, owner)
  if (synced.merchantId === undefined)
    return { verdict: { state: 'ignored', reason: 'not about a payment method that is kept here' }, whose: undefined }
  return { verdict: judgeSync(synced), whose: { merchant_id: synced.merchantId } }
}

/** The news of a dispute may come before we know the refs of its payment: the provider is asked whose it is. */
const judgeDispute = async (
  deps: ProcessDeps,
  event: InboxRow,
  ref: string,
  hint: Match | undefined,
): Promise<Judged> => {
  const owner = event.connection === '' ? undefined : await findOwner(deps.db.maintenance, event.connection)
  const synced = await deps.disputes.sync(accountOf(event), ref, { hint, owner })
  const whose = synced.payment ?? hint
  if (synced.verdict === 'foreign')
    return { verdict: { state: 'ignored', reason: 'a dispute, but not of a payment of ours' }, whose: undefined }
  return { verdict: judgeSync(synced), whose }
}

const judge = async (
  deps: ProcessDeps,
  from: Account,
  { subject }: Notice,
  match: Match | undefined,
): Promise<Verdict> => {
  if (subject.kind === 'ignored') return { state: 'ignored', reason: 'of no interest to payments' }
  if (subject.kind === 'unknown')
    return { state: 'parked', reason: 'unknown event type: nobody has said yet what it means' }
  if (subject.kind === 'payout' || subject.kind === 'balance') return followMoney(deps, from, subject)
  if (!match) return { state: 'ignored', reason: 'not about a payment of ours' }
  const { merchant_id: merchantId, id } = match
  switch (subject.kind) {
    case 'payment':
      return judgeSync(await deps.payments.sync(merchantId, id, subject.ref, from))
    case 'page':
      return judgeSync(await deps.payments.sync(merchantId, id, subject.paymentRef, from))
    case 'charge': {
      const verdict = judgeSync(await deps.payments.sync(merchantId, id, subject.paymentRef, from))
      const isNew = await deps.payments.recordAttempt(merchantId, id, subject.ref)
      return isNew ? { state: 'processed', reason: 'an attempt that the payment has moved on from' } : verdict
    }
    case 'refund':
      return judgeSync(await deps.refunds.sync(merchantId, id, subject.ref))
    case 'dispute':
    case 'setup':
    case 'method':
    case 'transfer':
      throw new Error(`news of a ${subject.kind} are judged elsewhere`)
    default:
      return subject satisfies never
  }
}

/** Whose a payout is shows only when it is fetched, entry by entry; that is a job's work. */
const followMoney = async (
  { payouts }: ProcessDeps,
  { provider, connectionId }: Account,
  subject: { kind: 'payout'; ref: string } | { kind: 'balance' },
): Promise<Verdict> => {
  const account = { provider, connection: connectionId ?? '' }
  await (subject.kind === 'payout' ? payouts.hear(account, subject.ref) : payouts.hearBalance(account))
  return { state: 'processed', reason: 'the account is being read' }
}

/** Our own ids in the object's metadata first (we put them there and the event is signed), else the provider's ids. */
const findMatch = async (deps: ProcessDeps, event: InboxRow, { subject, tags }: Notice): Promise<Match | undefined> => {
  const { maintenance } = deps.db
  const found = await findNamed(deps, event, { subject, tags })
  if (!found || event.connection === '') return found
  // Whoever owns the account writes what they like into its metadata: its news are about its own merchant only.
  const owner = await findOwner(maintenance, event.connection)
  return owner === found.merchant_id ? found : undefined
}

const findNamed = async (deps: ProcessDeps, event: InboxRow, { subject, tags }: Notice): Promise<Match | undefined> => {
  const { maintenance } = deps.db
  const tagged = await matchTags(deps, tags)
  if (tagged) return tagged
  if (subject.kind === 'ignored' || subject.kind === 'unknown') return undefined
  if (subject.kind === 'setup' || subject.kind === 'method' || subject.kind === 'transfer') return undefined
  if (subject.kind === 'payout' || subject.kind === 'balance') return undefined
  const paymentRef = subject.kind === 'payment' ? subject.ref : subject.paymentRef
  const byPayment =
    paymentRef === undefined ? undefined : await matchIntent(maintenance, event.provider, { providerRef: paymentRef })
  if (byPayment) return byPayment
  if (subject.kind === 'page') return matchIntent(maintenance, event.provider, { pageRef: subject.ref })
  if (subject.kind === 'charge') return matchCharge(maintenance, event.provider, subject.ref)
  return subject.kind === 'refund' ? matchRefund(maintenance, event.provider, subject.ref) : undefined
}

const matchTags = async (deps: ProcessDeps, tags: Notice['tags']): Promise<Match | undefined> => {
  const merchantId = tags.merchant === undefined ? undefined : parseId('merchant', tags.merchant)
  const intentId = tags.paymentIntent === undefined ? undefined : parseId('paymentIntent', tags.paymentIntent)
  if (merchantId === undefined || intentId === undefined) return undefined
  return deps.db.maintenance
    .selectFrom('payment_intents')
    .select(['merchant_id', 'id'])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', intentId)
    .executeTakeFirst()
}
