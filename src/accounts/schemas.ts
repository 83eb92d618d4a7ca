import { z } from 'zod'
import { roles } from '#platform/api-keys.ts'
import { listOf, listQuery } from '#platform/listing.ts'

export const createKeyBody = z.strictObject({
  role: z.enum(roles).meta({ description: 'What the key may do: see "Roles".' }),
  name: z.string().max(100).default(''),
})
export type CreateKey = z.output<typeof createKeyBody>

export const keyParams = z.strictObject({ id: z.string().max(64) })
export const keyListQuery = listQuery.omit({ expand: true })
export const rollKeyBody = z.strictObject({
  expires_in: z
    .int()
    .min(0)
    .max(604_800)
    .default(0)
    .meta({ description: 'Seconds that the old key stays valid, up to seven days.' }),
})

export const apiKeySchema = z
  .object({
    id: z.string(),
    object: z.literal('api_key'),
    role: z.enum(roles),
    name: z.string(),
    hint: z.string().meta({ description: 'Beginning and end of the key, to recognise it.' }),
    livemode: z.boolean(),
    created: z.int(),
    expires_at: z.int().nullable(),
    secret: z
      .string()
      .optional()
      .meta({ description: 'The key itself. Shown once, when it is made; only its digest is kept.' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.output<typeof apiKeySchema>
export const apiKeyList = listOf(apiKeySchema)
