import { z } from 'zod'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'

export const messageInput = z.strictObject({
  text: z.string().min(1).max(4096).optional().meta({ description: 'What is said. Optional beside payment_intent.' }),
  payment_intent: idSchema('paymentIntent').optional().meta({
    description: 'Shows a card that asks to pay this payment intent.',
  }),
  from: z
    .union([z.literal('bot'), idSchema('participant')])
    .default('bot')
    .meta({ description: 'bot, or the participant who wrote it, for messages that your bot received and passes on.' }),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
})
export type MessageInput = z.output<typeof messageInput>

const amounts = { amount: z.int(), currency: z.string() }

export const cardSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('payment_request'),
    title: z.string(),
    ...amounts,
    status: z.string().meta({ description: "The payment intent's status now, not when the card was sent." }),
    checkout_url: z.string(),
    expires_at: z.int().nullable(),
  }),
  z.object({ type: z.literal('receipt'), title: z.string(), ...amounts }),
  z.object({
    type: z.literal('refund_notice'),
    title: z.string(),
    ...amounts,
    refund: z.string(),
    status: z.enum(['succeeded', 'failed']),
  }),
])
export type Card = z.output<typeof cardSchema>

export const messageSchema = z
  .object({
    id: z.string(),
    object: z.literal('thread.message'),
    created: z.int(),
    thread: z.string(),
    direction: z.enum(['in', 'out']),
    from: z.string().meta({ description: 'bot, or the id of the participant who wrote it.' }),
    kind: z.enum([
      'text',
      'payment_request',
      'checkout_summary',
      'receipt',
      'refund_notice',
      'bill_progress',
      'reminder',
    ]),
    text: z.string(),
    card: cardSchema.nullable(),
    state: z.enum(['queued', 'sent', 'delivered', 'read', 'unconfirmed', 'undeliverable', 'canceled']).meta({
      description:
        'In a webchat thread a message is delivered as soon as it is stored: the chat client reads it here. In ' +
        'threads of other channels it stays queued, because nothing carries it there yet.',
    }),
    payment_intent: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ThreadMessage' })
export type Message = z.output<typeof messageSchema>

export const messageListQuery = listQuery
export const messageList = listOf(messageSchema)

/** What is read of the objects that events carry. */
export const paidIntent = z.object({
  id: z.string(),
  amount_received: z.int(),
  currency: z.string(),
  description: z.string().nullish(),
})
export type PaidIntent = z.output<typeof paidIntent>

export const toldRefund = z.object({
  id: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.string().nullish(),
})
export type ToldRefund = z.output<typeof toldRefund>
