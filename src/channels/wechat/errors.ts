import { z } from 'zod'
import type { SendAnswer } from '#channels/channel.ts'
import { type Answered, answerOfStatus, failureOfStatus } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'

/** `{"errcode":45015,"errmsg":"…"}`, with status 200. `msgid` has up to 19 digits. */
const body = z.object({ errcode: z.int().default(0), msgid: z.union([z.string(), z.int()]).optional() })

export const readSend = (answer: Answered): SendAnswer => {
  const { data } = body.safeParse(answer.body)
  if (answer.status !== 200 || !data) return answerOfStatus(answer)
  if (data.errcode === 0) return { outcome: 'sent', ref: data.msgid === undefined ? undefined : String(data.msgid) }
  return { outcome: 'refused', failure: failureOfCode(data.errcode) }
}

export const errorCodeOf = (answer: Pick<Answered, 'body'>): number => body.safeParse(answer.body).data?.errcode ?? 0

export const failureOf = (answer: Pick<Answered, 'body' | 'status'>): ChannelFailure => {
  const code = errorCodeOf(answer)
  return code === 0 ? failureOfStatus(answer.status) : failureOfCode(code)
}

/** WeChat has a new access token for us: this one is spent, whatever was asked with it was not done. */
export const isSpentToken = (code: number): boolean => code === 40001 || code === 40014 || code === 42001

export const failureOfCode = (code: number): ChannelFailure => {
  const [reason, advice] = table[code] ?? ['unknown', 'WeChat gave an error that is not in its list: look up the code.']
  return { reason, code: `${code}`, advice }
}

const secret = 'The AppSecret does not fit this AppID: copy it again from the WeChat console.'

/** https://developers.weixin.qq.com/doc/service/guide/dev/error_code.html and the pages of each call. */
const table: Readonly<Record<number, readonly [FailureReason, string] | undefined>> = {
  [-1]: ['temporary', 'WeChat is busy; it is tried again by itself.'],
  40001: ['connection_broken', secret],
  40014: ['connection_broken', secret],
  42001: ['connection_broken', secret],
  40013: ['connection_broken', 'WeChat does not know this AppID: copy it again from the WeChat console.'],
  40125: ['connection_broken', secret],
  40164: ['connection_broken', 'WeChat lists no such address: add the addresses of this service to the IP allow list.'],
  48001: ['connection_broken', 'The account may not use this interface: ask for it in the WeChat console.'],
  48004: ['connection_broken', 'WeChat has banned the account from this interface: see the notices in its console.'],
  50002: ['connection_broken', 'WeChat has restricted the account: see the notices in its console.'],
  40003: ['recipient_unavailable', 'WeChat knows no such person for this account.'],
  43004: ['recipient_unavailable', 'The person does not follow the official account.'],
  48002: ['recipient_unavailable', 'The person refuses messages of the account.'],
  43101: ['window_closed', 'The person gave no consent to this message, or it is used up: ask for it at the checkout.'],
  45015: ['window_closed', 'The person has not written for too long: wait for a message, or use a template.'],
  45047: ['window_closed', 'The account wrote as often as it may since the person’s last message: wait for the next.'],
  45009: ['rate_limited', 'The day’s calls of the account are used up; sending goes on when WeChat allows it.'],
  45011: ['rate_limited', 'The account calls too often; sending goes on by itself.'],
  40037: ['content_refused', 'WeChat does not know this template: compare its id in the settings.'],
  41030: ['content_refused', 'The mini program has no such page: compare the page of the template in the settings.'],
  45002: ['content_refused', 'The message is too long for WeChat.'],
  47003: ['content_refused', 'A blank of the template got a text that WeChat does not allow there: see the settings.'],
}
