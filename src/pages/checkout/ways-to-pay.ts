import type { Response } from 'express'
import type { Consent } from '#customers/method-schemas.ts'
import { unixSeconds } from '#kernel/clock.ts'
import type { ErrorCode } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { isChatMoney } from '#payments/chat-money.ts'
import { type Desk, sendCheckout } from './desk.ts'
import { linkTo, type Scene } from './frame.ts'
import { consentText } from './kept-view.ts'
import { confirmationUrl, sceneState } from './state.ts'

/** On to where it is paid: an invoice of the chat platform where there is to be one, else the provider's page. */
export const toPayment = async (desk: Desk, response: Response, scene: Scene): Promise<void> => {
  const { intent, way } = scene.page
  if (way !== 'invoice') return toProvider(desk, response, scene)
  try {
    const link = await desk.payLinks.open(intent)
    if (link?.ok) return response.redirect(303, link.url)
    const failure = link?.failure.code ?? 'no offer'
    desk.logger.warn({ failure, payment_intent: showId('paymentIntent', intent.id) }, 'the chat took no invoice')
    if (!isChatMoney(intent.currency)) return toProvider(desk, response, scene)
    const isForNow = link?.failure.reason === 'temporary' || link?.failure.reason === 'rate_limited'
    if (isForNow) return sendCheckout(desk, response, 'unreachable', scene, { status: 503 })
    sendCheckout(desk, response, 'unpayable', scene, { status: 409 })
  } catch (error) {
    if (codeOf(error) === 'lock_timeout') return response.redirect(303, linkTo(scene, { changed: 1 }))
    explainFailure(desk, response, scene, error)
  }
}

const toProvider = async (desk: Desk, response: Response, scene: Scene): Promise<void> => {
  const { page, language } = scene
  const title = page.intent.description || page.merchant.name
  const back = (query: Record<string, string | number>) => desk.publicUrl + linkTo(scene, query)
  const links = { returnUrl: back({ returned: 1 }), cancelUrl: back({ returned: 1, by: 'cancel' }) }
  const consent = consentOf(scene)
  try {
    const { surface, isElsewhere } = scene
    const use = page.merchant.settings.hosted_page === 'element' && !isElsewhere ? ('fields' as const) : undefined
    const more = { title, locale: language.tag, consent, surface, use }
    const url = await desk.payments.openPage(page.intent, { ...links, ...more })
    response.redirect(303, url ?? linkTo(scene, { hand: 1 }))
  } catch (error) {
    explainFailure(desk, response, scene, error)
  }
}

/** Only what the page offered can be agreed to. */
const consentOf = (scene: Scene): Consent | undefined => {
  const { page, keep, language, now } = scene
  if (!keep || page.keeping?.saving !== 'offered') return undefined
  return { at: unixSeconds(now), locale: language.tag, source: 'page', text: consentText(scene) }
}

/** One tap on a card that is kept. Charged is what the button said, or nothing. */
export const payKept = async (
  desk: Desk,
  response: Response,
  scene: Scene,
  tap: { method: string; total: string | undefined },
): Promise<void> => {
  const { intent, keeping } = scene.page
  // Only what the page offers: not where several people open one link, and not what was removed meanwhile.
  if (!keeping?.methods.some(({ id }) => id === tap.method)) return response.redirect(303, linkTo(scene))
  if (tap.total !== String(intent.amount)) return response.redirect(303, linkTo(scene, { changed: 1 }))
  const returnUrl = desk.publicUrl + linkTo(scene, { returned: 1 })
  try {
    const row = await desk.payments.payWithKept(intent, { method: tap.method, amount: intent.amount, returnUrl })
    const bank = row.status === 'requires_action' ? confirmationUrl(row) : undefined
    // The page's policy lets forms lead to the provider alone; elsewhere a link of the next page does.
    const isProviders = bank !== undefined && desk.providerOrigins.includes(new URL(bank).origin)
    response.redirect(303, isProviders ? bank : linkTo(scene))
  } catch (error) {
    // Nobody knows yet whether it is paid: the payer waits with us.
    if (codeOf(error) === 'provider_unknown_outcome') return response.redirect(303, linkTo(scene, { working: 1 }))
    explainFailure(desk, response, scene, error)
  }
}

const codeOf = (error: unknown): ErrorCode | undefined => (error instanceof AppError ? error.code : undefined)

/** Another tap was faster, or the card is not there any more: the page says how it stands. */
const isOver: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  'payment_intent_unexpected_state',
  'payment_intent_incompatible_payment_method',
  'checkout_unexpected_state',
  'resource_missing',
])

const explainFailure = (desk: Desk, response: Response, scene: Scene, error: unknown): void => {
  const code = codeOf(error)
  if (code === 'lock_timeout') {
    response.redirect(303, linkTo(scene, { working: 1 }))
  } else if (isOver.has(code) || (error instanceof AppError && error.status === 402)) {
    // A decline is told by the payment itself.
    response.redirect(303, linkTo(scene))
  } else if (error instanceof AppError && (code === 'payment_vetoed' || code === 'promotion_code_invalid')) {
    const notice = { kind: 'refused', words: code === 'payment_vetoed' ? error.message : undefined } as const
    sendCheckout(desk, response, sceneState(scene), { ...scene, notice }, { status: 409 })
  } else {
    const { id } = scene.page.intent
    desk.logger.warn({ err: error, payment_intent: showId('paymentIntent', id) }, 'the payer could not go on')
    sendCheckout(desk, response, 'unreachable', scene, { status: 503 })
  }
}
