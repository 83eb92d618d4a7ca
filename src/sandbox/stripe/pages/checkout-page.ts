import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '#sandbox/kit/message.ts'
import { type Page, redirect } from '#sandbox/kit/page.ts'
import { paySession, type Submission, setUpSession, successUrl } from '../flows/checkout.ts'
import { createCardFromFields, usePaymentMethod } from '../flows/payment-method.ts'
import { ApiError } from '../http/api-error.ts'
import { findCardFault, readExpiry, readNumber } from '../rules/card-fields.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'
import { type Work, withWork } from '../store/work.ts'
import { checkoutView, EMPTY_FORM, type FormState, localeOf, TEST_CARDS } from './checkout-view.ts'
import { noticePage, sendPage } from './frame.ts'

type Session = Row<'checkout.session'>
const NOBODY = { requestId: null, idempotencyKey: null }

/** GET only looks; POST pays. */
export async function handleCheckoutPage(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  if (request.method === 'POST') return submit(sandbox, request, response, id)
  const found = await withWork(sandbox, NOBODY, async (work) => {
    const session = await work.find('checkout.session', id)
    const { payment_intent: intentId = null, setup_intent: setupId = null } = session?.doc ?? {}
    const intent = intentId === null ? undefined : await work.find('payment_intent', intentId)
    const setup = setupId === null ? undefined : await work.find('setup_intent', setupId)
    return { session, lastError: intent?.doc.last_payment_error ?? setup?.doc.last_setup_error }
  })
  if (!found.session) return sendPage(response, noticePage(404, 'This page does not exist.', null))
  const key = new URL(request.url ?? '/', 'http://sandbox').searchParams.get('card')
  const { lastError } = found
  const alert = lastError && key === null ? sentence(lastError.message ?? '', lastError.code) : null
  showSession(sandbox, response, found.session, { ...EMPTY_FORM, ...prefilled(key), alert }, 200)
}

async function submit(sandbox: Sandbox, request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
  const form = readForm(new URLSearchParams(await readBody(request)))
  const fault = form.method === 'card' ? findFault(sandbox, form) : null
  const result = await withWork(sandbox, NOBODY, async (work) => {
    const found = await work.find('checkout.session', id)
    if (!found) return null
    const session = await work.lock('checkout.session', id)
    if (fault || session.doc.status !== 'open' || session.doc.expires_at <= work.now)
      return { session, submission: null }
    return { session, submission: await pay(work, session, form) }
  })
  if (!result) return sendPage(response, noticePage(404, 'This page does not exist.', null))
  const { session, submission } = result
  if (submission?.outcome === 'requires_action')
    return redirect(response, `/3ds/${session.doc.setup_intent ?? session.doc.payment_intent}`)
  if (session.doc.status === 'complete') return redirect(response, successUrl(session.doc) ?? `/c/pay/${id}`)
  const again = {
    ...form,
    cvc: '',
    fault,
    alert: submission?.outcome === 'declined' ? sentence(submission.message, undefined) : null,
  }
  showSession(sandbox, response, session, again, submission?.outcome === 'declined' ? 402 : 422)
}

async function pay(work: Work, session: Session, form: FormState): Promise<Submission> {
  try {
    const method = await methodOf(work, session, form)
    return await (session.doc.mode === 'setup' ? setUpSession : paySession)(work, session, method)
  } catch (error) {
    // A live card in test mode: nothing was tried, and the payer is told why.
    if (error instanceof ApiError && error.fields.type === 'card_error')
      return { outcome: 'declined', message: error.message }
    throw error
  }
}

async function methodOf(work: Work, session: Session, form: FormState): Promise<Row<'payment_method'>> {
  if (form.method === 'bank') return usePaymentMethod(work, 'pm_sepa_debit')
  if (form.method === 'bank_fails') return usePaymentMethod(work, 'pm_sepa_debit_fails')
  const expiry = readExpiry(form.exp)
  const fields = {
    number: readNumber(form.cardNumber),
    expMonth: expiry?.month ?? 0,
    expYear: expiry?.year ?? 0,
    cvc: form.cvc,
  }
  const billing = { name: form.name || undefined, email: session.doc.customer_email ?? undefined }
  return createCardFromFields(work, fields, billing)
}

function findFault(sandbox: Sandbox, form: FormState): FormState['fault'] {
  const expiry = readExpiry(form.exp)
  const fields = {
    number: readNumber(form.cardNumber),
    expMonth: expiry?.month ?? 0,
    expYear: expiry?.year ?? 0,
    cvc: form.cvc.trim(),
  }
  const fault = findCardFault(fields, sandbox.clock.nowMs())
  if (!fault) return null
  const isEmpty = { number: form.cardNumber, exp: form.exp, cvc: form.cvc }[fault.field].trim() === ''
  const words = {
    number: 'Enter your card number.',
    exp: 'Enter the expiry date, as on the card.',
    cvc: 'Enter the security code.',
  }
  return { field: fault.field, message: isEmpty ? words[fault.field] : (PLAIN[fault.code] ?? fault.message) }
}

function showSession(
  sandbox: Sandbox,
  response: ServerResponse,
  session: Session,
  form: FormState,
  status: number,
): void {
  const { doc } = session
  const closed = closedPage(sandbox, doc)
  if (closed) return void sendPage(response, closed)
  const content = checkoutView(session, form)
  sendPage(response, {
    status,
    title: 'Checkout',
    locale: localeOf(doc.locale),
    content,
    leadsTo: [doc.success_url, doc.cancel_url],
  })
}

function closedPage(sandbox: Sandbox, doc: Session['doc']): Page | null {
  if (doc.status === 'complete')
    return noticePage(
      200,
      `This has been ${doc.mode === 'setup' ? 'saved' : 'paid'}. You can close this page.`,
      successUrl(doc),
    )
  const isExpired = doc.status === 'expired' || doc.expires_at * 1000 <= sandbox.clock.nowMs()
  return isExpired ? noticePage(410, 'This checkout has expired. Nothing was charged.', doc.cancel_url) : null
}

function readForm(values: URLSearchParams): FormState {
  const field = (name: string) => (values.get(name) ?? '').slice(0, 200)
  return {
    ...EMPTY_FORM,
    method: field('method') || 'card',
    cardNumber: field('card_number'),
    exp: field('exp'),
    cvc: field('cvc').trim(),
    name: field('name'),
  }
}

function prefilled(key: string | null): Partial<FormState> {
  const card = TEST_CARDS.find((item) => item.key === key)
  return card ? { cardNumber: card.number, exp: '12 / 34', cvc: '123', name: 'Test Payer' } : {}
}

function sentence(message: string, code: string | undefined): string {
  return code === 'payment_intent_authentication_failure' || code === 'setup_intent_authentication_failure'
    ? "Your bank couldn't confirm it's you. Nothing was charged. Try again or use another card."
    : `${message} Nothing was charged. Try another card.`
}

const PLAIN: Record<string, string> = {
  incorrect_number: 'This card number is not valid. Check it and try again.',
  invalid_expiry_month: 'This month does not exist. Write the date as MM / YY.',
  invalid_expiry_year: 'This card has expired, or the date is mistyped.',
  invalid_cvc: 'The security code has 3 digits (4 for American Express).',
}
