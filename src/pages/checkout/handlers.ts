import type { Request, Response } from 'express'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { PageState } from '#pages/texts/text-names.ts'
import { isForeignPost } from '#pages/web/answer.ts'
import { type Desk, queryOf, readScene, sendCheckout, sendFields, sendHanded, sendNotice } from './desk.ts'
import { readAgain, readPosted } from './form-fields.ts'
import { linkTo, type Notice, receiptPath, type Scene } from './frame.ts'
import { asksProvider, handStateOf, type Turn, turnOf } from './hand-over.ts'
import { type GoOn, placeOrder } from './place-order.ts'
import { receiptView } from './receipt-view.ts'
import { isOrdering, openPageUrl, sceneState } from './state.ts'
import { payKept, toPayment } from './ways-to-pay.ts'

const workingMax = 10
const returnedMax = 6
/** So many looks, two seconds apart, until a payment that the bridge has told of counts as not made. */
const toldMax = 8

/** Changes nothing, for chat apps open links to preview them. Only a return from the provider looks there. */
export const showCheckout = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  const query = queryOf(desk, request)
  const visit = {
    returned: countOf(query.get('returned')),
    working: countOf(query.get('working')),
    isCancel: query.get('by') === 'cancel',
    isLate: query.get('already') === '1',
    turn: turnOf(query),
  }
  const first = await readScene(desk, request)
  if (!first) return sendNotice(request, response, 'missing', 404)
  const { intent } = first.page
  const isOpen = intent.status !== 'succeeded' && intent.status !== 'canceled'
  const isAsking = (visit.returned > 0 || asksProvider(visit.turn)) && isOpen
  const isKnown = isAsking ? await desk.lookUp(intent) : true
  const scene = isAsking ? ((await readScene(desk, request)) ?? first) : first
  const moved = await movedTo(desk, scene)
  if (moved !== undefined) return response.redirect(303, moved)
  const kind = (['changed', 'other'] as const).find((name) => query.get(name) === '1')
  await answer(desk, response, kind && isPayable(scene) ? { ...scene, notice: { kind } } : scene, visit, isKnown)
}

const isPayable = (scene: Scene): boolean => ['payable', 'declined', 'free'].includes(sceneState(scene))

/** An order that was free for a while has a new payment, and the old link leads there. */
const movedTo = async (desk: Desk, { page, checkout }: Scene): Promise<string | undefined> => {
  const paidBy = checkout?.row.payment_intent_id ?? page.intent.id
  if (!checkout || paidBy === page.intent.id) return undefined
  const { checkout_url } = await desk.checkouts.retrieve(page.intent.merchant_id, showId('checkout', checkout.row.id))
  return checkout_url ?? undefined
}

interface Visit {
  /** How often this visit has come back from the provider, or waited for it. */
  returned: number
  working: number
  isCancel: boolean
  /** Wanted to pay what was paid already. */
  isLate: boolean
  /** Has been handed over on our own page. */
  turn: Turn
}

const answer = async (desk: Desk, response: Response, scene: Scene, visit: Visit, isKnown: boolean): Promise<void> => {
  const state = sceneState(scene)
  const opened = openPageUrl(scene.page.intent, scene.now)
  const isAsked = state === 'payable' || state === 'declined'
  const isWaiting = visit.working > 0 && visit.working <= workingMax
  const isHanded = visit.turn.turn > 0
  if (isHanded && hasFields(scene) && (isAsked || state === 'confirm')) {
    await sendFields(desk, response, scene)
  } else if (isHanded && isAsked) {
    answerHanded(desk, response, { ...scene, turn: visit.turn }, state, isKnown)
  } else if (isHanded && state === 'paid') {
    response.redirect(303, receiptPath(linkTo(scene)))
  } else if (isAsked && !isKnown && !visit.isCancel && visit.returned < returnedMax) {
    // The payer has been at the provider and nobody knows how it went: asking them to pay again would be wrong.
    const refresh = { seconds: 2, to: linkTo(scene, { returned: visit.returned + 1 }) }
    sendCheckout(desk, response, 'processing', scene, { refresh })
  } else if (isAsked && isWaiting && (opened || handStateOf(scene))) {
    response.redirect(303, opened ?? linkTo(scene, { hand: 1 }))
  } else if (isAsked && isWaiting) {
    const refresh = { seconds: 1, to: linkTo(scene, { working: visit.working + 1 }) }
    sendCheckout(desk, response, 'working', scene, { refresh })
  } else {
    sendCheckout(desk, response, state === 'paid' && visit.isLate ? 'already' : state, scene)
  }
}

