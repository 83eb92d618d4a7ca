import type { Request, Response } from 'express'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { isForeignPost } from '#pages/web/answer.ts'
import { type Desk, sceneOf, sendCheckout, sendNotice, tokenOf } from './desk.ts'
import type { Scene } from './frame.ts'
import { receiptView } from './receipt-view.ts'
import { openPageUrl, stateOf } from './state.ts'

const workingMax = 10
const returnedMax = 6

/** Changes nothing, for chat apps open links to preview them. Only a return from the provider looks there. */
export const showCheckout = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  const query = new URL(request.originalUrl, desk.publicUrl).searchParams
  const visit = {
    returned: countOf(query.get('returned')),
    working: countOf(query.get('working')),
    isCancel: query.get('by') === 'cancel',
  }
  const first = await desk.payments.readPage(tokenOf(request))
  if (!first) return sendNotice(request, response, 'missing', 404)
  const isOpen = first.intent.status !== 'succeeded' && first.intent.status !== 'canceled'
  const isAsking = visit.returned > 0 && isOpen
  const isKnown = isAsking ? await desk.lookUp(first.intent) : true
  const page = isAsking ? ((await desk.payments.readPage(tokenOf(request))) ?? first) : first
  answer(desk, response, sceneOf(desk, request, page), visit, isKnown)
}

interface Visit {
  /** How often this visit has come back from the provider, or waited for it. */
  returned: number
  working: number
  isCancel: boolean
}

const answer = (desk: Desk, response: Response, scene: Scene, visit: Visit, isKnown: boolean): void => {
  const state = stateOf(scene.page.intent, scene.now)
  const opened = openPageUrl(scene.page.intent, scene.now)
  const isAsked = state === 'payable' || state === 'declined'
  const isWaiting = visit.working > 0 && visit.working <= workingMax
  // The payer has been at the provider and nobody knows how it went: asking them to pay again would be wrong.
  if (isAsked && !isKnown && !visit.isCancel && visit.returned < returnedMax) {
    const refresh = { seconds: 2, to: `${scene.path}?returned=${visit.returned + 1}` }
    sendCheckout(desk, response, 'processing', scene, { refresh })
  } else if (isAsked && isWaiting && opened) {
    response.redirect(303, opened)
  } else if (isAsked && isWaiting) {
    const refresh = { seconds: 1, to: `${scene.path}?working=${visit.working + 1}` }
    sendCheckout(desk, response, 'working', scene, { refresh })
  } else {
    sendCheckout(desk, response, state, scene)
  }
}

/** The Pay button: on to the provider's page. A second tap meets the first one's page, or waits for it. */
export const pay = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  if (isForeignPost(request)) return sendNotice(request, response, 'foreign', 403)
  const page = await desk.payments.readPage(tokenOf(request))
  if (!page) return sendNotice(request, response, 'missing', 404)
  const scene = sceneOf(desk, request, page)
  const state = stateOf(page.intent, scene.now)
  if (state !== 'payable' && state !== 'declined') return response.redirect(303, scene.path)
  const returnUrl = `${desk.publicUrl}${scene.path}?returned=1`
  const title = page.intent.description || page.merchant.name
  try {
    const links = { returnUrl, cancelUrl: `${returnUrl}&by=cancel`, title, locale: scene.language.tag }
    response.redirect(303, await desk.payments.openPage(page.intent, links))
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined
    if (code === 'lock_timeout') return response.redirect(303, `${scene.path}?working=1`)
    if (code === 'payment_intent_unexpected_state') return response.redirect(303, scene.path)
    desk.logger.warn(
      { err: error, payment_intent: showId('paymentIntent', page.intent.id) },
      'the provider opened no page',
    )
    sendCheckout(desk, response, 'unreachable', scene, { status: 503 })
  }
}

export const showReceipt = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  const page = await desk.payments.readPage(tokenOf(request))
  if (!page) return sendNotice(request, response, 'missing', 404)
  const scene = sceneOf(desk, request, page)
  const { status } = page.intent
  if (status !== 'succeeded' && status !== 'requires_capture') return response.redirect(303, scene.path)
  const title = `${scene.texts.receipt.title} · ${page.merchant.name}`
  sendCheckout(desk, response, 'paid', scene, { title, body: receiptView(scene) })
}

/** A person gets a page, whatever happens; our error in JSON is for programs. */
export const showFailure = (desk: Desk, error: unknown, request: Request, response: Response): void => {
  // A path that cannot be decoded is no link of ours.
  const isBadPath = error instanceof URIError
  if (!isBadPath) desk.logger.error({ err: error }, 'a page could not be shown')
  sendNotice(request, response, isBadPath ? 'missing' : 'unreachable', isBadPath ? 404 : 503)
}

const countOf = (text: string | null): number => (text !== null && /^\d{1,3}$/.test(text) ? Number(text) : 0)
