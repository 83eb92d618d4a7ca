import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { html } from '#sandbox/kit/html.ts'
import { readBody, send } from '#sandbox/kit/message.ts'
import { confirmIntent } from '../flows/intent.ts'
import { createCardFromFields } from '../flows/payment-method.ts'
import { ApiError, invalidRequest } from '../http/api-error.ts'
import { readNumber } from '../rules/card-fields.ts'
import { assertIntentAllows } from '../rules/intent-rules.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'
import { type Work, withWork } from '../store/work.ts'
import { TEST_CARDS } from './checkout-view.ts'
import { ELEMENT_JS, STRIPE_JS } from './element-scripts.ts'
import { STYLE } from './style.ts'

const NOBODY = { requestId: null, idempotencyKey: null }

/** What stands in for Stripe.js and for the frame of its Payment Element, in which a test card is chosen. */
export async function handleElement(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  if (path === '/_sandbox/stripe.js') return sendScript(response, STRIPE_JS)
  if (path === '/_sandbox/element.js') return sendScript(response, ELEMENT_JS)
  if (request.method === 'POST') return confirm(sandbox, request, response)
  const secret = new URL(request.url ?? '/', 'http://sandbox').searchParams.get('client_secret') ?? ''
  const isKnown = await withWork(sandbox, NOBODY, async (work) => (await findBySecret(work, secret)) !== undefined)
  sendFrame(response, isKnown ? secret : null)
}

type Answer = { error: object } | { url: string } | object

async function confirm(sandbox: Sandbox, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await readBody(request))
  const answer = await withWork(sandbox, NOBODY, (work) => pay(work, form)).catch((error: unknown): Answer => {
    if (error instanceof ApiError) return { error: publicFields(error) }
    throw error
  })
  send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer))
}

/** A decline is kept, with its charge and its events; so it is answered and not thrown. */
async function pay(work: Work, form: URLSearchParams): Promise<Answer> {
  const found = await findBySecret(work, form.get('client_secret') ?? '')
  if (!found) throw invalidRequest('The client_secret provided does not match any associated PaymentIntent.')
  const intent = await work.lock('payment_intent', found.id)
  assertIntentAllows('confirm', intent.doc)
  const fields = { number: readNumber(form.get('card') ?? ''), expMonth: 12, expYear: 2034, cvc: '123' }
  const method = createCardFromFields(work, fields, { name: 'Test Payer' })
  const terms = { offSession: false, usesSdk: false, errorOnRequiresAction: false }
  try {
    await confirmIntent(work, intent, {
      paymentMethod: method.id,
      returnUrl: form.get('return_url') ?? undefined,
      ...terms,
    })
  } catch (error) {
    if (error instanceof ApiError && error.keepsWork) return { error: publicFields(error) }
    throw error
  }
  const url = intent.doc.status === 'requires_action' ? intent.doc.next_action?.redirect_to_url?.url : undefined
  return url ? { url } : {}
}

function publicFields({ fields }: ApiError): object {
  const { type, code, decline_code, message } = fields
  return { type, code, decline_code, message }
}

async function findBySecret(work: Work, secret: string): Promise<Row<'payment_intent'> | undefined> {
  const [id = ''] = secret.split('_secret_')
  const intent = await work.find('payment_intent', id)
  return intent?.doc.client_secret === secret ? intent : undefined
}

function sendScript(response: ServerResponse, script: string): void {
  const headers = { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' }
  send(response, 200, headers, script)
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

function sendFrame(response: ServerResponse, secret: string | null): void {
  const cards = TEST_CARDS.map(
    ({ number, what }, index) =>
      html`<label class="choice"><input type="radio" name="card" value="${number}"${index === 0 && { markup: ' checked' }}><span>${number}: ${what}</span></label>`,
  )
  const content = secret
    ? html`<form><input type="hidden" name="client_secret" value="${secret}"><fieldset><legend>Test card (simulated)</legend>${cards}</fieldset></form>`
    : html`<p>There is no such payment.</p>`
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Test cards</title>
${{ markup: `<style>${STYLE}</style>` }}<script src="/_sandbox/element.js" defer></script></head>
<body><main>${content}</main></body></html>`
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "script-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    // Whoever shows the element, as with Stripe's.
    'frame-ancestors http: https:',
  ].join('; ')
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
  send(response, secret ? 200 : 404, headers, page.markup)
}
