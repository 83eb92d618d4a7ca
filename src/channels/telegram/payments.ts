import { z } from 'zod'
import { CardRefusedError, type Connection } from '#channels/channel.ts'
import { createFitter } from '#channels/fit.ts'
import { failureOfStatus, unreachedFailure } from '#channels/http.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import type {
  ChannelPayments,
  GivenBack,
  InvoiceLink,
  MoneyAnswer,
  NativeRef,
  OfferedCard,
  Processor,
} from '#channels/payments.ts'
import type { Ask } from './client.ts'
import { failureOf, readRefusal } from './errors.ts'
import { invoiceLinkOf, nativeOffer } from './invoice.ts'
import { telegramSettings } from './settings.ts'

interface Parts {
  ask: Ask
  /** Who can give back what they have processed for this bot. */
  processors: { readonly stripe?: Processor | undefined }
  now: () => Date
}

const refused = (message: string): MoneyAnswer<never> => ({
  outcome: 'refused',
  decline: { code: 'refund_at_processor', message },
})

/**
 * Stars go back through the bot, in full only; money went through a processor, and only that can give it back.
 * There is no look-up of a payment: Telegram's update is the proof of it.
 */
export const createTelegramPayments = (parts: Parts): ChannelPayments => ({
  invoiceLink: (connection, card) => createLink(parts, connection, card),
  refund: async (connection, payment, command) => {
    if (payment.currency === 'xtr') return refundStars(parts, connection, payment, command.amount)
    const processor = await findProcessor(parts, connection, payment)
    if ('outcome' in processor) return processor
    const { provider, paymentRef } = processor
    return provider.refund({ ...command, paymentRef, currency: payment.currency })
  },
  findRefunds: async (connection, payment) => {
    if (payment.currency === 'xtr') return findStarRefunds(parts, connection, payment)
    const processor = await findProcessor(parts, connection, payment)
    if ('outcome' in processor) return processor.outcome === 'unknown' ? processor : { outcome: 'ok', value: [] }
    return processor.provider.findRefunds({ paymentRef: processor.paymentRef })
  },
})

const link = z.object({ ok: z.literal(true), result: z.string().regex(/^https:\/\/t\.me\/\S{1,500}$/) })

const createLink = async ({ ask }: Parts, connection: Connection, card: OfferedCard): Promise<InvoiceLink> => {
  const { terms, failure } = termsOf(connection, card)
  if (!terms) return { ok: false, failure }
  const token = 'provider_token' in terms ? {} : { provider_token: connection.secrets.provider_token ?? '' }
  const answer = await ask(connection, 'createInvoiceLink', { ...terms, ...token })
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const made = link.safeParse(answer.body).data
  if (answer.status === 200 && made) return { ok: true, url: made.result }
  const refusal = readRefusal(answer)
  return { ok: false, failure: refusal ? failureOf(refusal) : failureOfStatus(answer.status) }
}

type Terms = { terms: Record<string, unknown>; failure?: undefined } | { terms?: undefined; failure: ChannelFailure }

const termsOf = ({ settings }: Connection, card: OfferedCard): Terms => {
  const advice = 'Telegram takes no such payment through this bot: look at the code, and at the connection’s settings.'
  const refuse = (code: string): Terms => ({
    failure: { reason: 'content_refused', code: code.slice(0, 200), advice },
  })
  const offer = nativeOffer(card, telegramSettings.parse(settings))
  if (!offer) return refuse('Telegram: this payment cannot be taken inside the chat')
  try {
    return { terms: invoiceLinkOf(card, offer, createFitter()) }
  } catch (error) {
    if (!(error instanceof CardRefusedError)) throw error
    return refuse(error.message)
  }
}

