import type { IntentStatus } from '#payments/intent-machine.ts'
import type { CheckoutStatus } from './checkout-machine.ts'

/** A checkout as agents see it: our status, and where its payment stands. */
export type Situation =
  | 'empty'
  | 'missing'
  | 'ready'
  /** Completed by the agent, to be paid by a person on the hosted page. */
  | 'handed_over'
  /** That page is open at the provider. */
  | 'page_open'
  | 'authenticating'
  /** Authorised; the merchant captures or lets go. */
  | 'authorised'
  /** Under way at the provider, an unknown outcome included. */
  | 'charging'
  | 'completed'
  | 'canceled'
  | 'expired'

/** One to one onto the statuses of the Agentic Commerce Protocol's checkout session, version 2026-04-17. */
export const acpStatuses = {
  empty: 'incomplete',
  missing: 'not_ready_for_payment',
  ready: 'ready_for_payment',
  handed_over: 'requires_escalation',
  page_open: 'in_progress',
  authenticating: 'authentication_required',
  authorised: 'pending_approval',
  charging: 'complete_in_progress',
  completed: 'completed',
  canceled: 'canceled',
  expired: 'expired',
} as const satisfies Record<Situation, string>

export const situationOf = (checkout: {
  status: CheckoutStatus
  hasLines: boolean
  intentStatus: IntentStatus | undefined
  hasPage: boolean
}): Situation => {
  const { status, hasLines, intentStatus, hasPage } = checkout
  switch (status) {
    case 'incomplete':
      return hasLines ? 'missing' : 'empty'
    case 'in_progress':
      return paying(intentStatus, hasPage)
    case 'ready':
    case 'completed':
    case 'canceled':
    case 'expired':
      return status
    default:
      return status satisfies never
  }
}

const paying = (intentStatus: IntentStatus | undefined, hasPage: boolean): Situation => {
  if (intentStatus === 'requires_action') return 'authenticating'
  if (intentStatus === 'requires_capture') return 'authorised'
  if (intentStatus === 'requires_payment_method') return hasPage ? 'page_open' : 'handed_over'
  return 'charging'
}
