import { z } from 'zod'
import { accountInput, consentInput } from '#customers/method-schemas.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { setupStatuses } from './setup-machine.ts'

const { expand } = listQuery.shape
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2048)
const methodId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[A-Za-z0-9_]+$/, 'must be the id of a payment method')
  .meta({ description: "The provider's payment method, or one of the customer's that is kept already." })

const metadata = z.union([metadataSchema, z.literal('')]).optional()

export const createSetupBody = z.strictObject({
  customer: idSchema('customer').meta({ description: 'For whom the method is kept.' }),
  usage: z
    .enum(['off_session', 'on_session'])
    .default('off_session')
    .meta({ description: 'on_session: only payments that the payer makes are charged to it.' }),
  payment_method: methodId.optional(),
  confirm: z.boolean().default(false),
  return_url: url.optional().meta({ description: 'Where the payer comes back to after authenticating.' }),
  description: z.string().max(1000).optional(),
  metadata,
  automatic_payment_methods: z
    .strictObject({ enabled: z.boolean(), allow_redirects: z.enum(['always', 'never']).optional() })
    .optional(),
  payment_method_types: z.array(z.string().max(50)).max(20).optional(),
  consent: consentInput.optional(),
  connection: accountInput,
  expand,
})
export type CreateSetup = z.output<typeof createSetupBody>

export const updateSetupBody = z.strictObject({
  payment_method: methodId.optional(),
  description: z.string().max(1000).optional(),
  metadata,
  expand,
})
export type UpdateSetup = z.output<typeof updateSetupBody>

export const confirmSetupBody = z.strictObject({
  payment_method: methodId.optional(),
  return_url: url.optional(),
  expand,
})
export type ConfirmSetup = z.output<typeof confirmSetupBody>

export const cancelSetupBody = z.strictObject({
  cancellation_reason: z.enum(['abandoned', 'duplicate', 'requested_by_customer']).optional(),
  expand,
})

export const setupParams = z.strictObject({ id: z.string().max(64) })
export const retrieveSetupQuery = z.strictObject({ expand, client_secret: z.string().max(200).optional() })
export const listSetupsQuery = listQuery.extend({
  customer: idSchema('customer').optional(),
  payment_method: idSchema('paymentMethod').optional(),
})
export type ListSetups = z.output<typeof listSetupsQuery>

const nullableText = z.string().nullable()

/** Our object; every member that Stripe's has is there too (validated against Stripe's schema in the tests). */
export const setupSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('setup_intent'),
    cancellation_reason: nullableText,
    client_secret: z.string(),
    created: z.int(),
    customer: z.string(),
    description: nullableText,
    last_setup_error: z.record(z.string(), z.unknown()).nullable(),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    next_action: z.record(z.string(), z.unknown()).nullable(),
    payment_method: nullableText.meta({ description: 'Once it has succeeded: what is kept.' }),
    payment_method_types: z.array(z.string()),
    provider: z.string(),
    setup_url: z
      .string()
      .meta({ description: 'The page where the payer agrees and enters a card; it opens for a week.' }),
    status: z.enum(setupStatuses),
    usage: z.enum(['off_session', 'on_session']),
  })
  .meta({ id: 'SetupIntent' })
export type SetupIntent = z.output<typeof setupSchema>
export const setupList = listOf(setupSchema)
