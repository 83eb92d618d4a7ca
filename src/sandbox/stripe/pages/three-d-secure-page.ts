import type { IncomingMessage, ServerResponse } from 'node:http'
import { html } from '#sandbox/kit/html.ts'
import { readBody } from '#sandbox/kit/message.ts'
import { redirect } from '#sandbox/kit/page.ts'
import { answerAuthentication, answerSetupAuthentication } from '../flows/authentication.ts'
import { answerSessionAuthentication, answerSessionSetup, successUrl } from '../flows/checkout.ts'
import { formatAmount } from '../rules/currencies.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'
import { type Work, withWork } from '../store/work.ts'
import { noticePage, sendPage } from './frame.ts'

const NOBODY = { requestId: null, idempotencyKey: null }

type Pending = { sum: string | null; isDue: boolean; leadsTo: string | null }

/** The bank's page: the payer says yes or no, and is sent back where the payment came from. */
export async function handleThreeDSecurePage(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  if (request.method === 'POST') {
    const isApproved = new URLSearchParams(await readBody(request)).get('answer') === 'approve'
    const target = await withWork(sandbox, NOBODY, (work) => answer(work, id, isApproved))
    return target === null
      ? sendPage(response, noticePage(404, 'This page does not exist.', null))
      : redirect(response, target)
  }
  const pending = await withWork(sandbox, NOBODY, (work) => look(work, id))
  if (!pending) return sendPage(response, noticePage(404, 'This page does not exist.', null))
  if (!pending.isDue)
    return sendPage(response, noticePage(200, 'There is nothing left to confirm here.', pending.leadsTo))
  const content = html`<div class="card">
<div class="head"><h1>Your bank</h1><span class="mode">Test mode</span></div>
<p>Your bank wants to confirm it's you${pending.sum !== null && html`, for a payment of <strong>${pending.sum}</strong>`}.</p>
<form method="post" action="/3ds/${id}">
<button id="approve" name="answer" value="approve" type="submit">Yes, it's me</button>
<button id="fail" class="quiet" name="answer" value="fail" type="submit">No, decline</button>
</form>
</div>`
  sendPage(response, { status: 200, title: "Confirm it's you", locale: 'en', content, leadsTo: [pending.leadsTo] })
}

async function look(work: Work, id: string): Promise<Pending | null> {
  const setup = await work.find('setup_intent', id)
  if (setup) {
    const page = setup.hidden.session ? await work.find('checkout.session', setup.hidden.session) : undefined
    const leadsTo = page ? successUrl(page.doc) : setup.hidden.returnUrl
    return { sum: null, isDue: setup.doc.status === 'requires_action', leadsTo }
  }
  const intent = await work.find('payment_intent', id)
  if (!intent) return null
  const session =
    intent.hidden.session === null ? undefined : await work.find('checkout.session', intent.hidden.session)
  return {
    sum: formatAmount(intent.doc.amount, intent.doc.currency),
    isDue: intent.doc.status === 'requires_action',
    leadsTo: session ? successUrl(session.doc) : intent.hidden.returnUrl,
  }
}

async function answer(work: Work, id: string, isApproved: boolean): Promise<string | null> {
  const found = await work.find('payment_intent', id)
  if (!found) return (await work.find('setup_intent', id)) ? answerSetup(work, id, isApproved) : null
  if (found.hidden.session !== null) return answerSession(work, found.hidden.session, id, isApproved)
  const intent = await work.lock('payment_intent', id)
  await answerAuthentication(work, intent, isApproved)
  return backTo(intent)
}

async function answerSession(work: Work, sessionId: string, id: string, isApproved: boolean): Promise<string> {
  const session = await work.lock('checkout.session', sessionId)
  const intent = await work.lock('payment_intent', id)
  await answerSessionAuthentication(work, session, intent, isApproved)
  return session.doc.status === 'complete' ? (successUrl(session.doc) ?? `/c/pay/${sessionId}`) : `/c/pay/${sessionId}`
}

async function answerSetup(work: Work, id: string, isApproved: boolean): Promise<string> {
  const found = await work.get('setup_intent', id)
  if (found.hidden.session) return answerSessionOfSetup(work, found.hidden.session, id, isApproved)
  const setup = await work.lock('setup_intent', id)
  await answerSetupAuthentication(work, setup, isApproved)
  if (setup.hidden.returnUrl === null) return `/3ds/${id}`
  const url = new URL(setup.hidden.returnUrl)
  url.searchParams.set('setup_intent', id)
  url.searchParams.set('setup_intent_client_secret', setup.doc.client_secret ?? '')
  url.searchParams.set('redirect_status', setup.doc.status === 'succeeded' ? 'succeeded' : 'failed')
  return url.href
}

async function answerSessionOfSetup(work: Work, sessionId: string, id: string, isApproved: boolean): Promise<string> {
  const session = await work.lock('checkout.session', sessionId)
  await answerSessionSetup(work, session, await work.lock('setup_intent', id), isApproved)
  return session.doc.status === 'complete' ? (successUrl(session.doc) ?? `/c/pay/${sessionId}`) : `/c/pay/${sessionId}`
}

/** Stripe adds these three to the return address; they are hints for the page, never proof of payment. */
function backTo({ id, doc, hidden }: Row<'payment_intent'>): string {
  if (hidden.returnUrl === null) return `/3ds/${id}`
  const isPaid = doc.status === 'succeeded' || doc.status === 'requires_capture'
  const url = new URL(hidden.returnUrl)
  url.searchParams.set('payment_intent', id)
  url.searchParams.set('payment_intent_client_secret', doc.client_secret ?? '')
  url.searchParams.set('redirect_status', isPaid ? 'succeeded' : 'failed')
  return url.href
}
