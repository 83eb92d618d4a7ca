import { z } from 'zod'
import type { Inbound, InboundSender } from '#channels/inbound.ts'
import { readRef, readText, readTime, readTouch } from '#channels/inbound-fields.ts'

const id = z.string().min(1).max(255)

const from = z.strictObject({
  external_id: id,
  name: z.string().max(200).optional(),
  locale: z.string().max(35).optional(),
})

const thread = z.strictObject({ external_id: id, title: z.string().max(200).optional() })

const touch = z.strictObject({
  source: z.enum(['ad', 'link', 'qr', 'other']),
  ad_id: z.string().max(100).optional(),
  ref: z.string().max(500).optional(),
  url: z.string().max(2000).optional(),
  title: z.string().max(300).optional(),
})

/** Seconds since 1970, as everywhere in our API. */
const common = { id, created: z.int().min(0).max(4_000_000_000).optional() }

const update = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message'),
    ...common,
    thread,
    from,
    text: z.string().max(4096).default(''),
    postback: z.string().max(1000).optional(),
    touch: touch.optional(),
  }),
  z.strictObject({ type: z.literal('touch'), ...common, thread, from, touch }),
  z.strictObject({
    type: z.literal('receipt'),
    ...common,
    messages: z.array(id).min(1).max(100),
    state: z.enum(['sent', 'delivered', 'read', 'failed']),
    reason: z.string().max(200).optional(),
  }),
])
type Update = z.infer<typeof update>

/** One update, or up to a hundred of them. */
const body = z.union([update, z.strictObject({ updates: z.array(update).min(1).max(100) })])

export const readUpdates = (json: unknown, now: Date): Inbound[] | undefined => {
  const { data } = body.safeParse(json)
  if (!data) return undefined
  return ('updates' in data ? data.updates : [data]).map((one) => readUpdate(one, now))
}

const readUpdate = (one: Update, now: Date): Inbound => {
  const base = { ref: readRef(one.id), type: one.type, at: readTime((one.created ?? 0) * 1000, now) }
  if (one.type === 'receipt') return { ...base, ...receiptOf(one) }
  const sender = senderOf(one)
  if (one.type === 'touch') return { ...base, kind: 'touch', from: sender, touch: touchOf(one.touch) }
  return {
    ...base,
    kind: 'message',
    from: sender,
    text: readText(one.text),
    messageRef: one.id,
    ...(one.postback === undefined ? {} : { postback: readText(one.postback, 1000) }),
    ...(one.touch === undefined ? {} : { touch: touchOf(one.touch) }),
  }
}

const receiptOf = ({ messages, state, reason }: Update & { type: 'receipt' }) => ({
  kind: 'receipt' as const,
  messageRefs: messages,
  state,
  ...(state === 'failed'
    ? {
        failure: {
          reason: 'unknown' as const,
          code: readText(reason, 200) || 'failed',
          advice: 'Your chat system reported that it could not show this message: look there for the reason.',
        },
      }
    : {}),
})

const senderOf = ({ thread, from }: Update & { type: 'message' | 'touch' }): InboundSender => ({
  threadId: thread.external_id,
  personId: from.external_id,
  ...(from.name ? { name: readText(from.name, 200) } : {}),
  ...(from.locale ? { locale: from.locale } : {}),
  ...(thread.title ? { threadTitle: readText(thread.title, 200) } : {}),
})

const touchOf = ({ source, ad_id, ref, url, title }: z.infer<typeof touch>) =>
  readTouch(source, { adId: ad_id, ref, url, title })
