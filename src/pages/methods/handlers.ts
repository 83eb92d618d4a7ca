import type { Request, Response } from 'express'
import { type Clock, unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { sendNotice } from '#pages/checkout/desk.ts'
import { fillText } from '#pages/checkout/fill.ts'
import { linkTo } from '#pages/checkout/frame.ts'
import { texts } from '#pages/texts/texts.ts'
import { accentOf, accentPath } from '#pages/web/accent.ts'
import { isForeignPost, sendPage } from '#pages/web/answer.ts'
import { chooseLanguage, readLocale } from '#pages/web/locale.ts'
import type { Logger } from '#platform/logger.ts'
import type { MethodsPageService } from '#setups/methods-page-service.ts'
import type { SetupService } from '#setups/service.ts'
import { consentWords, type MethodsScene, methodsView } from './view.ts'

export interface MethodsDesk {
  methodsPage: Pick<MethodsPageService, 'read' | 'remove'>
  setups: Pick<SetupService, 'openPage' | 'sync'>
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
  clock: Clock
  logger: Logger
  /** Origins of the provider's hosted page. */
  providerOrigins: readonly string[]
}

/** Changes nothing, for chat apps open links to preview them. Only a return from the provider looks there. */
export const showMethods = async (desk: MethodsDesk, request: Request, response: Response): Promise<void> => {
  const first = await readScene(desk, request)
  if (!first) return sendNotice(request, response, 'missing', 404)
  const isReturn = new URL(request.originalUrl, desk.publicUrl).searchParams.get('returned') === '1'
  const scene = isReturn && (await lookUp(desk, first)) ? ((await readScene(desk, request)) ?? first) : first
  const { page, language } = scene
  sendPage(
    response,
    {
      title: `${scene.texts.methods.title} · ${page.merchant.name}`,
      lang: language.tag,
      dir: language.dir,
      styles: [accentPath(accentOf(page.merchant.settings.accent))],
      kind: 'pay',
      body: methodsView(scene),
    },
    { formAction: desk.providerOrigins },
  )
}

/** The payer has a method removed, or goes on to the provider's page to have one kept. Each twice is the same as once. */
export const changeMethods = async (desk: MethodsDesk, request: Request, response: Response): Promise<void> => {
  if (isForeignPost(request)) return sendNotice(request, response, 'foreign', 403)
  const scene = await readScene(desk, request)
  if (!scene) return sendNotice(request, response, 'missing', 404)
  const posted = request.body as { remove?: unknown; do?: unknown }
  if (typeof posted.remove === 'string') await desk.methodsPage.remove(tokenOf(request), posted.remove)
  const next = posted.do === 'setup' ? await toProvider(desk, scene) : undefined
  response.redirect(303, next ?? linkTo(scene))
}

const readScene = async (desk: MethodsDesk, request: Request): Promise<MethodsScene | undefined> => {
  const token = tokenOf(request)
  const page = await desk.methodsPage.read(token)
  if (!page) return undefined
  const lang = readLocale(new URL(request.originalUrl, desk.publicUrl).searchParams.get('lang'))
  const language = chooseLanguage(undefined, request.get('accept-language'), lang)
  return { page, language, lang, texts: texts[language.locale], path: `/methods/${encodeURIComponent(token)}` }
}

const tokenOf = (request: Request): string => String(request.params.token ?? '')

/** True when the provider's word is in our database. */
const lookUp = async (desk: MethodsDesk, { page: { setup } }: MethodsScene): Promise<boolean> => {
  if (!setup) return false
  try {
    await desk.setups.sync(setup.merchant_id, setup.id)
    return true
  } catch (error) {
    desk.logger.warn({ err: error }, 'a setup could not be looked up; its news will come')
    return false
  }
}

/** Undefined when there is nothing to keep any more, or somebody is faster: the page says how it stands. */
const toProvider = async (desk: MethodsDesk, scene: MethodsScene): Promise<string | undefined> => {
  const { page, language, path } = scene
  if (!page.setup) return undefined
  const back = `${desk.publicUrl}${linkTo(scene)}`
  const text = fillText(consentWords(scene), { merchant: page.merchant.name })
  const at = unixSeconds(desk.clock.now())
  try {
    return await desk.setups.openPage(page.setup, {
      returnUrl: `${desk.publicUrl}${linkTo({ path, lang: scene.lang }, { returned: 1 })}`,
      cancelUrl: back,
      locale: language.tag,
      consent: { at, locale: language.tag, source: 'page', text },
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.status >= 500) desk.logger.warn({ err: error }, 'the page to keep a method could not be opened')
    return undefined
  }
}