/** What a bridge says is not believed: the provider was asked just before. It may be slower than the bridge. */
const answerHanded = (
  desk: Desk,
  response: Response,
  scene: Scene & { turn: Turn },
  state: PageState,
  isKnown: boolean,
): void => {
  const { turn, by } = scene.turn
  const handed = handStateOf(scene)
  const isOpen = by === 'ok' || (by !== undefined && !isKnown)
  if (isOpen && turn <= toldMax) {
    const refresh = { seconds: 2, to: linkTo(scene, { hand: turn + 1, by }) }
    sendCheckout(desk, response, 'processing', scene, { refresh })
  } else if (handed && handed !== 'fields') {
    const kind = by === undefined || by === 'ok' ? undefined : bridgeNotices[by]
    sendHanded(desk, response, handed, kind ? { ...scene, notice: { kind } } : scene)
  } else {
    sendCheckout(desk, response, state, scene)
  }
}

/** The payer can go on in the provider's fields here. */
const hasFields = (scene: Scene): boolean => handStateOf(scene) === 'fields'

const bridgeNotices = { cancel: 'canceled', fail: 'failed', none: 'silent' } as const satisfies Record<
  string,
  Notice['kind']
>

/** The Pay button: on to the provider's page. A second tap meets the first one's page, or waits for it. */
export const pay = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  if (isForeignPost(request)) return sendNotice(request, response, 'foreign', 403)
  const scene = await readScene(desk, request)
  if (!scene) return sendNotice(request, response, 'missing', 404)
  const state = sceneState(scene)
  const { kept, remove, keep, total } = readPosted(request.body)
  if (remove !== undefined) return removeKept(desk, request, response, scene, remove)
  const asked = { ...scene, keep }
  const goOn: GoOn = (...way) => (kept === undefined ? toPayment(...way) : payKept(...way, { method: kept, total }))
  const again = readAgain(request.body)
  if (again !== undefined) {
    // What was handed over was complete; what is not open any more begins anew.
    if (scene.page.intent.page_ref === null) return response.redirect(303, linkTo(scene))
    const isOpen = state === 'payable' || state === 'declined' || (state === 'confirm' && hasFields(scene))
    if (isOpen) return toPayment(desk, response, { ...scene, isElsewhere: again === 'elsewhere' })
  }
  if (isOrdering(state, scene)) return placeOrder(desk, request, response, asked, goOn)
  if (state === 'paid') return response.redirect(303, linkTo(scene, { already: 1 }))
  if (state !== 'payable' && state !== 'declined') return response.redirect(303, linkTo(scene))
  return goOn(desk, response, asked)
}

/** The payer takes back a card that this page showed them. What they have typed of an order is not lost. */
const removeKept = async (
  desk: Desk,
  request: Request,
  response: Response,
  scene: Scene,
  id: string,
): Promise<void> => {
  const { intent, keeping } = scene.page
  if (keeping?.methods.some((one) => one.id === id)) await desk.methods.detach(intent.merchant_id, id)
  if (!isOrdering(sceneState(scene), scene)) return response.redirect(303, linkTo(scene))
  const fresh = (await readScene(desk, request)) ?? scene
  return placeOrder(desk, request, response, fresh, toPayment)
}

export const showReceipt = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  const scene = await readScene(desk, request)
  if (!scene) return sendNotice(request, response, 'missing', 404)
  const { status } = scene.page.intent
  if (status !== 'succeeded' && status !== 'requires_capture') return response.redirect(303, linkTo(scene))
  const title = `${scene.texts.receipt.title} · ${scene.page.merchant.name}`
  sendCheckout(desk, response, 'paid', scene, { title, body: receiptView(scene) })
}

/** A person gets a page, whatever happens; our error in JSON is for programs. */
export const showFailure = (desk: Desk, error: unknown, request: Request, response: Response): void => {
  const status = statusOf(error)
  if (status >= 500) desk.logger.error({ err: error }, 'a page could not be shown')
  // A path that cannot be decoded is no link of ours, and no form of ours sends a body that cannot be read.
  const state = error instanceof URIError ? 'missing' : status < 500 ? 'foreign' : 'unreachable'
  sendNotice(request, response, state, state === 'missing' ? 404 : status)
}

const statusOf = (error: unknown): number => {
  const status: unknown =
    error instanceof Error && !(error instanceof AppError) ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 503
}

const countOf = (text: string | null): number => (text !== null && /^\d{1,3}$/.test(text) ? Number(text) : 0)
