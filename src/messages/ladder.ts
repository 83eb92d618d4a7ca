import type { ChannelCapabilities, Rung } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { delayMs, type Schedule } from '#kernel/backoff.ts'

/** How a message goes out; `merchant`: over the merchant's own connection (`custom`) instead of the platform. */
export type MessageRoute = Rung | 'merchant'

export interface Situation {
  capabilities: Pick<ChannelCapabilities, 'window'>
  /** When the person last wrote, or null when that is not known: then the platform itself must say. */
  lastInboundAt: Date | null
  hasMerchantRoute: boolean
  now: Date
}

const hourMs = 3_600_000
/** The platform's clock and the way there: who is that close to the end of the window is too late. */
const marginMs = 30_000

/** The first rung that may carry a message now; undefined: none. */
export const firstRung = (situation: Situation): MessageRoute | undefined =>
  isWindowOpen(situation) ? 'window' : nextRung('window', situation)

/** The rung below the one that was refused; undefined: there is none, nobody can deliver this. */
export const nextRung = (route: MessageRoute, situation: Situation): MessageRoute | undefined => {
  const { afterWindow } = situation.capabilities.window
  if (route === 'window' && afterWindow !== 'none') return afterWindow
  return route !== 'merchant' && situation.hasMerchantRoute ? 'merchant' : undefined
}

const isWindowOpen = ({ capabilities, lastInboundAt, now }: Situation): boolean => {
  const { hours } = capabilities.window
  if (hours === null || lastInboundAt === null) return true
  return now.getTime() + marginMs < lastInboundAt.getTime() + hours * hourMs
}

/** What follows from a refusal. */
export type Step =
  | { step: 'retry'; afterMs: number; pausesConnection: boolean }
  | { step: 'next_rung' }
  | { step: 'give_up' }
  /** The connection is broken: the message waits for its repair. */
  | { step: 'wait'; afterMs: number }

/** Waits after a temporary refusal; the whole is a day and a half. */
const sendSchedule: Schedule = [
  2_000,
  10_000,
  60_000,
  5 * 60_000,
  30 * 60_000,
  2 * hourMs,
  6 * hourMs,
  12 * hourMs,
  16 * hourMs,
]
/** A message that waits for its connection looks again this often. */
const repairCheckMs = 60_000

export const afterRefusal = (
  { reason }: ChannelFailure,
  given: { attempt: number; retryAfterMs: number | undefined; random: number },
): Step => {
  switch (reason) {
    case 'window_closed':
      return { step: 'next_rung' }
    case 'recipient_unavailable':
    case 'content_refused':
    case 'not_editable':
      return { step: 'give_up' }
    case 'connection_broken':
      return { step: 'wait', afterMs: repairCheckMs }
    case 'rate_limited':
      return retry(given, true)
    case 'temporary':
      return retry(given, false)
    case 'unknown':
      // What nobody can explain will hardly explain itself: a few minutes, then a person should look.
      return given.attempt > 4 ? { step: 'give_up' } : retry(given, false)
    default: {
      const never: never = reason
      throw new RangeError(`unknown reason ${String(never)}`)
    }
  }
}

const retry = (
  { attempt, retryAfterMs = 0, random }: { attempt: number; retryAfterMs: number | undefined; random: number },
  pausesConnection: boolean,
): Step => {
  if (attempt > sendSchedule.length) return { step: 'give_up' }
  const afterMs = Math.max(retryAfterMs, delayMs(sendSchedule, attempt, random))
  return { step: 'retry', afterMs, pausesConnection }
}

const ranks = { queued: 0, unconfirmed: 0, sent: 1, delivered: 2, read: 3, undeliverable: 4, canceled: 4 } as const

/** A state never goes back: a late "sent" does not undo "read". What was given up stays so. */
export const isForward = (from: keyof typeof ranks, to: 'sent' | 'delivered' | 'read'): boolean =>
  ranks[to] > ranks[from]
