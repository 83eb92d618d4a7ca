import { readFileSync } from 'node:fs'
import express, { type Request, type Response, type Router } from 'express'
import type { Clock } from '#kernel/clock.ts'
import type { ChatRoom, ChatService } from '#pages/chat/chat-service.ts'
import type { ChatPlace } from '#pages/chat/chat-token.ts'
import { type ChatWords, messageFragment } from '#pages/chat/message-view.ts'
import { roomView } from '#pages/chat/room-view.ts'
import { createChatStream } from '#pages/chat/stream.ts'
import { texts } from '#pages/texts/texts.ts'
import { accentOf, accentPath } from '#pages/web/accent.ts'
import { isForeignPost, sendPage } from '#pages/web/answer.ts'
import { assets } from '#pages/web/assets.ts'
import { chooseLanguage } from '#pages/web/locale.ts'
import type { Logger } from '#platform/logger.ts'
import { createRateLimit } from '#platform/rate-limit.ts'

interface ChatOptions {
  chat: Pick<ChatService, 'open' | 'readRoom' | 'read' | 'say' | 'paymentPath' | 'findMarks'>
  clock: Clock
  logger: Logger
}

const textMax = 4096
const messagesPerSecond = 3
const widget = readFileSync(new URL('./style/widget.js', import.meta.url), 'utf8')

/** The web chat: a page for each token, its stream, and the script that puts it on somebody's site. */
export const createChat = ({ chat, clock, logger }: ChatOptions): Router => {
  const router = express.Router()
  const stream = createChatStream(chat, logger)
  const waitFor = createRateLimit(messagesPerSecond, () => clock.now().getTime())
  const form = express.urlencoded({ extended: false, limit: '32kb', parameterLimit: 10 })

  const show = async (request: Request, response: Response, place: ChatPlace, status = 200): Promise<void> => {
    const room = await chat.readRoom(place)
    if (!room) return sendGone(request, response)
    const words = wordsFor(chat, request, place, room.locale)
    const { tag, dir } = words.language
    const pieces = (await chat.read(place)).map((message) => messageFragment(message, words))
    const body = roomView(room, pieces, words, { path: pathOf(request), isRefused: status !== 200 })
    const styles = [accentPath(accentOf(room.merchant.settings.accent)), assets.chat.path]
    const scripts = [assets.chatScript.path]
    sendPage(
      response,
      { status, title: room.merchant.name, lang: tag, dir, kind: 'chat-page', styles, scripts, body },
      { script: true, frameAncestors: ancestorsOf(room) },
    )
  }

  router.get('/chat/widget.js', (_request, response) => {
    response
      .set({ 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'public, max-age=3600' })
      .set('Cross-Origin-Resource-Policy', 'cross-origin')
      .send(widget)
  })
  router.get('/chat/:token', async (request, response) => {
    const place = chat.open(String(request.params.token))
    return place ? show(request, response, place) : sendGone(request, response)
  })
  router.get('/chat/:token/events', async (request, response) => {
    const place = chat.open(String(request.params.token))
    // 204 tells the browser not to come back.
    const room = place && (await chat.readRoom(place))
    if (!place || !room) return void response.sendStatus(204)
    const words = wordsFor(chat, request, place, room.locale)
    stream.follow(place, request, response, (messages) => messages.map((message) => messageFragment(message, words)))
  })
  router.post('/chat/:token/messages', form, async (request, response) => {
    const place = chat.open(String(request.params.token))
    if (isForeignPost(request)) return void response.sendStatus(403)
    if (!place) return sendGone(request, response)
    const refusal = refuse(textOf(request), waitFor(place.threadId))
    if (refusal === undefined) {
      await chat.say(place, textOf(request))
      stream.wake()
    } else if (refusal === 429) {
      response.set('Retry-After', '1')
    }
    if (request.get('x-script') === '1') return void response.sendStatus(refusal ?? 204)
    return refusal === undefined ? response.redirect(303, pathOf(request)) : show(request, response, place, refusal)
  })
  return router
}

const refuse = (text: string, seconds: number): 400 | 429 | undefined => {
  if (text === '' || text.length > textMax || text.includes('\0')) return 400
  return seconds > 0 ? 429 : undefined
}

const textOf = (request: Request): string => {
  const body: unknown = request.body
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'text') : undefined
  return typeof value === 'string' ? value.trim() : ''
}

const pathOf = (request: Request): string => `/chat/${encodeURIComponent(String(request.params.token))}`

/** Sites that the shop has named; ours always may. */
const ancestorsOf = ({ allowedOrigins }: ChatRoom): string[] => [
  "'self'",
  ...allowedOrigins.filter((origin) => /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/.test(origin)),
]

const wordsFor = (
  chat: Pick<ChatService, 'paymentPath'>,
  request: Request,
  place: ChatPlace,
  locale: string | null,
): ChatWords => {
  const language = chooseLanguage(locale, request.get('accept-language'))
  return { language, texts: texts[language.locale], link: (intent, page) => chat.paymentPath(place, intent, page) }
}

const sendGone = (request: Request, response: Response): void => {
  const language = chooseLanguage(undefined, request.get('accept-language'))
  const { title } = texts[language.locale].states.missing
  const { tag, dir } = language
  sendPage(
    response,
    {
      status: 404,
      title,
      lang: tag,
      dir,
      kind: 'pay',
      body: { markup: `<main class="sheet notice"><h1 class="title">${title}</h1></main>` },
    },
    { frameAncestors: ['*'] },
  )
}
