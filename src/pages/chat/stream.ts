import type { Request, Response } from 'express'
import type { Message } from '#messages/schemas.ts'
import type { Logger } from '#platform/logger.ts'
import type { ChatService } from './chat-service.ts'
import type { ChatPlace } from './chat-token.ts'
import type { Fragment } from './fragment.ts'

interface Follower {
  place: ChatPlace
  response: Response
  draw: (messages: readonly Message[]) => Fragment[]
  /** Versions of the pieces that this page has, by their id. */
  seen: Map<string, string>
  /** The mark of what it has. */
  mark: string | undefined
}

const lookMs = 1000
const heartbeatMs = 15_000
/** A stream ends after this long and is opened again by the browser, so that a stopping process is not held up. */
const streamMs = 25_000
const tabsMax = 12

/**
 * Pages that follow their thread. One statement asks for all threads at once whether anything has happened; only a
 * thread where it has is read. Nothing is asked while nobody looks.
 */
export const createChatStream = (chat: Pick<ChatService, 'findMarks' | 'read'>, logger: Logger) => {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const look = async (): Promise<void> => {
    const byThread = Map.groupBy(followers, ({ place }) => place.threadId)
    const places = [...byThread.values()].flatMap(([first]) => (first ? [first.place] : []))
    const marks = places.length === 0 ? new Map<string, string>() : await chat.findMarks(places)
    for (const place of places) {
      const mark = marks.get(place.threadId)
      const behind = (byThread.get(place.threadId) ?? []).filter((one) => one.mark !== mark)
      if (behind.length === 0) continue
      const messages = await chat.read(place)
      for (const follower of behind) tell(follower, messages, mark)
    }
  }

  const wake = (): void => {
    clearTimeout(timer)
    timer = undefined
    // One look follows another: what has happened meanwhile may be too late for the one under way.
    const next = (running ?? Promise.resolve())
      .then(look)
      .catch((error: unknown) => logger.warn({ err: error }, 'the web chat could not be read'))
      .finally(() => {
        if (running !== next) return
        running = undefined
        if (followers.size > 0) timer = setTimeout(wake, lookMs).unref()
      })
    running = next
  }

  const follow = (place: ChatPlace, request: Request, response: Response, draw: Follower['draw']): void => {
    const lastId = request.get('last-event-id')
    const follower: Follower = { place, response, draw: since(draw, lastId), seen: new Map(), mark: undefined }
    const tabs = [...followers].filter((one) => one.place.threadId === place.threadId)
    if (tabs.length >= tabsMax) tabs[0]?.response.end()
    response.set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    response.flushHeaders()
    response.write('retry: 1000\n\n')
    followers.add(follower)
    const heartbeat = setInterval(() => response.write(':\n\n'), heartbeatMs).unref()
    const end = setTimeout(() => response.end(), streamMs).unref()
    response.on('close', () => {
      clearTimeout(end)
      clearInterval(heartbeat)
      followers.delete(follower)
    })
    wake()
  }
  return { follow, wake }
}

/** A page that comes back has the messages up to `lastId`; their cards may have changed, their texts never. */
const since =
  (draw: Follower['draw'], lastId: string | undefined): Follower['draw'] =>
  (messages) => {
    const isNews = ({ id, card }: Message) => lastId === undefined || id > lastId || card !== null
    return draw(messages.filter(isNews))
  }

const tell = (follower: Follower, messages: readonly Message[], mark: string | undefined): void => {
  const { seen, response } = follower
  follower.mark = mark
  const news = follower.draw(messages).filter(({ id, version }) => seen.get(id) !== version)
  if (news.length === 0) return
  for (const { id, version } of news) seen.set(id, version)
  response.write(`id: ${messages.at(-1)?.id ?? ''}\nevent: pieces\ndata: ${JSON.stringify(news)}\n\n`)
}
