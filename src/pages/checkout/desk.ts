import type { Request, Response } from 'express'
import type { Clock } from '#kernel/clock.ts'
import type { PageState } from '#pages/texts/text-names.ts'
import { texts } from '#pages/texts/texts.ts'
import { accentOf, accentPath } from '#pages/web/accent.ts'
import { type Page, sendPage } from '#pages/web/answer.ts'
import { chooseLanguage } from '#pages/web/locale.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import type { Logger } from '#platform/logger.ts'
import type { Scene } from './frame.ts'
import { createReturnLookup } from './return-lookup.ts'
import { checkoutTitle, checkoutView, noticeView } from './view.ts'

/** The part of the payment service that the pages use. */
export interface PagePayments {
  readPage(token: string): Promise<PaymentPage | undefined>
  openPage(
    row: IntentRow,
    links: { returnUrl: string; cancelUrl: string; title: string; locale?: string | undefined },
  ): Promise<string>
  sync(merchantId: string, intentId: string): Promise<unknown>
}

export interface DeskOptions {
  payments: PagePayments
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
  clock: Clock
  logger: Logger
  /** Origins of the provider's hosted page: https://checkout.stripe.com, or the sandbox's own. */
  providerOrigins: readonly string[]
}

/** What every handler of the checkout needs. */
export interface Desk extends DeskOptions {
  /** True when the provider's word is in our database. */
  lookUp: (intent: IntentRow) => Promise<boolean>
}

export const createDesk = (options: DeskOptions): Desk => ({
  ...options,
  lookUp: createReturnLookup(options.payments, options.logger),
})

export const sceneOf = ({ clock }: Desk, request: Request, page: PaymentPage): Scene => {
  const language = chooseLanguage(page.thread?.locale, request.get('accept-language'))
  const path = `/pay/${encodeURIComponent(tokenOf(request))}`
  return { page, language, texts: texts[language.locale], path, now: clock.now() }
}

export const tokenOf = (request: Request): string => String(request.params.token ?? '')

export const sendCheckout = (
  desk: Desk,
  response: Response,
  state: PageState,
  scene: Scene,
  extra: Partial<Page> = {},
): void => {
  const { page, language } = scene
  const whole: Page = {
    title: checkoutTitle(state, scene),
    lang: language.tag,
    dir: language.dir,
    styles: [accentPath(accentOf(page.merchant.settings.accent))],
    kind: 'pay',
    body: extra.body ?? checkoutView(state, scene),
    ...extra,
  }
  sendPage(response, whole, { formAction: desk.providerOrigins })
}

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
