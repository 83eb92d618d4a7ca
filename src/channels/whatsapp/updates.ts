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
import { readStatus } from './statuses.ts'

export type Fields = Record<string, unknown>

/** …/whatsapp/webhooks: several entries with several changes each; another number of the same app is none of ours. */
export const readUpdates = (body: Fields, phoneNumberId: string, now: Date): Inbound[] =>
  objectsIn(body.entry).flatMap((entry) =>
    objectsIn(entry.changes).flatMap((change) => readChange(change, entry, phoneNumberId, now)),
  )

const readChange = (change: Fields, entry: Fields, phoneNumberId: string, now: Date): Inbound[] => {
  const field = readText(change.field, 100)
  const value = isObject(change.value) ? change.value : {}
  if (field === 'message_template_status_update') return [readTemplateNews(value, entry, now)]
  if (field !== 'messages') return [other(field === '' ? 'unknown' : 'ignored', field || 'changes', change, now)]
  const metadata = isObject(value.metadata) ? value.metadata : {}
  if (readText(metadata.phone_number_id) !== phoneNumberId) return [other('ignored', 'other_number', change, now)]
  const found = [
    ...objectsIn(value.messages).map((message) => readMessage(message, value, now)),
    ...objectsIn(value.statuses).flatMap((status) => readStatus(status, now)),
  ]
  return found.length > 0 ? found : [other('unknown', 'messages', change, now)]
}

/** Times are unix seconds, as text. */
export const readSeconds = (seconds: unknown, now: Date): Date => readTime(Number(seconds) * 1000, now)

const readMessage = (message: Fields, value: Fields, now: Date): Inbound => {
  const wamid = readText(message.id, 500)
  const waId = readText(message.from, 200)
  const type = readText(message.type, 50)
  const base = { ref: readRef(wamid), type: `message_${type}`, at: readSeconds(message.timestamp, now) }
  if (wamid === '' || waId === '') return other('unknown', 'message', message, now)
  if (type === 'system') return readSystem(message, waId, base)
  if (type === 'reaction') return { ...base, kind: 'ignored' }
  const said = readContent(type, message)
  return {
    ...base,
    kind: 'message',
    from: senderOf(waId, value),
    text: said.text,
    messageRef: wamid,
    ...(said.postback === undefined ? {} : { postback: said.postback }),
    ...(isObject(message.referral) ? { touch: touchOf(message.referral) } : {}),
  }
}

const senderOf = (waId: string, value: Fields): InboundSender => {
  const contact = objectsIn(value.contacts).find((one) => one.wa_id === waId)
  const name = isObject(contact?.profile) ? readOptional(contact.profile.name, 200) : undefined
  return { threadId: waId, personId: waId, ...(name === undefined ? {} : { name }) }
}

interface Said {
  text: string
  postback?: string | undefined
}

const readContent = (type: string, message: Fields): Said => {
  const content = isObject(message[type]) ? message[type] : {}
  if (type === 'text') return { text: readText(content.body) }
  if (type === 'button') return { text: readText(content.text), postback: readOptional(content.payload, 1000) }
  if (type === 'interactive') return readReply(content)
  if (type === 'order') return { text: readOrder(content) }
  return { text: readText(content.caption) }
}

const readReply = (content: Fields): Said => {
  const reply = [content.button_reply, content.list_reply].find(isObject)
  return reply ? { text: readText(reply.title), postback: readOptional(reply.id, 1000) } : { text: '' }
}

/** A cart from the catalogue, in words: prices are in major units and say nothing about what we charge. */
const readOrder = (order: Fields): string =>
  readText(
    [
      readText(order.text, 1000),
      ...objectsIn(order.product_items).map(
        (item) => `${readText(`${item.quantity ?? 1}`, 10)} × ${readText(item.product_retailer_id, 100)}`,
      ),
    ]
      .filter(Boolean)
      .join('\n'),
  )

const readSystem = (message: Fields, waId: string, base: { ref: string; type: string; at: Date }): Inbound => {
  const system = isObject(message.system) ? message.system : {}
  const newId = readText(system.wa_id ?? system.new_wa_id, 200)
  if (newId === '' || newId === waId) return { ...base, kind: 'ignored' }
  return { ...base, kind: 'move', fromThreadId: waId, toThreadId: newId }
}

/** An advertisement that opens a chat. The click's id is often missing. */
const touchOf = (referral: Fields): Touch =>
  readTouch(readText(referral.source_type, 20) === 'ad' ? 'ad' : 'link', {
    adId: referral.source_id,
    ctwaClid: referral.ctwa_clid,
    url: referral.source_url,
    title: referral.headline,
  })

/** Meta refused or paused a template: nobody else would tell the merchant. */
const readTemplateNews = (value: Fields, entry: Fields, now: Date): Inbound => {
  const event = readText(value.event, 100)
  const at = readSeconds(entry.time, now)
  if (!/^(REJECTED|PAUSED|DISABLED|FLAGGED)$/.test(event)) return other('ignored', 'message_template', value, now)
  const name = readText(value.message_template_name, 512)
  return {
    kind: 'notice',
    ref: readRef('template', readText(`${value.message_template_id ?? name}`, 100), event, at.getTime()),
    type: 'message_template_status_update',
    at,
    code: `template_${event.toLowerCase()}`,
    message: `Meta answered ${event} for the template ${name}: ${readText(value.reason, 200) || 'no reason given'}.`,
  }
}

const other = (kind: 'ignored' | 'unknown', type: string, event: Fields, now: Date): Inbound => ({
  kind,
  ref: refOfContent(type, event),
  type,
  at: now,
})
