import type { PostalAddress } from '#channels/card.ts'
import type { Channels, Connection, PreCheckoutAnswer, ShippingChoice } from '#channels/channel.ts'
import type { InboundPreCheckout, InboundShipping } from '#channels/inbound.ts'
import type { Currency } from '#kernel/currencies.ts'
import type { NativePayments } from '#native/service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import type { Logger } from '#platform/logger.ts'
import type { ChannelAnswers } from './channel-service.ts'
import { refusalWords } from './refusal-words.ts'

/** What a payer chose inside the platform. */
export interface Choice {
  shippingOption?: string
  address?: PostalAddress
  buyer?: { name?: string; email?: string; phone?: string }
  /** What the platform would charge in all, tip and shipping included; minor units. */
  total: bigint
}

/** An order behind a payment, as far as a platform asks about it. */
export interface CheckoutChoices {
  /** A text says to the payer why there is nothing to choose from. */
  quoteShipping(
    merchantId: string,
    intentId: string,
    address: PostalAddress,
  ): Promise<readonly ShippingChoice[] | string>
  /** Adopts the choice, if the total is what it comes to. */
  choose(merchantId: string, intentId: string, choice: Choice): Promise<PreCheckoutAnswer>
}

export interface AnswerDeps {
  channels: Channels
  checkouts: CheckoutChoices
  native: Pick<NativePayments, 'read' | 'prepare' | 'hold' | 'release'>
  askVeto(row: IntentRow): Promise<PreCheckoutAnswer>
  logger: Logger
}

/**
 * Telegram gives ten seconds for everything. So long at most may the decision take, whatever hangs; the answer itself
 * has three seconds more.
 */
const decideMs = 4800

/** Answers a platform that waits with its hands on the money. In the request: a queue would be too slow. */
export const createChannelAnswers = (deps: AnswerDeps): ChannelAnswers => ({
  answer: async (connection, question) => {
    const channel = deps.channels[connection.channel]
    if (question.kind === 'shipping_query') {
      const answer = await inTime(deps, quote(deps, connection, question), { ok: false, ...say('busy', question) })
      const isTaken = (await channel.answerShipping?.(connection, question, answer)) ?? false
      return report(answer.ok ? 'shipping options given' : `refused: ${answer.reason}`, isTaken)
    }
    const deadline = new AbortController()
    const decision = decide(deps, connection, question, deadline.signal)
    const late: Decision = { ok: false, ...say('busy', question) }
    const decided = await inTime(deps, decision, late)
    if (decided === late) giveUp(deps, connection, question, decision, deadline)
    const answer: PreCheckoutAnswer = decided.ok ? { ok: true } : { ok: false, message: decided.message }
    const isTaken = (await channel.answerPreCheckout?.(connection, question, answer)) ?? false
    return report(decided.ok ? 'allowed' : `refused: ${decided.reason}`, isTaken)
  },
})

type Refused = { ok: false; reason: string; message: string }
type Decision = { ok: true } | Refused
type Quote = { ok: true; currency: Currency; options: readonly ShippingChoice[] } | Refused

const say = (reason: Parameters<typeof refusalWords>[0], { from }: Pick<InboundPreCheckout, 'from'>) => ({
  reason,
  message: refusalWords(reason, from.locale),
})

const report = (what: string, isTaken: boolean): string =>
  isTaken ? what : `${what}, but the platform did not take the answer`

/** `late` when it takes too long or fails: the payer reads a sentence and not an error. */
const inTime = async <T>({ logger }: AnswerDeps, work: Promise<T>, late: NoInfer<T>): Promise<T> => {
  const { promise: tooLate, resolve } = Promise.withResolvers<T>()
  const timer = setTimeout(() => resolve(late), decideMs)
  const safe = work.catch((err: unknown) => {
    logger.error({ err }, 'a question of a platform could not be decided')
    return late
  })
  return Promise.race([safe, tooLate]).finally(() => clearTimeout(timer))
}

/** A yes that comes after we have said no is taken back. */
const giveUp = (
  { native, logger }: AnswerDeps,
  connection: Connection,
  question: InboundPreCheckout,
  decision: Promise<Decision>,
  deadline: AbortController,
): void => {
  deadline.abort()
  decision
    .then((said) => (said.ok ? native.release(connection, question.payload) : undefined))
    .catch((err: unknown) => logger.warn({ err }, 'a late yes was not taken back; it ends by itself'))
}

/**
 * Is it open, and this person's? Does the order agree with what was chosen? Does the merchant agree? Only then is the
 * payment held, under its lock and for the exact amount.
 */
const decide = async (
  deps: AnswerDeps,
  connection: Connection,
  question: InboundPreCheckout,
  signal: AbortSignal,
): Promise<Decision> => {
  const query = { payload: question.payload, payer: question.from.personId }
  const prepared = await deps.native.prepare(connection, query)
  if (!prepared.ok) return { ok: false, ...say(prepared.reason, question) }
  const chosen = await adopt(deps, connection, question, prepared.seen.intent)
  if (!chosen.ok) return chosen
  const { intent } = chosen
  const veto = await deps.askVeto(intent)
  if (!veto.ok) return { ok: false, reason: 'vetoed', message: veto.message }
  const { amount, currency } = question
  const seen = { ...prepared.seen, intent }
  const held = await deps.native.hold(connection, { ...query, amount, currency, seen, signal })
  return held.ok ? { ok: true } : { ok: false, ...say(held.reason, question) }
}

const adopt = async (
  { checkouts, native }: AnswerDeps,
  connection: Connection,
  question: InboundPreCheckout,
  intent: IntentRow,
): Promise<{ ok: true; intent: IntentRow } | Refused> => {
  const { merchantId } = connection
  // Another card for what has been let through already: the order is as it was chosen then.
  const isRepeat = intent.status === 'processing' && intent.amount === question.amount
  if (isRepeat || intent.options.checkout === undefined) return { ok: true, intent }
  const chosen = await checkouts.choose(merchantId, intent.id, choiceOf(question))
  if (!chosen.ok) return { ok: false, ...say('incomplete', question), reason: chosen.message }
  return { ok: true, intent: (await native.read(connection, question.payload)) ?? intent }
}

const choiceOf = ({ shippingOption, buyer = {}, amount: total }: InboundPreCheckout): Choice => {
  const { address, ...person } = buyer
  return {
    total,
    ...(shippingOption === undefined ? {} : { shippingOption }),
    ...(address ? { address } : {}),
    ...(Object.keys(person).length > 0 ? { buyer: person } : {}),
  }
}

const quote = async (
  { checkouts, native }: AnswerDeps,
  connection: Connection,
  question: InboundShipping,
): Promise<Quote> => {
  const intent = await native.read(connection, question.payload)
  if (!intent) return { ok: false, ...say('unknown', question) }
  const options = await checkouts.quoteShipping(connection.merchantId, intent.id, question.address)
  if (typeof options === 'string') return { ok: false, reason: 'no shipping', message: options }
  return options.length === 0
    ? { ok: false, ...say('no_shipping', question) }
    : { ok: true, currency: intent.currency as Currency, options }
}
