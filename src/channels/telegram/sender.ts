import type { InboundSender } from '#channels/inbound.ts'
import { isObject, readOptional } from '#channels/inbound-fields.ts'
import { showThread } from './refs.ts'

export type Fields = Record<string, unknown>

/** What every update of ours carries. */
export interface Base {
  ref: string
  type: string
  at: Date
}

/** Bots and anonymous administrators are no people to sell to. */
export const senderOf = (user: unknown, message: Fields): InboundSender | undefined => {
  const id = idOf(user)
  if (id === undefined || !isObject(user) || user.is_bot === true) return undefined
  const chat = isObject(message.chat) ? message.chat : {}
  const topic = message.is_topic_message === true ? message.message_thread_id : undefined
  const name = readOptional([user.first_name, user.last_name].filter((part) => typeof part === 'string').join(' '), 200)
  const locale = readOptional(user.language_code, 35)
  const title = readOptional(chat.title, 300)
  return {
    threadId: showThread(idOf(chat) ?? id, typeof topic === 'number' ? topic : undefined),
    personId: `${id}`,
    ...(name === undefined ? {} : { name }),
    ...(locale === undefined ? {} : { locale }),
    ...(title === undefined ? {} : { threadTitle: title }),
  }
}

export const idOf = (party: unknown): number | undefined =>
  isObject(party) && typeof party.id === 'number' && Number.isSafeInteger(party.id) ? party.id : undefined
