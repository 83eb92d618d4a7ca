import type { Inbound } from '#channels/inbound.ts'
import { isObject, readOptional, readRef, readText, readTime, readTouch } from '#channels/inbound-fields.ts'
import { readPayment, readPreCheckout, readRefund, readShipping } from './payment-updates.ts'
import { showCallbackRef, showMessageRef } from './refs.ts'
import { type Base, type Fields, idOf, senderOf } from './sender.ts'

/** https://core.telegram.org/bots/api#update: exactly one of its members beside `update_id`. */
export const readUpdate = (update: Fields, now: Date): Inbound => {
  const type = Object.keys(update).find((key) => key !== 'update_id') ?? 'empty'
  const value = update[type]
  const base: Base = { ref: readRef('update', String(update.update_id)), type: type.slice(0, 100), at: now }
  if (!isObject(value)) return { ...base, kind: 'unknown' }
  const read = readers[type]
  if (read) return read(value, { ...base, at: timeOf(value.date, now) })
  return { ...base, kind: ignored.has(type) ? 'ignored' : 'unknown' }
}

const readers: Readonly<Record<string, ((value: Fields, base: Base) => Inbound) | undefined>> = {
  message: (value, base) => readMessage(value, base),
  callback_query: (value, base) => readCallback(value, base),
  pre_checkout_query: (value, base) => readPreCheckout(value, base),
  shipping_query: (value, base) => readShipping(value, base),
  my_chat_member: (value, base) => readMembership(value, base),
}

const ignored = new Set(
  (
    'edited_message channel_post edited_channel_post business_connection business_message edited_business_message ' +
    'deleted_business_messages message_reaction message_reaction_count inline_query chosen_inline_result poll ' +
    'poll_answer chat_member chat_join_request chat_boost removed_chat_boost purchased_paid_media managed_bot'
  ).split(' '),
)

const timeOf = (seconds: unknown, now: Date): Date =>
  readTime(typeof seconds === 'number' ? seconds * 1000 : undefined, now)

/** What people send; everything else in a message tells of the chat (somebody joined, a title changed …). */
const contents = (
  'text caption photo sticker voice video video_note animation audio document contact location venue poll dice story ' +
  'checklist live_photo paid_media'
).split(' ')

const readMessage = (message: Fields, base: Base): Inbound => {
  const from = senderOf(message.from, message)
  const chatId = idOf(message.chat)
  if (chatId === undefined) return { ...base, kind: 'unknown' }
  if (typeof message.migrate_to_chat_id === 'number')
    return { ...base, kind: 'move', fromThreadId: `${chatId}`, toThreadId: `${message.migrate_to_chat_id}` }
  if (typeof message.migrate_from_chat_id === 'number')
    return { ...base, kind: 'move', fromThreadId: `${message.migrate_from_chat_id}`, toThreadId: `${chatId}` }
  if (isObject(message.successful_payment)) return readPayment(message.successful_payment, base, from)
  if (isObject(message.refunded_payment)) return readRefund(message.refunded_payment, base)
  const isTold = contents.some((name) => name in message)
  if (!from || !isTold || typeof message.message_id !== 'number') return { ...base, kind: 'ignored' }
  const text = readText(message.text ?? message.caption)
  const started = /^\/start(?:@\w+)? ([\w-]{1,64})$/.exec(text)?.[1]
  return {
    ...base,
    kind: 'message',
    from,
    text,
    messageRef: showMessageRef(chatId, message.message_id),
    ...(started === undefined ? {} : { touch: readTouch('link', { ref: started }) }),
  }
}

/** A tapped button; the message that it hangs on says where. */
const readCallback = (query: Fields, base: Base): Inbound => {
  const message = isObject(query.message) ? query.message : {}
  const from = senderOf(query.from, message)
  const payload = readOptional(query.data, 64)
  if (!from || payload === undefined) return { ...base, kind: 'ignored' }
  return {
    ...base,
    kind: 'message',
    from,
    text: '',
    postback: payload,
    messageRef: showCallbackRef(readText(query.id, 100)),
  }
}

/** Blocking a bot and letting it in again come as its membership in the chat, in a private one too. */
const readMembership = (change: Fields, base: Base): Inbound => {
  const status = isObject(change.new_chat_member) ? readText(change.new_chat_member.status, 50) : ''
  const chatId = idOf(change.chat)
  const kind = reachOf.get(status)
  return kind === undefined || chatId === undefined
    ? { ...base, kind: 'ignored' }
    : { ...base, kind, threadId: `${chatId}` }
}

/** https://core.telegram.org/bots/api#chatmember ; `restricted` may mean either. */
const reachOf: ReadonlyMap<string, 'reachable' | 'unreachable'> = new Map([
  ['member', 'reachable'],
  ['administrator', 'reachable'],
  ['left', 'unreachable'],
  ['kicked', 'unreachable'],
])
