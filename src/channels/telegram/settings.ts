import { z } from 'zod'

export const telegramSettings = z.strictObject({
  psp: z.enum(['stripe', 'other']).optional().meta({
    description:
      'Who processes payments in money inside Telegram: the company behind `provider_token`. `stripe`: the same Stripe account as the one Parley uses, so that refunds can be made there. Absent: such payments go to the hosted page.',
  }),
  stars: z
    .boolean()
    .default(false)
    .meta({ description: 'Payments in Stars (`xtr`): what Telegram demands for digital goods.' }),
  test_environment: z.boolean().default(false).meta({ description: "The bot lives in Telegram's test environment." }),
  invoice_links: z.boolean().default(false).meta({
    description:
      'The Pay button of the hosted page leads to an invoice in Telegram also for payments in money (with `psp`); for Stars it always does.',
  }),
  mini_app: z.boolean().default(false).meta({
    description:
      'In private chats links to pay open as a Mini App inside Telegram instead of a browser. Telegram then says who opened them, and saved cards are offered to nobody else.',
  }),
})
export type TelegramSettings = z.infer<typeof telegramSettings>

export const telegramSecrets = z.strictObject({
  bot_token: z.string().regex(/^\d{1,20}:[A-Za-z0-9_-]{1,200}$/, 'must be a token of @BotFather'),
  /** Chosen by the merchant and given to `setWebhook`: Telegram sends it with every update. */
  secret_token: z.string().regex(/^[A-Za-z0-9_-]{16,256}$/, 'must be 16 to 256 letters, digits, _ and -'),
  /** From @BotFather, for payments in money. */
  provider_token: z.string().min(1).max(500).optional(),
})
