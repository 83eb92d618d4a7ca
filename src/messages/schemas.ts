import { z } from 'zod'
import { channelIds } from '#channels/channel.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'

export const messageInput = z.strictObject({
  text: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description: 'What is said. Optional beside payment_intent or checkout.' }),
  payment_intent: idSchema('paymentIntent').optional().meta({
    description: 'Shows a card that asks to pay this payment intent.',
  }),
  checkout: idSchema('checkout').optional().meta({
    description: 'Shows a card with the lines and totals of this checkout that asks to pay it.',
  }),
  from: z
    .union([z.literal('bot'), idSchema('participant')])
    .default('bot')
    .meta({ description: 'bot, or the participant who wrote it, for messages that your bot received and passes on.' }),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
})
export type MessageInput = z.output<typeof messageInput>

const amounts = { amount: z.int(), currency: z.string() }

const request = {
  title: z.string(),
  ...amounts,
  status: z.string().meta({ description: "The payment intent's status now, not when the card was sent." }),
  checkout_url: z.string(),
  expires_at: z.int().nullable(),
}

export const cardSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('payment_request'), ...request }),
  z.object({
    type: z.literal('checkout_summary'),
    ...request,
    checkout: z.string(),
    lines: z.array(z.object({ name: z.string(), quantity: z.int(), unit_amount: z.int(), amount: z.int() })),
    totals: z
      .array(z.object({ type: z.string(), label: z.string(), amount: z.int() }))
      .meta({ description: 'The last one is the total; the others add up to it. Discounts are negative.' }),
  }),
  z.object({ type: z.literal('reminder'), ...request }),
  z.object({
    type: z.literal('bill_progress'),
    title: z.string(),
    ...amounts,
    bill: z.string(),
    status: z.enum(['open', 'paid', 'closed', 'canceled', 'expired']),
    amount_paid: z.int(),
    shares: z.array(
      z.object({
        name: z.string(),
        amount_text: z.string(),
        status: z.enum(['open', 'paid', 'refunded', 'canceled']),
        checkout_url: z.string().nullable(),
      }),
    ),
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
        'In a webchat thread a message is delivered as soon as it is stored: the chat client reads it here. ' +
        "Elsewhere the thread's connection carries it; without a connection it stays queued. unconfirmed: the " +
        "platform's answer was lost, so the message may have arrived, and is not sent again. canceled: it had " +
        'become pointless before it was sent.',
    }),
    route: z
      .enum(['window', 'template', 'utility', 'consent', 'merchant'])
      .nullable()
      .meta({
        description:
          'How it went out: freely, by an approved template or utility message, by a consent to a single message, or ' +
          "over the merchant's own connection (custom).",
      }),
    failure: z
      .object({ reason: z.string(), code: z.string(), advice: z.string() })
      .nullable()
      .meta({ description: "Why it was refused last: one reason for all platforms, the platform's code, what to do." }),
    payment_intent: z.string().nullable(),
    checkout: z.string().nullable(),
    bill: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ThreadMessage' })
export type Message = z.output<typeof messageSchema>

export const previewQuery = z.strictObject({
  preview: z.boolean().optional().meta({
    description: 'true: nothing is sent or stored; the answer shows what each channel would get.',
  }),
  channels: z
    .array(z.enum(channelIds))
    .min(1)
    .max(channelIds.length)
    .optional()
    .meta({ description: "Of which channels; default the thread's own. Only with preview=true." }),
})
export type PreviewQuery = z.output<typeof previewQuery>

export const previewSchema = z
  .object({
    object: z.literal('message_preview'),
    data: z.array(
      z.object({
        channel: z.enum(channelIds),
        method: z.string().meta({ description: "The platform's own name of the call." }),
        payload: z.record(z.string(), z.unknown()).meta({ description: 'Exactly the body that would go to it.' }),
        text: z.string().meta({ description: 'What a person without the card reads.' }),
        warnings: z.array(z.string()).meta({ description: 'What was shortened or left out, with the limit.' }),
      }),
    ),
  })
  .meta({ id: 'MessagePreview' })
export type Preview = z.output<typeof previewSchema>

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

export const failedIntent = z.object({
  last_payment_error: z.object({ code: z.string().nullish(), decline_code: z.string().nullish() }).nullish(),
})

export const toldRefund = z.object({
  id: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.string().nullish(),
})
export type ToldRefund = z.output<typeof toldRefund>