const refundStars = async (
  parts: Parts,
  connection: Connection,
  payment: NativeRef,
  amount: bigint,
): Promise<MoneyAnswer<GivenBack>> => {
  if (amount !== payment.total) return refused('Telegram gives Stars back in full only: refund the whole payment.')
  const body = { user_id: Number(payment.payer), telegram_payment_charge_id: payment.platformRef }
  if (!Number.isSafeInteger(body.user_id)) return refused('Nobody knows who paid this in Telegram.')
  const answer = await parts.ask(connection, 'refundStarPayment', body)
  if (answer.outcome !== 'answered') return { outcome: 'unknown', reason: answer.reason }
  if (answer.status === 200 && isTrue.safeParse(answer.body).success)
    return { outcome: 'ok', value: starRefund(payment, parts.now()) }
  const refusal = readRefusal(answer)
  if (!refusal || refusal.error_code >= 500 || refusal.error_code === 429)
    return { outcome: 'unknown', reason: `HTTP ${answer.status}` }
  if (!refusal.description.includes('CHARGE_ALREADY_REFUNDED'))
    return refused(`Telegram refused: ${refusal.description.slice(0, 200)}`)
  const found = await findStarRefunds(parts, connection, payment)
  if (found.outcome !== 'ok') return found
  const [made] = found.value
  return made ? { ...found, value: made } : { outcome: 'unknown', reason: 'said to be refunded, but not in the list' }
}

const isTrue = z.object({ ok: z.literal(true), result: z.literal(true) })

const starRefund = (payment: NativeRef, createdAt: Date): GivenBack => ({
  // Telegram's own: payment and refund have the same id.
  ref: payment.platformRef,
  state: 'succeeded',
  amount: payment.total,
  currency: payment.currency,
  chargeRef: payment.platformRef,
  createdAt,
  tags: {},
})

const transactions = z.object({
  ok: z.literal(true),
  result: z.object({
    transactions: z.array(
      z.object({
        id: z.string(),
        amount: z.int(),
        date: z.int(),
        source: z.unknown().optional(),
        receiver: z.unknown().optional(),
      }),
    ),
  }),
})

const pageSize = 100
/** The list is in order of time and cannot be searched; a bot that has more is asked about by hand. */
const pagesMax = 100

const findStarRefunds = async (
  { ask }: Parts,
  connection: Connection,
  payment: NativeRef,
): Promise<MoneyAnswer<readonly GivenBack[]>> => {
  for (let page = 0; page < pagesMax; page++) {
    const answer = await ask(connection, 'getStarTransactions', { offset: page * pageSize, limit: pageSize })
    const list = answer.outcome === 'answered' ? transactions.safeParse(answer.body).data : undefined
    if (!list) return { outcome: 'unknown', reason: 'the list of Stars could not be read' }
    const rows = list.result.transactions
    // What goes out has a receiver; the payment itself has a source.
    const out = rows.find((row) => row.id === payment.platformRef && row.receiver !== undefined)
    if (out) return { outcome: 'ok', value: [starRefund(payment, new Date(out.date * 1000))] }
    if (rows.length < pageSize) return { outcome: 'ok', value: [] }
  }
  return { outcome: 'unknown', reason: `not among the first ${pageSize * pagesMax} transactions` }
}

const findProcessor = async (
  { processors }: Parts,
  connection: Connection,
  { processorRef }: NativeRef,
): Promise<{ provider: Processor; paymentRef: string } | Exclude<MoneyAnswer<never>, { outcome: 'ok' }>> => {
  const provider = telegramSettings.parse(connection.settings).psp === 'stripe' ? processors.stripe : undefined
  if (!provider || processorRef === undefined) {
    const advice = 'Telegram gives no money back: refund it at the payment provider that is behind the bot'
    return refused(`${advice}${processorRef === undefined ? '.' : ` (${processorRef}).`}`) as never
  }
  if (!processorRef.startsWith('ch_')) return { provider, paymentRef: processorRef }
  const found = await provider.findCharge({ chargeRef: processorRef })
  if (found.outcome !== 'ok') return { outcome: 'unknown', reason: 'the charge could not be read' }
  const paymentRef = found.value?.paymentRef
  return paymentRef === undefined
    ? (refused(
        'The Stripe account of Parley does not know this charge: refund it where the bot is connected.',
      ) as never)
    : { provider, paymentRef }
}
