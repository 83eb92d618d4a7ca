import { z } from 'zod'

/** The account's id comes from its token, so that nothing is left to set. */
export const lineSettings = z.strictObject({})

export const lineSecrets = z.strictObject({
  channel_access_token: z.string().min(1).max(1000),
  channel_secret: z.string().min(1).max(200),
})
