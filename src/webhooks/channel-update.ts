import type { Inbound } from '#channels/inbound.ts'

/** An update as JSON that Postgres takes: amounts as text, times in ISO 8601. */
export type KeptUpdate = Record<string, unknown>

/** Everything but its `ref` and `type`, which have columns of their own. */
export const packUpdate = ({ ref: _ref, type: _type, ...update }: Inbound): string =>
  JSON.stringify(update, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    // jsonb takes neither NUL nor half a character; no adapter should send them.
    return typeof value === 'string' ? cleanText(value) : value
  })

export const unpackUpdate = ({ ref, type, content }: { ref: string; type: string; content: KeptUpdate }): Inbound => {
  const { at, amount, messageRefs, ...rest } = content as unknown as KeptFields
  return {
    ...rest,
    ref,
    type,
    at: new Date(at),
    ...(amount === undefined ? {} : { amount: BigInt(amount) }),
    ...(messageRefs === undefined ? {} : { messageRefs: unpackRefs(messageRefs) }),
  } as unknown as Inbound
}

export const cleanText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

/** The platform's time, unless nobody can have meant it. */
export const readMoment = (at: Date, now: Date): Date =>
  at.getTime() > earliestMs && at.getTime() < now.getTime() + 86_400_000 ? at : now

/** 2010, before any of these platforms. */
const earliestMs = 1_262_304_000_000

interface KeptFields {
  at: string
  amount?: string
  messageRefs?: KeptRefs
}
type KeptRefs = string[] | { threadId: string; upTo: string }

const unpackRefs = (refs: KeptRefs) => (Array.isArray(refs) ? refs : { ...refs, upTo: new Date(refs.upTo) })
