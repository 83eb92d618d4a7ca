import { ApiError } from '../http/api-error.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { attemptPayment, refuse } from './attempt.ts'
import { attach } from './payment-method.ts'

/**
 * What the person answered on the 3-D Secure page. A decline after a good authentication is an outcome here, not an
 * error: nobody called the API. A second answer changes nothing.
 */
export async function answerAuthentication(
  work: Work,
  intent: Row<'payment_intent'>,
  isApproved: boolean,
): Promise<void> {
  const { doc } = intent
  if (doc.status !== 'requires_action' || doc.payment_method === null) return
  const method = await work.get('payment_method', doc.payment_method)
  if (!isApproved) {
    refuse(work, intent, method, {
      type: 'invalid_request_error',
      code: 'payment_intent_authentication_failure',
      message:
        'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.',
    })
    return
  }
  try {
    await attemptPayment(work, intent, method, true)
  } catch (error) {
    if (!(error instanceof ApiError && error.keepsWork)) throw error
  }
}

export async function answerSetupAuthentication(
  work: Work,
  setup: Row<'setup_intent'>,
  isApproved: boolean,
): Promise<void> {
  const { doc } = setup
  if (doc.status !== 'requires_action' || doc.payment_method === null) return
  const method = await work.get('payment_method', doc.payment_method)
  if (isApproved) return completeSetup(work, setup, method, true)
  doc.status = 'requires_payment_method'
  doc.payment_method = null
  doc.next_action = null
  doc.last_setup_error = {
    code: 'setup_intent_authentication_failure',
    message: 'The latest attempt to set up the payment method has failed because authentication failed.',
    type: 'invalid_request_error',
  }
  work.changed(setup)
  work.emit('setup_intent.setup_failed', setup)
}

export async function completeSetup(
  work: Work,
  setup: Row<'setup_intent'>,
  method: Row<'payment_method'>,
  isAuthenticated: boolean,
): Promise<void> {
  setup.doc.status = 'succeeded'
  setup.doc.next_action = null
  setup.doc.payment_method = method.id
  work.changed(setup)
  if (isAuthenticated) {
    method.hidden.authenticated = true
    work.changed(method)
  }
  if (setup.doc.customer) await attach(work, method, setup.doc.customer)
  work.emit('setup_intent.succeeded', setup)
}
