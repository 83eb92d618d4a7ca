import { z } from 'zod'
import type { Connection } from '#channels/channel.ts'
import type { CallAnswer } from '#channels/http.ts'
import type { ChannelPayments, GivenBack, MoneyAnswer, NativeRef } from '#channels/payments.ts'
import type { Currency } from '#kernel/currencies.ts'
import { failureIn } from './errors.ts'
import { fromMetaAmount, readCurrency } from './money.ts'
import { whatsappSettings } from './settings.ts'
import { refundStates } from './statuses.ts'

export type Graph = (
  connection: Pick<Connection, 'settings' | 'secrets'>,
  path: string,
  body?: object,
) => Promise<CallAnswer>

interface Parts {
  graph: Graph
  now: () => Date
}

const amount = z
  .unknown()
  .optional()
  .transform((given) => fromMetaAmount(given))
const seconds = z.coerce.number().optional()
const refund = z.object({
  id: z.string().min(1),
  status: z.string(),
  amount,
  created_timestamp: seconds,
})
const transaction = z.object({
  id: z.string().min(1).max(255),
  pg_transaction_id: z.string().max(255).optional(),
  status: z.string(),
  method: z.object({ type: z.string() }).partial().optional(),
  error: z.object({ code: z.string(), reason: z.string() }).partial().optional(),
  refunds: z.array(refund).optional(),
})
const payments = z.object({
  payments: z.array(
    z.object({
      reference_id: z.string(),
      currency: z.string().optional(),
      total_amount: amount,
      amount,
      transactions: z.array(transaction).default([]),
    }),
  ),
})

type Payment = z.infer<typeof payments>['payments'][number]

/**
 * India only: there WhatsApp takes the money through the merchant's gateway and tells on request what became of it.
 * …/whatsapp/payments/payments-in/pg
 */
export const createWhatsappPayments = (parts: Parts): ChannelPayments => ({
  find: async (connection, { reference }) => {
    const found = await lookUp(parts, connection, reference)
    if (found.outcome !== 'ok' || !found.value) return found as MoneyAnswer<undefined>
    return readPayment(found.value, reference)
  },

  refund: async (connection, payment, { amount: given }) => {
    const { india } = whatsappSettings.parse(connection.settings)
    if (!india) return refused('The settings for India are gone: put them back, or refund at the gateway.')
    const answer = await parts.graph(connection, 'payments_refund', {
      reference_id: payment.reference,
      speed: 'normal',
      payment_config_id: india.configuration_name,
      // Text here, numbers everywhere else.
      amount: { currency: payment.currency.toUpperCase(), value: `${given}`, offset: '100' },
    })
    return readRefundAnswer(answer, payment, given, parts.now())
  },

  findRefunds: async (connection, payment) => {
    const found = await lookUp(parts, connection, payment.reference)
    if (found.outcome !== 'ok') return found
    const made = found.value?.transactions.flatMap(({ refunds = [] }) => refunds) ?? []
    return { outcome: 'ok', value: made.flatMap((one) => showRefund(one, payment, parts.now())) }
  },
})

const refused = (message: string): MoneyAnswer<never> => ({
  outcome: 'refused',
  decline: { code: 'refund_at_processor', message },
})

const lookUp = async (
  { graph }: Parts,
  connection: Connection,
  reference: string,
): Promise<MoneyAnswer<Payment | undefined>> => {
  const { india } = whatsappSettings.parse(connection.settings)
  if (!india) return { outcome: 'unknown', reason: 'the settings for India are gone' }
  const path = `payments/${encodeURIComponent(india.configuration_name)}/${encodeURIComponent(reference)}`
  const answer = await graph(connection, path)
  if (answer.outcome !== 'answered') return { outcome: 'unknown', reason: answer.reason }
  if (answer.status === 404) return { outcome: 'ok', value: undefined }
  const { data } = payments.safeParse(answer.body)
  if (answer.status !== 200 || !data) {
    const code = failureIn(answer)?.code
    return { outcome: 'unknown', reason: code === undefined ? `HTTP ${answer.status}` : `error ${code}` }
  }
  return { outcome: 'ok', value: data.payments.find((one) => one.reference_id === reference) }
}

/** A failed attempt is not the end: the payer may try again, and at most one attempt succeeds. */
const readPayment = (
  payment: Payment,
  reference: string,
): Awaited<ReturnType<NonNullable<ChannelPayments['find']>>> => {
  const { transactions } = payment
  const told =
    transactions.find(({ status }) => status === 'success') ??
    transactions.find(({ status }) => status === 'pending') ??
    transactions.at(-1)
  if (!told) return { outcome: 'ok', value: undefined }
  const state = attemptStates[told.status]
  const total = payment.total_amount ?? payment.amount
  const currency: Currency | undefined = readCurrency(payment.currency)
  if (!state || total === undefined || !currency)
    return { outcome: 'unknown', reason: `a payment that cannot be read (${told.status.slice(0, 30)})` }
  const reason = told.error?.reason ?? told.error?.code
  return {
    outcome: 'ok',
    value: {
      payload: reference,
      state,
      amount: total,
      currency,
      platformRef: told.id,
      method: told.method?.type ?? 'whatsapp',
      ...(told.pg_transaction_id === undefined ? {} : { processorRef: told.pg_transaction_id }),
      ...(reason === undefined ? {} : { failure: reason.slice(0, 200) }),
    },
  }
}

const attemptStates: Readonly<Record<string, 'pending' | 'succeeded' | 'failed' | undefined>> = {
  success: 'succeeded',
  pending: 'pending',
  failed: 'failed',
}

const refundAnswer = z.object({ id: z.string().min(1).max(255), status: z.string() })

const readRefundAnswer = (answer: CallAnswer, payment: NativeRef, given: bigint, now: Date): MoneyAnswer<GivenBack> => {
  if (answer.outcome !== 'answered') return { outcome: 'unknown', reason: answer.reason }
  const { data } = refundAnswer.safeParse(answer.body)
  const [made] = data ? showRefund({ ...data, amount: given, created_timestamp: undefined }, payment, now) : []
  if (answer.status === 200 && made) return { outcome: 'ok', value: made }
  const failure = failureIn(answer)
  if (!failure || answer.status >= 500 || failure.reason === 'temporary' || failure.reason === 'unknown')
    return { outcome: 'unknown', reason: failure ? `error ${failure.code}` : `HTTP ${answer.status}` }
  return refused(`WhatsApp refused the refund (${failure.code}): ${failure.advice}`)
}

const showRefund = (one: z.infer<typeof refund>, payment: NativeRef, now: Date): GivenBack[] => {
  const state = refundStates[one.status]
  if (!state || one.amount === undefined) return []
  const createdAt = one.created_timestamp ? new Date(one.created_timestamp * 1000) : now
  return [
    {
      ref: one.id,
      state,
      amount: one.amount,
      currency: payment.currency,
      chargeRef: payment.platformRef,
      createdAt,
      tags: {},
    },
  ]
}
