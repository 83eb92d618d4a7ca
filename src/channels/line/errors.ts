import { z } from 'zod'
import type { SendAnswer } from '#channels/channel.ts'
import { type Answered, answerOfStatus, failureOfStatus, retryAfterOf } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'

/** `{"message":"…","details":[…],"sentMessages":[{"id":"…","quoteToken":"…"}]}` */
const sentBody = z.object({ sentMessages: z.array(z.object({ id: z.string().max(100) })).min(1) })
const errorBody = z.object({ message: z.string() })

/** 409: LINE has this retry key already, so that the message went out with an earlier attempt. */
export const readSend = (answer: Answered): SendAnswer => {
  if (answer.status === 200 || answer.status === 409) {
    return { outcome: 'sent', ref: sentBody.safeParse(answer.body).data?.sentMessages[0]?.id }
  }
  if (answer.status >= 500) return answerOfStatus(answer)
  return { outcome: 'refused', failure: failureOf(answer), ...retryAfterOf(answer) }
}

export const failureOf = ({ status, body }: Pick<Answered, 'status' | 'body'>): ChannelFailure => {
  const message = errorBody.safeParse(body).data?.message ?? ''
  const [, , reason, advice] = table.find(([code, text]) => code === status && text.test(message)) ?? []
  if (!reason || !advice) return failureOfStatus(status)
  return { reason, code: `${status}`, advice }
}

/** https://developers.line.biz/en/reference/messaging-api/#error-responses and #error-messages; the first match counts. */
const table: readonly (readonly [number, RegExp, FailureReason, string])[] = [
  [
    400,
    /'to'|failed to send messages/i,
    'recipient_unavailable',
    'LINE knows no such person or group for this account.',
  ],
  [400, /^/, 'content_refused', 'LINE refuses this message: look at its content.'],
  [401, /^/, 'connection_broken', 'The channel access token is not valid: issue a new one in the LINE console.'],
  [403, /^/, 'connection_broken', 'The LINE plan or the token does not allow push messages: see the LINE console.'],
  [404, /^/, 'recipient_unavailable', 'LINE knows no such person or group for this account.'],
  [410, /^/, 'recipient_unavailable', 'LINE knows no such person or group any more.'],
  [413, /^/, 'content_refused', 'The message is too large for LINE: send fewer lines.'],
  [
    429,
    /monthly limit/i,
    'connection_broken',
    'The month’s messages of the LINE plan are used up: choose a larger plan or wait for the next month.',
  ],
  [429, /^/, 'rate_limited', 'LINE asks to send more slowly; sending goes on by itself.'],
]
