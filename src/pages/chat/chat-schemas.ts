import { z } from 'zod'
import { participantReference } from '#threads/schemas.ts'

export const chatTokenInput = z.strictObject({
  participant: participantReference
    .optional()
    .meta({ description: "Who writes with this token. Default: the thread's only participant." }),
  expires_in: z
    .int()
    .min(60)
    .max(30 * 86_400)
    .optional()
    .meta({ description: 'Seconds from now; default 86400.' }),
})
export type ChatTokenInput = z.output<typeof chatTokenInput>

export const chatTokenSchema = z
  .object({
    object: z.literal('chat_token'),
    token: z.string().meta({ description: 'For `data-token` of the widget. It opens this thread and nothing else.' }),
    url: z.string().meta({ description: 'The chat as a page of its own.' }),
    script_url: z.string().meta({ description: 'For `src` of the script that shows the chat on your site.' }),
    thread: z.string(),
    participant: z.string(),
    expires_at: z.int(),
  })
  .meta({ id: 'ChatToken' })
export type ChatToken = z.output<typeof chatTokenSchema>
