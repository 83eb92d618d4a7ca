export const checkoutStatuses = ['incomplete', 'ready', 'in_progress', 'completed', 'canceled', 'expired'] as const
export type CheckoutStatus = (typeof checkoutStatuses)[number]

/** What happens to a checkout. `paid`, `declined` and `lapsed` are the payment's news. */
export type CheckoutEvent = 'fill' | 'empty' | 'begin' | 'processing' | 'declined' | 'paid' | 'cancel' | 'expire'

/**
 * fill / empty: a change after which nothing, or something, is missing. A decline leads back to what can be paid; money
 * that has come in completes whatever is open, also what somebody has just emptied.
 */
const transitions: Readonly<Record<CheckoutStatus, Partial<Record<CheckoutEvent, CheckoutStatus>>>> = {
  incomplete: { fill: 'ready', empty: 'incomplete', paid: 'completed', cancel: 'canceled', expire: 'expired' },
  ready: {
    fill: 'ready',
    empty: 'incomplete',
    begin: 'in_progress',
    processing: 'in_progress',
    declined: 'ready',
    paid: 'completed',
    cancel: 'canceled',
    expire: 'expired',
  },
  in_progress: {
    fill: 'ready',
    empty: 'incomplete',
    begin: 'in_progress',
    processing: 'in_progress',
    declined: 'ready',
    paid: 'completed',
    cancel: 'canceled',
    expire: 'expired',
  },
  completed: {},
  canceled: {},
  expired: {},
}

/** The status after an event, or undefined where the event has no place. */
export const stepCheckout = (status: CheckoutStatus, event: CheckoutEvent): CheckoutStatus | undefined =>
  transitions[status][event]

export const isOpen = (status: CheckoutStatus): boolean => transitions[status].cancel !== undefined
