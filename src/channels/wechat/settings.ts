import { z } from 'zod'
import { templateFields, templatesOf } from '#channels/template-fields.ts'

/** Keyword of a template, `first.DATA` without `.DATA`, and what fills it. */
const officialTemplate = z.strictObject({
  id: z.string().min(1).max(100),
  data: z.record(z.string().regex(/^\w{1,40}$/), z.enum(templateFields)),
})

/** Of the kinds of keywords only those whose rules a card's texts can keep. */
const subscribeTemplate = z.strictObject({
  id: z.string().min(1).max(100),
  page: z.string().max(500).optional().meta({ description: 'Path in the mini program that the message opens.' }),
  long_term: z
    .boolean()
    .default(false)
    .meta({ description: 'One consent is for all messages, as WeChat grants to public services: none is counted.' }),
  data: z.record(z.string().regex(/^(thing|amount|character_string)\d{1,2}$/), z.enum(templateFields)),
})

export const wechatSettings = z.strictObject({
  app_id: z.string().regex(/^wx[0-9a-f]{16}$/, 'must be an AppID: wx and 16 hexadecimal digits'),
  name: z.string().trim().min(1).max(100).optional(),
  kind: z.enum(['official_account', 'mini_program']),
  security: z
    .enum(['plain', 'safe'])
    .default('plain')
    .meta({ description: 'As set at WeChat. `safe` encrypts and signs each update as a whole: recommended.' }),
  window_hours: z
    .int()
    .min(1)
    .max(72)
    .default(48)
    .meta({ description: "Hours after the person's message in which service messages may be sent." }),
  templates: templatesOf(officialTemplate).meta({ description: 'Official account: template messages.' }),
  subscribe_templates: templatesOf(subscribeTemplate).meta({
    description: 'Mini program: subscribe messages, one for each consent of the person.',
  }),
  subscribe_state: z.enum(['developer', 'trial', 'formal']).default('formal'),
})
export type WechatSettings = z.infer<typeof wechatSettings>

export const wechatSecrets = z.strictObject({
  app_secret: z.string().min(1).max(200),
  /** Chosen by the merchant; WeChat signs with it. */
  token: z.string().regex(/^[A-Za-z0-9]{3,32}$/, 'must be 3 to 32 letters and digits'),
  /** `EncodingAESKey`, for the safe mode. */
  encoding_aes_key: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}$/, 'must have 43 characters')
    .optional(),
})
