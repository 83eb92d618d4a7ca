import { z } from 'zod'
import type { SendAnswer } from '#channels/channel.ts'
import { type Answered, answerOfStatus, retryAfterOf } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'

/** `{"error":{"message","type","code","error_data":{"details"},"fbtrace_id"}}` */
const errorBody = z.object({ error: z.object({ code: z.int() }) })
const sentBody = z.object({ messages: z.array(z.object({ id: z.string().min(1).max(500) })).min(1) })

export const readSend = (answer: Answered): SendAnswer => {
  const sent = sentBody.safeParse(answer.body)
  if (answer.status === 200 && sent.success) return { outcome: 'sent', ref: sent.data.messages[0]?.id }
  const failure = failureIn(answer)
  if (!failure) return answerOfStatus(answer)
  // Meta's "something went wrong", on either side of the sending.
  if (failure.code === '131000' || failure.code === '1') return { outcome: 'unknown', reason: `error ${failure.code}` }
  return { outcome: 'refused', failure, ...retryAfterOf(answer) }
}

export const failureIn = (answer: Pick<Answered, 'body'>): ChannelFailure | undefined => {
  const { data } = errorBody.safeParse(answer.body)
  return data && failureOfCode(data.error.code)
}

export const failureOfCode = (code: number): ChannelFailure => {
  const [reason, advice] = table[code] ?? ranges.find(([from, to]) => code >= from && code <= to)?.[2] ?? unknownError
  return { reason, code: `${code}`, advice }
}

type Row = readonly [FailureReason, string]

const token: Row = ['connection_broken', 'Meta refuses the access token: create a new one and save it.']
const locked: Row = ['connection_broken', 'Meta has locked the account or the number: see WhatsApp Manager.']
const slower: Row = ['rate_limited', 'The number sends too fast for WhatsApp; sending goes on by itself.']
const template: Row = ['content_refused', 'WhatsApp refuses the template: compare its name, language and blanks.']
const wrong: Row = ['content_refused', 'WhatsApp refuses this message: look at its content and at the code.']
const goesOn: Row = ['temporary', 'WhatsApp has trouble; it is tried again by itself.']

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes */
const table: Readonly<Record<number, Row | undefined>> = {
  0: token,
  190: token,
  3: ['connection_broken', 'The app lacks a capability: connect the number again with whatsapp_business_messaging.'],
  10: ['connection_broken', 'The app lacks the permission whatsapp_business_messaging: grant it again.'],
  2: goesOn,
  131016: goesOn,
  133004: goesOn,
  4: slower,
  80007: slower,
  130429: slower,
  131048: slower,
  131056: slower,
  368: locked,
  130497: locked,
  131031: locked,
  131042: ['connection_broken', 'The WhatsApp account has no valid way to pay Meta: see WhatsApp Manager.'],
  131045: locked,
  133010: ['connection_broken', 'The phone number is not registered: register it at Meta.'],
  131047: ['window_closed', 'The person last wrote over 24 hours ago: wait for an answer, or set up templates.'],
  131026: ['recipient_unavailable', 'The message cannot be delivered: no WhatsApp, an old version, or blocked.'],
  131030: ['recipient_unavailable', 'A test number writes only to numbers that are listed for it.'],
  131049: ['recipient_unavailable', 'WhatsApp holds this message back to spare the person; do not send it again soon.'],
  131050: ['recipient_unavailable', 'The person wants no such messages any more.'],
  33: ['connection_broken', 'Meta knows no such phone number id for this token.'],
  100: wrong,
  131008: wrong,
  131009: wrong,
  131021: wrong,
  131051: wrong,
  2040: wrong,
  2046: ['content_refused', 'The order cannot go from its state to that one.'],
  2047: ['content_refused', 'An order that is paid or being paid cannot be canceled.'],
}

/** From, to (both included). */
const ranges: readonly (readonly [number, number, Row])[] = [
  [200, 299, ['connection_broken', 'The access token lacks a permission: connect the number again.']],
  [132000, 132099, template],
  [131005, 131005, token],
]

const unknownError: Row = ['unknown', 'WhatsApp gave an error that is not in its list: look up the code there.']
