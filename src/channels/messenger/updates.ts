import type { Inbound, InboundSender, Touch } from '#channels/inbound.ts'
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

/**
 * https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
 * Several entries with several events each; what is of another page of the same app is none of ours.
 */
export const readUpdates = (body: Fields, pageId: string, now: Date): Inbound[] =>
  objectsIn(body.entry).flatMap((entry) => {
    const isOurs = readText(entry.id) === pageId
    const events = [
      ...objectsIn(entry.messaging),
      ...objectsIn(entry.standby).map((event) => ({ ...event, standby: {} })),
    ]
    return [
      ...events.map((event) => (isOurs ? readEvent(event, now) : other('ignored', 'other_page', event, now))),
      ...objectsIn(entry.changes).map((change) => readChange(change, entry, now)),
    ]
  })

const readEvent = (event: Fields, now: Date): Inbound => {
  const at = readTime(event.timestamp, now)
  const psid = idOf(event.sender)
  // Another app holds the thread: to answer would be to interrupt.
  if (isObject(event.standby)) return other('ignored', 'standby', event, now)
  if (psid === '') return other('unknown', 'no_sender', event, now)
  const from = { threadId: psid, personId: psid }
  const { message, postback, referral, delivery, read } = event
  if (isObject(message)) return readMessage(message, { from, at, event, now })
  if (isObject(postback)) return readPostback(postback, { from, at, event, now })
  if (isObject(referral)) {
    const ref = readRef('referral', psid, at.getTime(), readText(referral.ad_id, 100), readText(referral.ref, 500))
    return { kind: 'touch', ref, type: 'messaging_referrals', at, from, touch: touchOf(referral) }
  }
  if (isObject(delivery)) return readWatermark('delivered', 'message_deliveries', delivery, { from, at, event, now })
  if (isObject(read)) return readWatermark('read', 'message_reads', read, { from, at, event, now })
  const known = ignoredFields.find((field) => field in event)
  return known ? other('ignored', known, event, now) : other('unknown', 'messaging', event, now)
}

const ignoredFields = [
  'optin',
  'account_linking',
  'reaction',
  'message_edit',
  'response_feedback',
  'pass_thread_control',
  'take_thread_control',
  'request_thread_control',
  'app_roles',
] as const

interface Context {
  from: InboundSender
  at: Date
  event: Fields
  now: Date
}

const readMessage = (message: Fields, { from, at, event, now }: Context): Inbound => {
  const mid = readText(message.mid, 1000)
  if (message.is_echo === true) return other('ignored', 'message_echoes', event, now)
  if (mid === '') return other('unknown', 'message', event, now)
  const reply = isObject(message.quick_reply) ? readOptional(message.quick_reply.payload, 1000) : undefined
  return {
    kind: 'message',
    ref: readRef(mid),
    type: 'messages',
    at,
    from,
    text: readText(message.text),
    messageRef: mid,
    ...(reply === undefined ? {} : { postback: reply }),
    ...(isObject(message.referral) ? { touch: touchOf(message.referral) } : {}),
  }
}

const readPostback = (postback: Fields, { from, at }: Context): Inbound => {
  const mid = readText(postback.mid, 1000)
  const payload = readText(postback.payload, 1000)
  return {
    kind: 'message',
    // The same tap has the same time; older pages get no mid.
    ref: mid === '' ? readRef('postback', from.personId, at.getTime(), payload) : readRef(mid),
    type: 'messaging_postbacks',
    at,
    from,
    text: readText(postback.title, 100),
    postback: payload,
    messageRef: mid === '' ? readRef('postback', from.personId, at.getTime()) : mid,
    ...(isObject(postback.referral) ? { touch: touchOf(postback.referral) } : {}),
  }
}

/** All messages up to the watermark; the list of ids beside it is not always there. */
const readWatermark = (
  state: 'delivered' | 'read',
  type: string,
  { watermark }: Fields,
  { from, at, event, now }: Context,
): Inbound => {
  if (typeof watermark !== 'number') return other('unknown', type, event, now)
  const upTo = readTime(watermark, at)
  return {
    kind: 'receipt',
    ref: readRef(state, from.threadId, upTo.getTime()),
    type,
    at,
    messageRefs: { threadId: from.threadId, upTo },
    state,
  }
}

/** Meta refused or paused a template: nobody else would tell the merchant. */
const readChange = (change: Fields, entry: Fields, now: Date): Inbound => {
  const at = readTime(typeof entry.time === 'number' ? entry.time : undefined, now)
  const value = isObject(change.value) ? change.value : {}
  const field = readText(change.field, 100)
  const event = readText(value.event, 100)
  const isNews = field === 'message_template_status_update' && /^(REJECTED|PAUSED|DISABLED|FLAGGED)$/.test(event)
  if (!isNews) return other(field === '' ? 'unknown' : 'ignored', field || 'changes', { change, time: entry.time }, now)
  const name = readText(value.message_template_name, 512)
  return {
    kind: 'notice',
    ref: readRef('template', readText(value.message_template_id, 100) || name, event, at.getTime()),
    type: field,
    at,
    code: `template_${event.toLowerCase()}`,
    message: `Meta answered ${event} for the template ${name}: ${readText(value.reason, 200) || 'no reason given'}.`,
  }
}

const touchOf = (referral: Fields): Touch => {
  const context = isObject(referral.ads_context_data) ? referral.ads_context_data : {}
  return readTouch(touchSources.get(readText(referral.source, 50)) ?? 'other', {
    adId: referral.ad_id,
    ref: referral.ref,
    url: referral.referer_uri,
    title: context.ad_title,
  })
}

/** A map, because the word is a stranger's: `__proto__` is no source. */
const touchSources: ReadonlyMap<string, Touch['source']> = new Map([
  ['ADS', 'ad'],
  ['SHORTLINK', 'link'],
  ['MESSENGER_CODE', 'qr'],
])

const idOf = (party: unknown): string => (isObject(party) ? readText(party.id, 200) : '')

const other = (kind: 'ignored' | 'unknown', type: string, event: Fields, now: Date): Inbound => ({
  kind,
  ref: refOfContent(type, event),
  type,
  at: readTime(event.timestamp, now),
})
