import { z } from 'zod'
import { templateFields, templatesOf } from '#channels/template-fields.ts'

export const messengerSettings = z.strictObject({
  page_id: z.string().regex(/^\d{1,30}$/, 'must be the id of a Facebook page'),
  graph_version: z
    .string()
    .regex(/^v\d{1,3}\.\d$/, 'must be a version of the Graph API, for example v25.0')
    .default('v25.0'),
  webview_domain: z
    .hostname()
    .optional()
    .meta({ description: "A domain of the page's `whitelisted_domains`: links to it open inside Messenger." }),
  utility_messages: z
    .boolean()
    .default(false)
    .meta({ description: 'The page may send utility messages after the window; Meta allows it country by country.' }),
  utility_templates: templatesOf(
    z.strictObject({
      name: z.string().min(1).max(512),
      language: z.string().min(2).max(20),
      /** What fills {{1}}, {{2}} … of the body. */
      body: z.array(z.enum(templateFields)).max(10).default([]),
    }),
  ),
})
export type MessengerSettings = z.infer<typeof messengerSettings>

export const messengerSecrets = z.strictObject({
  page_access_token: z.string().min(1).max(1000),
  app_secret: z.string().min(1).max(200),
  /** Chosen by the merchant; Meta repeats it when it asks for the webhook's address. */
  verify_token: z.string().min(8).max(200),
})
