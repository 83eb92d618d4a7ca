import { addMs } from '#kernel/clock.ts'
import type { ProviderSetup, SetupState } from '#providers/setups.ts'

export const setupStatuses = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'canceled',
  'succeeded',
] as const satisfies readonly SetupState[]

export type SetupStatus = (typeof setupStatuses)[number]

/** What is known of a setup intent when the provider says something of it. */
export interface SetupFacts {
  status: SetupStatus
  providerRef: string | null
  /** The provider's page that is open for it. */
  hasPage: boolean
  /** A call is under way whose answer will say more. */
  isBusy: boolean
  lastError: { code?: unknown; decline_code?: unknown; message?: unknown } | null
  actionUrl: string | undefined
}

export type SetupVerdict =
  | { kind: 'unchanged' }
  /** Older than what is known, or about a setup that was left behind. */
  | { kind: 'stale' }
  /** Kept by the provider although the setup intent is canceled: the provider has to forget it. */
  | { kind: 'late' }
  | { kind: 'change'; events: SetupEvent[] }

type SetupEvent =
  | 'setup_intent.succeeded'
  | 'setup_intent.setup_failed'
  | 'setup_intent.requires_action'
  | 'setup_intent.canceled'

/** Whether it can still be confirmed, or a page opened for it. */
export const isSetupOpen = (status: SetupStatus): boolean =>
  status === 'requires_payment_method' || status === 'requires_confirmation' || status === 'requires_action'

/** What the provider's view changes. The same view twice changes nothing; nothing changes what is over. */
export const judgeSetup = (facts: SetupFacts, news: ProviderSetup): SetupVerdict => {
  const { status } = facts
  if (status === 'succeeded') return { kind: news.state === 'succeeded' ? 'unchanged' : 'stale' }
  if (status === 'canceled') return { kind: news.state === 'succeeded' ? 'late' : 'stale' }
  const isNew = facts.providerRef !== news.ref
  if (isNew && (facts.providerRef !== null || news.state === 'canceled')) return { kind: 'stale' }
  // What a page has set up ends with the page, and leaves the setup intent to another way.
  if (facts.hasPage && news.state === 'canceled') return { kind: 'stale' }
  if (facts.isBusy && isWaiting(news.state)) return { kind: 'stale' }
  const events = eventsOf(facts, news)
  const isSame =
    !isNew && events.length === 0 && (news.state === status || (isWaiting(news.state) && isWaiting(status)))
  return isSame ? { kind: 'unchanged' } : { kind: 'change', events }
}

/** For a method, or to be confirmed with one: which of the two only our own side knows. */
const isWaiting = (status: SetupStatus): boolean =>
  status === 'requires_payment_method' || status === 'requires_confirmation'

const eventsOf = (facts: SetupFacts, news: ProviderSetup): SetupEvent[] => {
  switch (news.state) {
    case 'succeeded':
      return ['setup_intent.succeeded']
    case 'canceled':
      return ['setup_intent.canceled']
    case 'requires_action':
      return facts.status === 'requires_action' && facts.actionUrl === news.actionUrl
        ? []
        : ['setup_intent.requires_action']
    case 'requires_payment_method':
      return isNewFailure(facts, news) ? ['setup_intent.setup_failed'] : []
    case 'requires_confirmation':
    case 'processing':
      return []
    default:
      return news.state satisfies never
  }
}

const isNewFailure = ({ status, lastError }: SetupFacts, { decline }: ProviderSetup): boolean => {
  if (!decline) return false
  if (status === 'requires_action' || lastError === null) return true
  const { code, decline_code: declineCode, message } = lastError
  return code !== decline.code || declineCode !== decline.declineCode || message !== decline.message
}

const minute = 60_000
const day = 24 * 60 * minute

/** When to ask again after what is under way at the provider: more and more rarely, and after two weeks no more. */
export const nextCheck = (createdAt: Date, now: Date): Date | null => {
  const ageMs = now.getTime() - createdAt.getTime()
  if (ageMs > 14 * day) return null
  if (ageMs < 10 * minute) return addMs(now, 10 * minute)
  return addMs(now, Math.min(ageMs, day)) // exact: a wait, not money
}
