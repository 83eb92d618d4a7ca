import { z } from 'zod'
import { paySurfaces } from '#providers/handover.ts'

export const handoverBody = z.strictObject({
  surface: z.enum(paySurfaces).default('browser').meta({
    description:
      'Where the payer is: a browser, the browser of a phone, inside WeChat (a page or a mini program), or an app of yours.',
  }),
  openid: z
    .string()
    .regex(/^[\w-]{1,128}$/)
    .optional()
    .meta({
      description:
        'Inside WeChat: who pays, as your appid knows them. Default: the person of the thread, if it is of the same appid.',
    }),
  client_ip: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .meta({ description: 'On a phone: the payer’s own address, without which WeChat opens from no browser.' }),
  return_url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .max(2048)
    .optional()
    .meta({ description: 'Where the payer comes back to from a page of the provider. Default: the checkout page.' }),
})
export type HandoverBody = z.output<typeof handoverBody>
