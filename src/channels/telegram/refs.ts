import { CardRefusedError } from '#channels/channel.ts'

/** A conversation: the chat, and the topic in a forum. `-1001234` or `-1001234/7`. */
export const showThread = (chatId: number, topicId?: number): string =>
  topicId === undefined ? `${chatId}` : `${chatId}/${topicId}`

export const parseThread = (text: string): { chat_id: number; message_thread_id?: number } => {
  const [, chat, topic] = /^(-?\d{1,16})(?:\/(\d{1,16}))?$/.exec(text) ?? []
  if (chat === undefined) throw new CardRefusedError('Telegram: chat_id: the thread’s external_id is no id of a chat')
  return { chat_id: Number(chat), ...(topic === undefined ? {} : { message_thread_id: Number(topic) }) }
}

export type MessageKind = 'text' | 'photo' | 'invoice'

/** Message ids count within a chat; how a message can be changed depends on what it is. */
export const showMessageRef = (chatId: number, messageId: number, kind: MessageKind = 'text'): string =>
  kind === 'text' ? `${chatId}:${messageId}` : `${chatId}:${messageId}:${kind}`

export const parseMessageRef = (text: string): { chat_id: number; message_id: number; kind: MessageKind } => {
  const [, chat, message, kind = 'text'] = /^(-?\d{1,16}):(\d{1,16})(?::(photo|invoice))?$/.exec(text) ?? []
  if (chat === undefined) throw new CardRefusedError('Telegram: message_id: not a message of this bot')
  return { chat_id: Number(chat), message_id: Number(message), kind: kind as MessageKind }
}

/** A tapped button has no message of its own; its query's id stands for one. */
export const showCallbackRef = (queryId: string): string => `callback:${queryId}`

export const callbackOf = (messageRef: string): string | undefined => /^callback:(.{1,100})$/.exec(messageRef)?.[1]
