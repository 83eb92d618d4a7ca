import type { Request, Response } from 'express'
import type { Checkout } from '#checkout/checkout-view.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { type Desk, readScene, sendCheckout, sendNotice } from './desk.ts'
import { type FormChange, readChange } from './form-change.ts'
import { type Posted, readPosted } from './form-fields.ts'
import { linkTo, type Scene } from './frame.ts'
import { sceneState } from './state.ts'

/** How the payer goes on to pay. */
export type GoOn = (desk: Desk, response: Response, scene: Scene) => Promise<void>

/**
 * A posted form of an order: what has changed is written, then the payer goes on to pay. Nobody pays a total that the
 * button did not show, and what was typed is never lost: the page is loaded anew only when all of it is written.
 */
export const placeOrder = async (
  desk: Desk,
  request: Request,
  response: Response,
  scene: Scene,
  goOn: GoOn,
): Promise<void> => {
  const { checkout } = scene
  if (!checkout) return goOn(desk, response, scene)
  const posted = readPosted(request.body)
  const form = readChange(checkout, posted, scene.language.tag)
  if (form.problems.length > 0) return redraw(desk, response, scene, form, 422)
  const token = await save(desk, scene, checkout, form)
  if (typeof token !== 'string') return token(response)
  const fresh = await readScene(desk, request, token)
  if (!fresh) return sendNotice(request, response, 'missing', 404)
  if (posted.intent !== 'pay') return showChange(desk, response, fresh, form, posted)
  const total = fresh.checkout?.quote.total
  if (String(total) !== posted.total) return response.redirect(303, linkTo(fresh, { changed: 1 }))
  if (total !== 0n) return goOn(desk, response, { ...fresh, form, keep: posted.keep })
  await complete(desk, fresh)
  response.redirect(303, linkTo(fresh))
}

type Refusal = (response: Response) => void

/** Writes what has changed. Answers the token of the order's link, which is another one when a free order gets a price. */
const save = async (desk: Desk, scene: Scene, checkout: Checkout, form: FormChange): Promise<string | Refusal> => {
  const token = decodeURIComponent(scene.path.slice('/pay/'.length))
  if (Object.keys(form.change).length === 0) return token
  const { row } = checkout
  if (form.change.promotion_code && !desk.mayTryCode(row.id)) {
    const later = { ...scene, notice: { kind: 'later' } as const }
    return (response) => redraw(desk, response, later, form, 429)
  }
  try {
    const { checkout_url } = await desk.checkouts.update(scopeOf(checkout), showId('checkout', row.id), form.change)
    return checkout_url?.slice(checkout_url.lastIndexOf('/') + 1) ?? token
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined
    if (code === 'promotion_code_invalid') {
      const problems = [{ field: 'promotion_code', code: 'promotion_code' } as const]
      return (response) => redraw(desk, response, scene, { ...form, problems }, 422)
    }
    if (code === 'checkout_unexpected_state' || code === 'payment_intent_unexpected_state')
      return (response) => response.redirect(303, linkTo(scene))
    desk.logger.warn({ err: error, checkout: showId('checkout', row.id) }, 'an order could not be changed')
    const later = { ...scene, notice: { kind: 'later' } as const }
    return (response) => redraw(desk, response, later, form, 503)
  }
}

const showChange = (desk: Desk, response: Response, scene: Scene, form: FormChange, posted: Posted): void => {
  const place = posted.tip !== undefined ? '#tip' : posted.fields.promotion_code || !posted.intent ? '#code' : '#bill'
  if (form.isWhole) response.redirect(303, linkTo(scene) + place)
  else redraw(desk, response, scene, form, 200)
}

const redraw = (desk: Desk, response: Response, scene: Scene, form: FormChange, status: number): void =>
  sendCheckout(desk, response, sceneState(scene), { ...scene, form }, { status })

const complete = async (desk: Desk, { checkout }: Scene): Promise<void> => {
  if (checkout) await desk.checkouts.complete(scopeOf(checkout), showId('checkout', checkout.row.id), {})
}

const scopeOf = ({ row }: Checkout) => ({
  merchantId: row.merchant_id,
  livemode: row.livemode,
  resourceId: newUuid(),
})
