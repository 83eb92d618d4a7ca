import type { Inbound, InboundSender } from '#channels/inbound.ts'
import { readRef, readText, readTime, readTouch } from '#channels/inbound-fields.ts'
import { textAt, type XmlElement } from './xml.ts'

/** https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html */
export const readUpdate = (message: XmlElement, now: Date): Inbound[] => {
  const field = (name: string, max = 4096): string => readText(textAt(message, name), max)
  const openid = field('FromUserName', 200)
  const type = field('MsgType', 50)
  const event = field('Event', 100)
  const at = readTime(Number(field('CreateTime', 20)) * 1000, now)
  const id = field('MsgId', 100) || field('MsgID', 100)
  // Messages have an id; of events WeChat says that sender, time and name make one.
  const ref =
    id === '' || type === 'event' ? readRef(openid, field('CreateTime', 20), event, field('EventKey', 500), id) : id
  const base = { ref: readRef(ref), type: event === '' ? type : event, at }
  if (openid === '' || type === '') return [{ ...base, kind: 'unknown', type: base.type || 'message' }]
  const from = { threadId: openid, personId: openid }
  if (type === 'event') return readEvent(message, { base, from, event, key: field('EventKey', 500) })
  if (!messageTypes.has(type)) return [{ ...base, kind: 'unknown' }]
  const menu = field('bizmsgmenuid', 200)
  return [
    {
      ...base,
      kind: 'message',
      from,
      text: field('Content'),
      messageRef: id || base.ref,
      ...(menu === '' ? {} : { postback: menu }),
    },
  ]
}

const messageTypes: ReadonlySet<string> = new Set([
  'text',
  'image',
  'voice',
  'video',
  'shortvideo',
  'location',
  'link',
  'miniprogrampage',
  'file',
])

interface Event {
  base: { ref: string; type: string; at: Date }
  from: InboundSender
  event: string
  key: string
}

const readEvent = (message: XmlElement, { base, from, event, key }: Event): Inbound[] => {
  const name = event.toLowerCase()
  if (name === 'click') return [{ ...base, kind: 'message', from, text: '', postback: key, messageRef: base.ref }]
  if (name === 'subscribe' || name === 'scan') {
    // Who follows by a code with a scene gets it with this prefix.
    const scene = name === 'scan' ? key : /^qrscene_(.+)$/.exec(key)?.[1]
    const touch = scene ? readTouch('qr', { ref: scene }) : readTouch('other', {})
    return [{ ...base, kind: 'touch', from, touch }]
  }
  if (name === 'unsubscribe') return [{ ...base, kind: 'unreachable', threadId: from.threadId }]
  if (name === 'user_enter_tempsession') {
    return [{ ...base, kind: 'touch', from, touch: readTouch('other', { ref: textAt(message, 'SessionFrom') }) }]
  }
  if (name === 'templatesendjobfinish') {
    return [receiptOf(base, textAt(message, 'MsgID'), textAt(message, 'Status'))]
  }
  if (name === 'subscribe_msg_sent_event') {
    const [result] = message.children.get('SubscribeMsgSentEvent') ?? []
    return (result?.children.get('List') ?? []).map((one, index) => {
      const code = textAt(one, 'ErrorCode')
      const status = code === '0' ? 'success' : `failed: ${code} ${textAt(one, 'ErrorStatus')}`
      return receiptOf({ ...base, ref: readRef(base.ref, index) }, textAt(one, 'MsgID'), status)
    })
  }
  if (name === 'subscribe_msg_popup_event') return [consentOf(message, 'SubscribeMsgPopupEvent', base, from)]
  if (name === 'subscribe_msg_change_event') return [consentOf(message, 'SubscribeMsgChangeEvent', base, from)]
  return [{ ...base, kind: ignoredEvents.has(name) ? 'ignored' : 'unknown' }]
}

/**
 * What the person answered when the mini program asked (`popup`), or changed later in its settings, of which WeChat tells
 * refusals only (`change`). A refusal when asked takes nothing back of what was agreed to before.
 * Not verified with WeChat itself: whether a person who chose “always keep” is told of each time.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/subscribe-message.html
 */
const consentOf = (message: XmlElement, field: string, base: Event['base'], from: InboundSender): Inbound => {
  const list = (message.children.get(field)?.[0]?.children.get('List') ?? []).map((one) => ({
    template: readText(textAt(one, 'TemplateId'), 100),
    status: readText(textAt(one, 'SubscribeStatusString'), 20),
  }))
  const of = (wanted: string): string[] => [
    ...new Set(list.filter(({ template, status }) => template !== '' && status === wanted).map((one) => one.template)),
  ]
  const isPopup = field === 'SubscribeMsgPopupEvent'
  return {
    ...base,
    // Two answers of one second differ in what they are about.
    ref: readRef(base.ref, ...list.flatMap(({ template, status }) => [template, status])),
    kind: 'consent',
    from,
    accepted: isPopup ? of('accept') : [],
    withdrawn: isPopup ? [] : of('reject'),
  }
}

/** `success`, `failed:user block`, `failed: system failed` */
const receiptOf = (base: Event['base'], messageRef: string, status: string): Inbound => {
  const receipt = { ...base, kind: 'receipt', messageRefs: [readText(messageRef, 100)] } as const
  if (status === 'success') return { ...receipt, state: 'delivered' }
  const isBlocked = /block|refuse/i.test(status)
  return {
    ...receipt,
    state: 'failed',
    failure: {
      reason: isBlocked ? 'recipient_unavailable' : 'unknown',
      code: readText(status, 200),
      advice: isBlocked
        ? 'The person refuses messages of the account.'
        : 'WeChat could not deliver the message; a new one may arrive.',
    },
  }
}

const ignoredEvents: ReadonlySet<string> = new Set([
  'view',
  'view_miniprogram',
  'location',
  'scancode_push',
  'scancode_waitmsg',
  'pic_sysphoto',
  'pic_photo_or_album',
  'pic_weixin',
  'location_select',
  'masssendjobfinish',
])
