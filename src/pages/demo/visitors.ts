import { randomBytes } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Api } from './api.ts'
import { type Thread, threadListShape, threadShape } from './shapes.ts'

const cookieName = 'parley_demo'
const cookieSeconds = 30 * 86_400
const rememberedMax = 1000

/** One visitor is one thread of the channel webchat; the cookie holds its external id and nothing else. */
export const visitorOf = (request: Request): string | undefined =>
  new RegExp(`(?:^|; )${cookieName}=([\\w-]{22})(?:;|$)`).exec(request.get('cookie') ?? '')?.[1]

export const welcomeVisitor = (request: Request, response: Response): string => {
  const visitor = visitorOf(request) ?? randomBytes(16).toString('base64url')
  const secure = request.secure ? '; Secure' : ''
  response.append(
    'Set-Cookie',
    `${cookieName}=${visitor}; Path=/demo; HttpOnly; SameSite=Lax; Max-Age=${cookieSeconds}${secure}`,
  )
  return visitor
}

export const forgetVisitor = (response: Response): void => {
  response.append('Set-Cookie', `${cookieName}=; Path=/demo; HttpOnly; SameSite=Lax; Max-Age=0`)
}

export interface Threads {
  /** Undefined until the visitor has said something. */
  find(visitor: string): Promise<Thread | undefined>
  findOrCreate(visitor: string, locale: string): Promise<Thread>
}

export const createThreads = (bot: Api): Threads => {
  const known = new Map<string, Thread>()
  const remember = (visitor: string, thread: Thread | undefined): Thread | undefined => {
    if (known.size >= rememberedMax) known.clear()
    if (thread) known.set(visitor, thread)
    return thread
  }
  const find = async (visitor: string): Promise<Thread | undefined> => {
    const path = `/v1/threads?channel=webchat&external_id=${visitor}&limit=1`
    return known.get(visitor) ?? remember(visitor, (await bot.get(path, threadListShape)).data[0])
  }
  const findOrCreate = async (visitor: string, locale: string): Promise<Thread> => {
    const found = await find(visitor)
    if (found) return found
    const participants = [{ external_id: 'visitor', role: 'payer', name: 'Visitor' }]
    const params = { channel: 'webchat', external_id: visitor, locale, title: 'Demo', participants }
    const thread = await bot.post('/v1/threads', params, threadShape)
    remember(visitor, thread)
    return thread
  }
  return { find, findOrCreate }
}
