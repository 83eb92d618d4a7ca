import type { Request, Response } from 'express'
import type { Checkout } from '#checkout/checkout-view.ts'
import type { CheckoutService } from '#checkout/service.ts'
import type { MethodService } from '#customers/method-service.ts'
import type { Clock } from '#kernel/clock.ts'
import type { PayLinks } from '#messages/pay-link-service.ts'
import type { PageState } from '#pages/texts/text-names.ts'
import { texts } from '#pages/texts/texts.ts'
import { accentOf, accentPath } from '#pages/web/accent.ts'
import { type Page, sendPage } from '#pages/web/answer.ts'
import { assets } from '#pages/web/assets.ts'
import { chooseLanguage, readLocale } from '#pages/web/locale.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import type { PaymentService } from '#payments/service.ts'
import type { Logger } from '#platform/logger.ts'
import { readAgain } from './form-fields.ts'
import { linkTo, type Scene } from './frame.ts'
import { type HandState, nextLook } from './hand-over.ts'
import { passOf } from './pass.ts'
import { createReturnLookup } from './return-lookup.ts'
import { isOrdering } from './state.ts'
import { surfaceOf } from './surface.ts'
import { createTries } from './tries.ts'
import { checkoutTitle, checkoutView, noticeView } from './view.ts'

/** The part of the payment service that the pages use. */
export interface PagePayments extends Pick<PaymentService, 'openPage' | 'readFields' | 'payWithKept' | 'identify'> {
  readPage(token: string, pass?: string): Promise<PaymentPage | undefined>
  sync(merchantId: string, intentId: string): Promise<unknown>
}

/** The part of the checkout service that the pages use. */
export type PageCheckouts = Pick<CheckoutService, 'readForPage' | 'retrieve' | 'update' | 'complete'>

export interface DeskOptions {
  payments: PagePayments
  checkouts: PageCheckouts
  /** Where a chat platform takes a payment. */
  payLinks: Pick<PayLinks, 'open'>
  /** Where a payer has a card removed. */
  methods: Pick<MethodService, 'detach'>
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
  clock: Clock
  logger: Logger
  /** Origins of the provider's hosted page: https://checkout.stripe.com, or the sandbox's own. */
  providerOrigins: readonly string[]
  fields: FieldsSite
}

/** The provider's script for fields on our page, and what the page's policy has to allow for it. */
export interface FieldsSite {
  script: string
  scriptSrc: readonly string[]
  frameSrc: readonly string[]
  connectSrc: readonly string[]
}

/** What every handler of the checkout needs. */
export interface Desk extends DeskOptions {
  /** True when the provider's word is in our database. */
  lookUp: (intent: IntentRow) => Promise<boolean>
  /** Whether this order may try one more discount code. */
  mayTryCode: (checkoutId: string) => boolean
}

export const createDesk = (options: DeskOptions): Desk => ({
  ...options,
  lookUp: createReturnLookup(options.payments, options.logger),
  mayTryCode: createTries(options.clock),
})

/** What a token opens, as it stands now; undefined when it is none of ours. */
export const readScene = async (desk: Desk, request: Request, token = tokenOf(request)): Promise<Scene | undefined> => {
  const page = await desk.payments.readPage(token, passOf(request))
  if (!page) return undefined
  const checkout = await readCheckout(desk, page.intent)
  const lang = readLocale(queryOf(desk, request).get('lang'))
  const language = chooseLanguage(checkout?.row.locale ?? page.thread?.locale, request.get('accept-language'), lang)
  const path = `/pay/${encodeURIComponent(token)}`
  // Who asks for a code wants what a browser elsewhere gets.
  const surface =
    readAgain(request.body) === 'code'
      ? { kind: 'browser' as const }
      : surfaceOf(request.get('user-agent') ?? '', request.ip)
  return { page, checkout, language, lang, texts: texts[language.locale], path, now: desk.clock.now(), surface }
}

const readCheckout = async ({ checkouts }: Desk, intent: IntentRow): Promise<Checkout | undefined> => {
  const { checkout: id } = intent.options
  return typeof id === 'string' ? checkouts.readForPage(intent.merchant_id, id) : undefined
}

export const queryOf = ({ publicUrl }: Desk, request: Request): URLSearchParams =>
  new URL(request.originalUrl, publicUrl).searchParams

export const tokenOf = (request: Request): string => String(request.params.token ?? '')

export const sendCheckout = (
  desk: Desk,
  response: Response,
  state: PageState,
  scene: Scene,
  extra: Partial<Pick<Page, 'status' | 'refresh' | 'title' | 'body'>> = {},
): void => {
  const { page, language } = scene
  const isForm = extra.body === undefined && isOrdering(state, scene)
  const scripts = [
    ...(isForm ? [assets.orderScript.path] : []),
    ...(page.opener === 'unknown' ? [assets.miniAppScript.path] : []),
    ...(state === 'fields' ? [desk.fields.script, assets.elementScript.path] : []),
    ...(isHanded(state) ? [assets.handOverScript.path] : []),
  ]
  const whole: Page = {
    title: checkoutTitle(state, scene),
    lang: language.tag,
    dir: language.dir,
    styles: [accentPath(accentOf(page.merchant.settings.accent)), ...(isForm ? [assets.order.path] : [])],
    scripts,
    kind: 'pay',
    body: extra.body ?? checkoutView(state, scene),
    ...extra,
  }
  const formAction = [...desk.providerOrigins, ...(page.way === 'invoice' ? invoiceOrigins : [])]
  const foreign = state === 'fields' ? desk.fields : undefined
  sendPage(response, whole, { formAction, script: scripts.length > 0, foreign })
}

/** The provider's fields, with what its script needs: asked for now, and kept nowhere. */
export const sendFields = async (desk: Desk, response: Response, scene: Scene): Promise<void> => {
  const { intent } = scene.page
  try {
    const access = await desk.payments.readFields(intent)
    // The payer has been there already: the provider says how it went.
    if (!access) return response.redirect(303, linkTo(scene, { returned: 1 }))
    sendCheckout(desk, response, 'fields', { ...scene, access })
  } catch (error) {
    desk.logger.warn({ err: error, payment_intent: intent.id }, 'the fields cannot be shown')
    sendCheckout(desk, response, 'fields', scene, { status: 503 })
  }
}

/** A page on which the payer is handed over; it looks by itself how it stands, without scripts too. */
export const sendHanded = (desk: Desk, response: Response, state: Exclude<HandState, 'fields'>, scene: Scene): void => {
  const next = scene.turn && nextLook(scene.turn)
  const refresh = next && { seconds: next.seconds, to: linkTo(scene, { hand: next.turn }), isFallback: true }
  sendCheckout(desk, response, state, scene, refresh ? { refresh } : {})
}

const isHanded = (state: PageState): boolean => ['scan', 'lapsed', 'inApp', 'openApp'].includes(state)

/** Where the invoices of chat platforms are. */
const invoiceOrigins = ['https://t.me']

/** A page without a payment: nobody is asked to pay, and nothing is told of anybody. */
export const sendNotice = (
  request: Request,
  response: Response,
  state: 'missing' | 'foreign' | 'unreachable',
  status: number,
): void => {
  const language = chooseLanguage(undefined, request.get('accept-language'))
  const words = texts[language.locale]
  const retry = state === 'missing' ? undefined : (request.originalUrl.split('?')[0] ?? '/')
  sendPage(response, {
    status,
    title: words.states[state].title,
    lang: language.tag,
    dir: language.dir,
    kind: 'pay',
    body: noticeView(state, words, retry),
  })
}
