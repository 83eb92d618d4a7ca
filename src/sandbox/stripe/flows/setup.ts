import type Stripe from 'stripe'
import { ApiError } from '../http/api-error.ts'
import { declineOf } from '../rules/declines.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { completeSetup } from './authentication.ts'

type Setup = Row<'setup_intent'>

type NewSetup = Pick<Setup['doc'], 'customer' | 'description' | 'metadata' | 'payment_method' | 'usage'> & {
  types: string[] | undefined
  allowRedirects: Stripe.SetupIntent.AutomaticPaymentMethods.AllowRedirects
  /** The Checkout Session that it belongs to. */
  session: string | null
}

export function insertSetup(work: Work, { types, allowRedirects, session, ...own }: NewSetup): Setup {
  const id = work.id('seti')
  const setup = work.insert(
    'setup_intent',
    {
      id,
      object: 'setup_intent',
      allowed_payment_method_types: null,
      application: null,
      automatic_payment_methods: types ? null : { enabled: true, allow_redirects: allowRedirects },
      cancellation_reason: null,
      client_secret: `${id}_secret_${work.sandbox.ids.secret(id)}`,
      created: work.now,
      customer_account: null,
      excluded_payment_method_types: null,
      flow_directions: null,
      last_setup_error: null,
      latest_attempt: null,
      livemode: false,
      mandate: null,
      next_action: null,
      on_behalf_of: null,
      payment_method_configuration_details: null,
      payment_method_options: null,
      payment_method_types: types ?? ['card'],
      single_use_mandate: null,
      status: own.payment_method ? 'requires_confirmation' : 'requires_payment_method',
      ...own,
    },
    { returnUrl: null, session },
  )
  work.emit('setup_intent.created', setup)
  return setup
}

/** Throws the decline as the API answers it; the setup keeps it, too. */
export async function attemptSetup(work: Work, setup: Setup, method: Row<'payment_method'>): Promise<void> {
  setup.doc.payment_method = method.id
  work.changed(setup)
  if (method.doc.type !== 'card') return completeSetup(work, setup, method, true)
  const card = cardByScenario(method.hidden.scenario)
  // One card is kept, and fails only when it is charged.
  if (card.decline && card.name !== 'chargeCustomerFail') throw refuse(work, setup, method, card.decline)
  if (card.authentication === 'never') return completeSetup(work, setup, method, false)
  const url = `${work.sandbox.settings.publicUrl}/3ds/${setup.id}`
  setup.doc.status = 'requires_action'
  setup.doc.next_action = { redirect_to_url: { return_url: setup.hidden.returnUrl, url }, type: 'redirect_to_url' }
  work.emit('setup_intent.requires_action', setup)
}

function refuse(
  work: Work,
  setup: Setup,
  method: Row<'payment_method'>,
  decline: Parameters<typeof declineOf>[0],
): ApiError {
  const { code, declineCode, message } = declineOf(decline)
  const fields = {
    type: 'card_error' as const,
    code,
    message,
    ...(declineCode === null ? {} : { decline_code: declineCode }),
  }
  setup.doc.status = 'requires_payment_method'
  setup.doc.payment_method = null
  setup.doc.last_setup_error = { ...fields, payment_method: method.doc } as unknown as Setup['doc']['last_setup_error']
  work.emit('setup_intent.setup_failed', setup)
  return new ApiError(402, { ...fields, payment_method: method.doc, setup_intent: { ...setup.doc } }, true)
}

export function cancelSetup(work: Work, setup: Setup, reason: Setup['doc']['cancellation_reason']): void {
  setup.doc.status = 'canceled'
  setup.doc.cancellation_reason = reason
  setup.doc.next_action = null
  work.changed(setup)
  work.emit('setup_intent.canceled', setup)
}
