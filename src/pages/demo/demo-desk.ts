import type { Request, Response } from 'express'
import type { Clock } from '#kernel/clock.ts'
import type { Fragment } from '#pages/chat/fragment.ts'
import { texts } from '#pages/texts/texts.ts'
import { accentPath } from '#pages/web/accent.ts'
import { sendPage } from '#pages/web/answer.ts'
import { assets } from '#pages/web/assets.ts'
import { chooseLanguage } from '#pages/web/locale.ts'
import type { Logger } from '#platform/logger.ts'
import { createApi } from './api.ts'
import { type Clients, grantRefund, hear, hearOf } from './bot.ts'
import { chatFragments, type Speech } from './chat-view.ts'
import { createDiary } from './diary.ts'
import { createEar } from './ear.ts'
import { createFeed } from './feed.ts'
import { jsonView } from './json-view.ts'
import { demoView } from './page-view.ts'
import { panelFragments } from './panel-view.ts'
import { chatTokenShape } from './shapes.ts'
import { shopView } from './shop-view.ts'
import { emptyStory, readStory, type Story } from './story.ts'
import { createThreads, visitorOf, welcomeVisitor } from './visitors.ts'
import { demoWords } from './words.ts'

export interface DemoOptions {
  /** Where this process reaches the public API. */
  apiBase: string
  /** How people reach this service, for the curl lines. */
  publicUrl: string
  /** The bot sells with this one … */
  botKey: string
  /** … and the shop's people refund and read the books with this one. */
  merchantKey: string
  clock: Clock
  logger: Logger
}

/** The colour of the demo's shop. */
const accent = 'b8336a'

/** What every handler of the demo needs. */
export const createDemoDesk = (options: DemoOptions) => {
  const clients: Clients = {
    bot: createApi(options.apiBase, options.botKey),
    shop: createApi(options.apiBase, options.merchantKey),
    diary: createDiary(options.clock),
  }
  const threads = createThreads(clients.bot)
  const read = async (visitor: string | undefined): Promise<Story> => {
    const thread = visitor === undefined ? undefined : await threads.find(visitor)
    return thread ? readStory(clients, thread) : emptyStory
  }
  const draw = async (visitor: string | undefined, speech: Speech): Promise<Fragment[]> => {
    const story = await read(visitor)
    return [...chatFragments(story, speech, options.clock.now()), ...panelFragments(story, options.publicUrl)]
  }
  return {
    ...options,
    clients,
    threads,
    read,
    draw,
    ear: createEar(clients.shop, `${options.apiBase}/demo/hook`, () => options.clock.now()),
    feed: createFeed(options.logger, () => options.clock.now().getTime()),
  }
}

export type DemoDesk = ReturnType<typeof createDemoDesk>

export const showDemo = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const speech = speechOf(request)
  const pieces = await desk.draw(welcomeVisitor(request, response), speech)
  const { tag, dir } = speech.language
  const styles = [accentPath(accent), assets.chat.path, assets.demo.path]
  const scripts = [assets.demoScript.path]
  const body = demoView(pieces, speech)
  sendPage(
    response,
    { title: 'Blüte Flowers · Parley demo', lang: tag, dir, kind: 'demo', styles, scripts, body },
    { script: true },
  )
}

export const follow = (desk: DemoDesk, request: Request, response: Response): void => {
  const visitor = visitorOf(request)
  const speech = speechOf(request)
  if (visitor === undefined) response.sendStatus(204)
  else desk.feed.follow(visitor, request, response, () => desk.draw(visitor, speech))
}

/** One object of the API. Only what the visitor's own panel links to is shown, whatever else the key could read. */
export const showJson = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const path = new URL(request.originalUrl, desk.publicUrl).searchParams.get('path') ?? ''
  const { lines } = await desk.read(visitorOf(request))
  const isMine = lines.some((line) => line.path === path)
  const { status, body } = isMine ? await desk.clients.shop.raw(path) : notMine
  const view = jsonView(path, body, desk.publicUrl)
  sendPage(response, { status, title: path, lang: 'en', kind: 'json-body', styles: [assets.demo.path], body: view })
}

const notMine = { status: 404, body: { error: { message: 'This is none of the objects of your chat.' } } }

export const say = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const visitor = welcomeVisitor(request, response)
  const speech = speechOf(request)
  const text = fieldOf(request, 'text').slice(0, 500)
  if (text !== '') {
    const thread = await desk.threads.findOrCreate(visitor, speech.language.tag)
    const chatUrl = `${request.protocol}://${request.get('host') ?? 'localhost'}/demo`
    await hear(desk.clients, { thread, words: speech.words, chatUrl }, text)
  }
  done(desk, request, response, visitor, '/demo')
}

/** The same thread as a shop shows it on its own page: one script tag, and the bot hears by a webhook. */
export const showShop = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const visitor = welcomeVisitor(request, response)
  const { language, words } = speechOf(request)
  const { tag, dir } = language
  const thread = await desk.threads.findOrCreate(visitor, tag)
  const { token } = await desk.clients.bot.post(`/v1/threads/${thread.id}/chat_token`, {}, chatTokenShape)
  await desk.ear.open()
  const body = shopView(token, `#${accent}`, { language, words })
  const styles = [accentPath(accent), assets.chat.path, assets.demo.path]
  sendPage(
    response,
    { title: 'Blüte Flowers', lang: tag, dir, kind: 'demo', styles, body },
    { script: true, frames: true },
  )
}

/** A notification to the bot: answered at once, worked off afterwards. */
export const heard = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const body: unknown = request.body
  const said = Buffer.isBuffer(body) ? await desk.ear.hear(body, request.get('stripe-signature')) : undefined
  response.sendStatus(204)
  if (!said) return
  await hearOf(desk.clients, said, (thread) => {
    const { locale } = chooseLanguage(thread.locale, undefined)
    return { thread, words: demoWords[locale], chatUrl: `${desk.publicUrl}/demo` }
  }).catch((error: unknown) => desk.logger.warn({ err: error }, 'the bot could not answer'))
}

export const grant = async (desk: DemoDesk, request: Request, response: Response): Promise<void> => {
  const visitor = welcomeVisitor(request, response)
  const thread = await desk.threads.find(visitor)
  if (thread) await grantRefund(desk.clients, thread, fieldOf(request, 'payment_intent'))
  done(desk, request, response, visitor, '/demo#what')
}

const speechOf = (request: Request): Speech => {
  const language = chooseLanguage(undefined, request.get('accept-language'))
  return { language, texts: texts[language.locale], words: demoWords[language.locale] }
}

const done = (desk: DemoDesk, request: Request, response: Response, visitor: string, to: string): void => {
  desk.feed.hurry(visitor)
  if (request.get('x-script') === '1') response.sendStatus(204)
  else response.redirect(303, to)
}

const fieldOf = (request: Request, name: string): string => {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null) return ''
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' ? value.trim() : ''
}
