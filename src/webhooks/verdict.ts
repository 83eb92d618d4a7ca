/** What became of a provider's event, and why: shown by the API and in a payment's story. */
export interface Verdict {
  state: 'processed' | 'ignored' | 'parked'
  reason: string | null
}

/** Tries before an event that cannot be worked off is left to a person. */
export const attemptsMax = 12

/** What a look-up's result means for the event that asked for it. */
export const judgeSync = (sync: { verdict: string; reason?: string }): Verdict => {
  switch (sync.verdict) {
    case 'change':
    case 'applied':
      return { state: 'processed', reason: null }
    case 'abandoned':
      return { state: 'processed', reason: 'the hosted page is over; the payment can be paid another way' }
    case 'unchanged':
      return { state: 'processed', reason: 'nothing new' }
    case 'stale':
      return { state: 'ignored', reason: sync.reason ?? 'old news' }
    case 'missing':
    case 'nothing':
      return { state: 'ignored', reason: 'the provider does not have this object' }
    case 'conflict':
      return { state: 'parked', reason: sync.reason ?? 'the provider disagrees' }
    default:
      // A verdict this file does not know must not pass for success.
      return { state: 'parked', reason: `unknown verdict ${sync.verdict}` }
  }
}
