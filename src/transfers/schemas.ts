import { z } from 'zod'
import { amountSchema, currencySchema } from '#payments/schemas.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { outboundStatuses } from './outbound-machine.ts'

const { expand } = listQuery.shape

export const createOutboundBody = z.strictObject({
  amount: amountSchema,
  currency: currencySchema,
  thread: idSchema('thread').optional().meta({ description: 'The conversation with the person.' }),
  participant: idSchema('participant').optional().meta({ description: 'Whom of the thread. Default: its person.' }),
  customer: idSchema('customer').optional().meta({ description: 'Who it is, for your own records.' }),
  recipient: z.string().min(1).max(128).optional().meta({
    description:
      'The person’s id at the app of the account that pays (WeChat: the openid). Default: the person of the thread, if it is of that app.',
  }),
  recipient_name: z.string().trim().min(1).max(100).optional().meta({
    description:
      'The person’s legal name, where the provider compares it (WeChat: from 2,000 yuan on). Sent sealed, and forgotten once the payment is over.',
  }),
  description: z.string().trim().min(1).max(500).meta({
    description: 'What the person reads. WeChat shows 32 characters.',
  }),
  reports: z
    .array(z.strictObject({ type: z.string().min(1).max(50), content: z.string().min(1).max(200) }))
    .max(10)
    .default([])
    .meta({ description: 'What the provider wants to know of the occasion, in its own words (WeChat: at least one).' }),
  connection: idSchema('connection').optional().meta({
    description: 'The connection whose account pays. Default: the first one that can, as payments go.',
  }),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
  expand,
})
export type CreateOutbound = z.output<typeof createOutboundBody>

export const outboundParams = z.strictObject({ id: z.string().max(64) })
export const retrieveOutboundQuery = z.strictObject({ expand })
export const cancelOutboundBody = z.strictObject({ expand })
export const listOutboundQuery = listQuery.extend({
  thread: idSchema('thread').optional(),
  customer: idSchema('customer').optional(),
  status: z.enum(outboundStatuses).optional(),
})
export type ListOutbound = z.output<typeof listOutboundQuery>

const nullableText = z.string().nullable()

export const outboundSchema = z
  .object({
    id: z.string(),
    object: z.literal('outbound_payment'),
    amount: z.int(),
    cancelable: z.boolean().meta({ description: 'Whether it may still be stopped; the provider has the last word.' }),
    created: z.int(),
    currency: z.string(),
    customer: nullableText,
    description: z.string(),
    failure_code: nullableText.meta({ description: 'The provider’s own code.' }),
    failure_message: nullableText,
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    next_action: z.looseObject({ type: z.string() }).nullable().meta({
      description:
        'With requires_recipient_action: what the person’s app needs to have it accepted. `wechat_pay_transfer`: for `wx.requestMerchantTransfer`.',
    }),
    participant: nullableText,
    provider: z.string(),
    provider_id: nullableText,
    recipient: z.string(),
    status: z.enum(outboundStatuses),
    thread: nullableText,
  })
  .meta({ id: 'OutboundPayment' })
export type OutboundPayment = z.output<typeof outboundSchema>
export const outboundList = listOf(outboundSchema)
