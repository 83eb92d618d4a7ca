import { z } from 'zod'
import type { SendAnswer } from '#channels/channel.ts'
import { type Answered, answerOfStatus, retryAfterOf } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'

/** `{"error":{"message","type","code","error_subcode","fbtrace_id"}}` */
const errorBody = z.object({ error: z.object({ code: z.int(), error_subcode: z.int().optional() }) })
const sentBody = z.object({ message_id: z.string().min(1).max(500) })

export const readSend = (answer: Answered): SendAnswer => {
  const sent = sentBody.safeParse(answer.body)
  if (answer.status === 200 && sent.success) return { outcome: 'sent', ref: sent.data.message_id }
  const failure = failureIn(answer)
  if (!failure) return answerOfStatus(answer)
  // Code 1 is "unknown" in Meta's own words.
  if (failure.code === '1') return { outcome: 'unknown', reason: 'error 1' }
  return { outcome: 'refused', failure, ...retryAfterOf(answer) }
}

export const failureIn = (answer: Pick<Answered, 'body'>): ChannelFailure | undefined => {
  const { data } = errorBody.safeParse(answer.body)
  if (!data) return undefined
  const { code, error_subcode: subcode } = data.error
  const exact = subcode === undefined ? undefined : table[`${code}/${subcode}`]
  // Of code 10 every kind means something else: one that is not known says nothing about the page.
  const general = code === 10 && subcode !== undefined ? undefined : table[`${code}`]
  const [reason, advice] = exact ?? general ?? permission(code) ?? unknownError
  return { reason, code: subcode === undefined ? `${code}` : `${code}/${subcode}`, advice }
}

type Row = readonly [FailureReason, string]

const goesOn = 'Facebook has trouble; it is tried again by itself.'
const slower = 'The page sends too fast for Facebook; sending goes on by itself.'

/** https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes (2026-03-18) */
const table: Readonly<Record<string, Row | undefined>> = {
  '190': ['connection_broken', 'The page access token has expired or was withdrawn: create a new one and save it.'],
  '2': ['temporary', goesOn],
  '2/2018344': ['temporary', goesOn],
  '4': ['rate_limited', slower],
  '613': ['rate_limited', slower],
  '10': ['connection_broken', 'The app lacks the permission pages_messaging for this page: grant it again.'],
  '10/2018278': [
    'window_closed',
    'The person last wrote over 24 hours ago: wait for an answer, or set up utility messages.',
  ],
  '10/1893063': ['connection_broken', 'Facebook has restricted the page for a while: see Page Quality on Facebook.'],
  '100': ['content_refused', 'Facebook refuses this message: look at its content and at the code.'],
  '100/2018001': ['recipient_unavailable', 'Facebook knows no such person for this page: the account is gone.'],
  '200': ['recipient_unavailable', 'The person cannot or will not be written to by this page.'],
  '551': ['recipient_unavailable', 'The person is not available on Messenger at the moment.'],
}

/** 200–299 are permissions in every Graph API. */
const permission = (code: number): Row | undefined =>
  code > 200 && code < 300
    ? ['connection_broken', 'The page access token lacks a permission: connect the page again with pages_messaging.']
    : undefined

const unknownError: Row = ['unknown', 'Facebook gave an error that is not in its list: look up the code there.']
