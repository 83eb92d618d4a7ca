import { z } from 'zod'
import { templateFields, templatesOf } from '#channels/template-fields.ts'

const origin = z.strictObject({
  country_of_origin: z.string().min(2).max(100),
  importer_name: z.string().min(1).max(200),
  importer_address: z.strictObject({
    address_line1: z.string().min(1).max(100),
    address_line2: z.string().max(100).optional(),
    city: z.string().min(1).max(120),
    zone_code: z.string().max(20).optional(),
    postal_code: z.string().max(20).optional(),
    country_code: z.string().length(2),
  }),
})

export const whatsappSettings = z.strictObject({
  phone_number_id: z.string().regex(/^\d{1,30}$/, 'must be the id of a phone number, not the number itself'),
  graph_version: z
    .string()
    .regex(/^v\d{1,3}\.\d$/, 'must be a version of the Graph API, for example v25.0')
    .default('v25.0'),
  india: z
    .strictObject({
      gateway: z.enum(['razorpay', 'payu', 'billdesk', 'zaakpay']),
      configuration_name: z.string().min(1).max(60),
      catalog_id: z.string().min(1).max(60).optional(),
      origin: origin.optional(),
    })
    .refine((india) => india.catalog_id !== undefined || india.origin !== undefined, {
      message: 'Send catalog_id, or origin for goods that are in no catalogue.',
      path: ['catalog_id'],
    })
    .optional()
    .meta({
      description:
        'Payments in rupees inside WhatsApp through a gateway: for a business, a number and buyers in India, with a payment configuration of that name at Meta.',
    }),
  brazil: z.strictObject({ enabled: z.boolean() }).default({ enabled: false }).meta({
    description:
      'Requests in reais are shown as orders with a link to the hosted page: for a business and buyers in Brazil.',
  }),
  templates: templatesOf(
    z.strictObject({
      name: z.string().regex(/^[a-z0-9_]{1,512}$/, 'must be the name of an approved template'),
      language: z.string().min(2).max(20),
      /** What fills {{1}}, {{2}} … of the body. */
      body: z.array(z.enum(templateFields)).max(10).default([]),
      /** The part before {{1}} in the address of the template's first button, if that leads to the payment. */
      link_base: z.url().max(500).optional(),
    }),
  ),
})
export type WhatsappSettings = z.infer<typeof whatsappSettings>

export const whatsappSecrets = z.strictObject({
  access_token: z.string().min(1).max(1000),
  app_secret: z.string().min(1).max(200),
  /** Chosen by the merchant; Meta repeats it when it asks for the webhook's address. */
  verify_token: z.string().min(8).max(200),
})
