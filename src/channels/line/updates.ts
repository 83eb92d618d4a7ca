import type { Inbound, InboundSender } from '#channels/inbound.ts'
import {
  isObject,
  objectsIn,
  readOptional,
  readRef,
  readText,
  readTime,
  readTouch,
  refOfContent,
} from '#channels/inbound-fields.ts'

type Fields = Record<string, unknown>

/** https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects ; no events: LINE tries the connection. */
export const readUpdates = (body: Fields, now: Date): Inbound[] =>
  objectsIn(body.events).map((event) => readEvent(event, now))

const readEvent = (event: Fields, now: Date): Inbound => {
  const type = readText(event.type, 50) || 'event'
  const at = readTime(event.timestamp, now)
  // The same event, delivered again (`deliveryContext.isRedelivery`), has the same id.
  const id = readText(event.webhookEventId, 200)
  const ref = id === '' ? refOfContent(type, event) : readRef(id)
  const base = { ref, type, at }
  const from = senderOf(event.source)
  if (event.mode === 'standby' || ignoredTypes.has(type)) return { ...base, kind: 'ignored' }
  if (!from) return { ...base, kind: 'unknown' }
  if (type === 'message' && isObject(event.message)) {
    const { id: messageId, text } = event.message
    return { ...base, kind: 'message', from, text: readText(text), messageRef: readText(messageId, 200) || ref }
  }
  if (type === 'postback' && isObject(event.postback)) {
    const data = readText(event.postback.data, 300)
    return { ...base, kind: 'message', from, text: '', postback: data, messageRef: ref }
  }
  // Someone added the account, or invited it: from here on it may write.
  if (type === 'follow' || type === 'join') return { ...base, kind: 'touch', from, touch: readTouch('other', {}) }
  // Blocked, or sent away from a group.
  if (type === 'unfollow' || type === 'leave') return { ...base, kind: 'unreachable', threadId: from.threadId }
  return { ...base, kind: 'unknown' }
}

const ignoredTypes: ReadonlySet<string> = new Set([
  'unsend',
  'memberJoined',
  'memberLeft',
  'videoPlayComplete',
  'beacon',
  'accountLink',
  'things',
  'membership',
  'module',
  'activated',
  'deactivated',
  'botSuspended',
  'botResumed',
  'delivery',
])

/** A message to a group or a room goes to that, whoever of it wrote. */
const senderOf = (source: unknown): InboundSender | undefined => {
  if (!isObject(source)) return undefined
  const userId = readOptional(source.userId, 200)
  const threadId = readOptional(source.groupId, 200) ?? readOptional(source.roomId, 200) ?? userId
  return threadId === undefined ? undefined : { threadId, personId: userId ?? threadId }
}
