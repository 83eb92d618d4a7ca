import type { Request, Response } from 'express'
import type { Fragment } from '#pages/chat/fragment.ts'
import type { Logger } from '#platform/logger.ts'

interface Follower {
  visitor: string
  /** Versions of the pieces that this page has, by their id. */
  seen: Map<string, string>
  response: Response
  read: () => Promise<Fragment[]>
}

/** Looks more often while something is going on. */
const eagerMs = 600
const lazyMs = 3000
const eagerForMs = 30_000

/** A stream is ended after this long and opened again by the browser, so that a stopping process is not held up. */
const streamMs = 15_000

/**
 * Pages that follow their thread: each is told only the pieces that have changed. Nothing is asked while nobody is
 * looking, and one look serves all pages of a visitor.
 */
export const createFeed = (logger: Logger, now: () => number) => {
  const followers = new Set<Follower>()
  const busyUntil = new Map<string, number>()
  const running = new Map<string, Promise<void>>()
  const timers = new Map<string, NodeJS.Timeout>()

  const look = async (visitor: string): Promise<void> => {
    const mine = [...followers].filter((one) => one.visitor === visitor)
    const [first] = mine
    if (!first) return
    try {
      const fragments = await first.read()
      const hasNews = mine.map((one) => tell(one, fragments)).some(Boolean)
      if (hasNews) busyUntil.set(visitor, now() + eagerForMs)
    } catch (error) {
      logger.warn({ err: error }, 'the demo could not read its thread')
    }
  }

  const schedule = (visitor: string): void => {
    clearTimeout(timers.get(visitor))
    timers.delete(visitor)
    if (![...followers].some((one) => one.visitor === visitor)) {
      busyUntil.delete(visitor)
      return
    }
    const wait = (busyUntil.get(visitor) ?? 0) > now() ? eagerMs : lazyMs
    timers.set(visitor, setTimeout(() => poke(visitor), wait).unref())
  }

  /** Looks now; a look that is under way is followed by another, because it may have begun too early. */
  const poke = (visitor: string): void => {
    const before = running.get(visitor) ?? Promise.resolve()
    const next = before
      .then(() => look(visitor))
      .finally(() => {
        if (running.get(visitor) === next) running.delete(visitor)
        schedule(visitor)
      })
    running.set(visitor, next)
  }

  const follow = (visitor: string, request: Request, response: Response, read: Follower['read']): void => {
    const follower: Follower = { visitor, seen: new Map(), response, read }
    response.set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    response.flushHeaders()
    response.write('retry: 500\n\n')
    followers.add(follower)
    const end = setTimeout(() => response.end(), streamMs).unref()
    request.on('close', () => {
      clearTimeout(end)
      followers.delete(follower)
    })
    poke(visitor)
  }

  const hurry = (visitor: string): void => {
    busyUntil.set(visitor, now() + eagerForMs)
    poke(visitor)
  }
  return { follow, hurry }
}

/** Sends what this page does not have yet; false when it has all. */
const tell = (follower: Follower, fragments: readonly Fragment[]): boolean => {
  const news = fragments.filter(({ id, version }) => follower.seen.get(id) !== version)
  if (news.length === 0) return false
  for (const { id, version } of news) follower.seen.set(id, version)
  follower.response.write(`event: pieces\ndata: ${JSON.stringify(news)}\n\n`)
  return true
}
