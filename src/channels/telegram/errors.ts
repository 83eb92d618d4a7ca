import { z } from 'zod'
import type { SendAnswer } from '#channels/channel.ts'
import { type Answered, answerOfStatus } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'
import { showThread } from './refs.ts'

/** https://core.telegram.org/bots/api#making-requests */
const refusal = z.object({
  ok: z.literal(false),
  error_code: z.int(),
  description: z.string().default(''),
  parameters: z
    .object({ retry_after: z.int().nonnegative().optional(), migrate_to_chat_id: z.int().optional() })
    .optional(),
})
export type Refusal = z.infer<typeof refusal>

export const readRefusal = (answer: Pick<Answered, 'body'>): Refusal | undefined => refusal.safeParse(answer.body).data

/** What a refused send means; a 5xx may have been sent all the same. `topic` goes with a chat that has moved. */
export const readSendRefusal = (answer: Answered, topic?: number): SendAnswer => {
  const refused = readRefusal(answer)
  if (!refused || refused.error_code >= 500) return answerOfStatus(answer)
  const { retry_after: seconds, migrate_to_chat_id: chat } = refused.parameters ?? {}
  return {
    outcome: 'refused',
    failure: failureOf(refused),
    ...(seconds === undefined ? {} : { retryAfterMs: Math.min(seconds, 86_400) * 1000 }),
    ...(chat === undefined ? {} : { movedTo: showThread(chat, topic) }),
  }
}

export const failureOf = ({ error_code, description, parameters }: Refusal): ChannelFailure => {
  const code = `${error_code} ${description}`.slice(0, 200)
  if (parameters?.migrate_to_chat_id !== undefined)
    return { reason: 'temporary', code, advice: 'The group became a supergroup; it is written to under its new id.' }
  const [reason, advice] = rows.find(
    ([status, pattern]) => status === error_code && pattern.test(description),
  )?.[2] ?? ['unknown', 'Telegram gave an error that is not known: look up its description.']
  return { reason, code, advice }
}

type Meaning = readonly [FailureReason, string]

const token: Meaning = ['connection_broken', 'Telegram does not know the bot token: take a new one from @BotFather.']
const gone: Meaning = ['recipient_unavailable', 'The person has blocked the bot, or the bot is not in that chat.']
const fixed: Meaning = ['not_editable', 'The message to change is gone or too old.']

/** In order: the first that fits. Descriptions are Telegram's own and have no codes beside them. */
const rows: readonly (readonly [number, RegExp, Meaning])[] = [
  [401, /./, token],
  [404, /^Not Found$/i, token],
  [403, /./, gone],
  [429, /./, ['rate_limited', 'Telegram asks to send more slowly; sending goes on by itself.']],
  [
    400,
    /chat not found|PEER_ID_INVALID|USER_IS_BLOCKED|user is deactivated|not enough rights|CHAT_WRITE_FORBIDDEN|TOPIC_(CLOSED|DELETED)|thread not found/i,
    gone,
  ],
  [
    400,
    /message to edit not found|message can't be edited|MESSAGE_ID_INVALID|no (text|caption) in the message/i,
    fixed,
  ],
  [
    400,
    /PAYMENT_PROVIDER_INVALID|PROVIDER_ACCOUNT|provider_token/i,
    ['content_refused', 'Telegram does not take the provider token: take it from @BotFather again.'],
  ],
  [
    400,
    /CURRENCY_(TOTAL_AMOUNT_)?INVALID/i,
    ['content_refused', 'Telegram takes no such amount in this currency: send the link to the hosted page instead.'],
  ],
  [400, /./, ['content_refused', 'Telegram refuses this message: look at its content and at the description.']],
]
