import { z } from 'zod'

export const customSettings = z.strictObject({
  /** How the merchant calls the chat system, and what makes it one: two systems have two names. */
  name: z.string().trim().min(1).max(100),
  url: z.url().max(2048).meta({ description: 'Takes our messages, signed; must begin with https://.' }),
  edits: z.boolean().default(false).meta({ description: 'The chat system can change a message that it has shown.' }),
})

export const customSecrets = z.strictObject({
  /** Signs both directions; the two schemes cannot be taken for each other. */
  signing_secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,200}={0,2}$/, 'must be whsec_ and at least 24 bytes in base 64'),
})
