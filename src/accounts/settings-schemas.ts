import { z } from 'zod'
import { isTimeZone } from './time-zone.ts'
import { lacksAmount, unknownValues, type Wordable, wordingLanguages } from './wording.ts'

/** Null and, because a form knows no null, the empty text take a setting back to its default. */
const clearable = <T extends z.ZodType>(schema: T) => z.union([z.null(), z.literal(''), schema]).optional()

const color = z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour as #rrggbb')
const link = z.url({ protocol: /^https$/, error: 'must be an address that begins with https://' }).max(1000)
const email = z
  .string()
  .max(320)
  .regex(/^[^\s@<>"]+@[^\s@<>"]+$/, 'must be an e-mail address')
const phone = z.string().regex(/^\+?[0-9 ().-]{3,30}$/, 'must be a telephone number')
const timeZone = z.string().max(64).refine(isTimeZone, 'must be a time zone of the IANA list')
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as 22:00')

const quietHours = z
  .strictObject({ from: timeOfDay, to: timeOfDay, time_zone: timeZone })
  .refine(({ from, to }) => from !== to, 'must end at another time than they begin')

const words = (key: Wordable) => {
  const text = z
    .string()
    .trim()
    .min(1)
    .max(300)
    .refine((own) => !lacksAmount(key, own), 'must name {amount}')
    .refine((own) => unknownValues(key, own).length === 0, 'has something in braces that nothing is put in for')
  return clearable(z.union([text, z.partialRecord(z.enum(wordingLanguages), z.union([z.null(), z.literal(''), text]))]))
}

const wording = z
  .strictObject({
    request: words('request'),
    checkout: words('checkout'),
    receipt: words('receipt'),
    reminder: words('reminder'),
    refunded: words('refunded'),
    pay: words('pay'),
    viewReceipt: words('viewReceipt'),
  })
  .meta({ description: 'Your own words, for all languages or by language; sentences must name `{amount}`.' })

export const accountUpdate = z.strictObject({
  name: z.string().trim().min(1).max(100).optional().meta({ description: 'What payers read as the shop’s name.' }),
  settings: z
    .strictObject({
      branding: clearable(z.strictObject({ primary_color: clearable(color), logo: clearable(link) })),
      support: clearable(z.strictObject({ email: clearable(email), url: clearable(link), phone: clearable(phone) })),
      payouts: clearable(z.strictObject({ confirmed_by: clearable(z.enum(['provider', 'bank'])) })),
      checkout: clearable(z.strictObject({ hosted_page: clearable(z.enum(['redirect', 'element'])) })),
      outbound_payments: clearable(z.strictObject({ amount_max: clearable(z.int().min(0).max(99_999_999)) })),
      messages: clearable(
        z.strictObject({
          time_zone: clearable(timeZone),
          wording: clearable(wording),
          quiet_hours: clearable(quietHours),
          reminder_before_minutes: clearable(z.int().min(0).max(10_080)),
        }),
      ),
    })
    .optional()
    .meta({ description: 'What is left out stays; null or an empty text takes a setting, or a group, back.' }),
})
export type AccountUpdate = z.output<typeof accountUpdate>

export const accountSchema = z
  .object({
    id: z.string(),
    object: z.literal('account'),
    created: z.int(),
    name: z.string(),
    default_currency: z.string().meta({ description: 'The currency that the books are kept in.' }),
    settings: z.object({
      branding: z.object({
        primary_color: z
          .string()
          .nullable()
          .meta({ description: 'Made darker or lighter where nobody could read it.' }),
        logo: z.string().nullable(),
      }),
      support: z.object({ email: z.string().nullable(), url: z.string().nullable(), phone: z.string().nullable() }),
      payouts: z.object({
        confirmed_by: z.enum(['provider', 'bank']).meta({
          description: 'Whose word books a payout as received: the provider’s, or yours from the bank statement.',
        }),
      }),
      checkout: z.object({
        hosted_page: z.enum(['redirect', 'element']).meta({
          description:
            'Where a card is entered: on the provider’s own page (`redirect`), or in the provider’s fields on the checkout page (`element`), where the account that takes the payment can.',
        }),
      }),
      outbound_payments: z.object({
        amount_max: z.int().nullable().meta({
          description:
            'The most that one payment to a person may be, in minor units of its currency. 0: none are sent; null: no limit.',
        }),
      }),
      messages: z.object({
        time_zone: z.string().nullable().meta({ description: 'For dates on cards; null: UTC.' }),
        wording: z
          .record(z.string(), z.union([z.string(), z.record(z.string(), z.string())]))
          .meta({ description: 'A text for all languages, or texts by language.' }),
        quiet_hours: z
          .object({ from: z.string(), to: z.string(), time_zone: z.string() })
          .nullable()
          .meta({ description: 'Reminders and the progress of bills wait; receipts and answers do not.' }),
        reminder_before_minutes: z
          .int()
          .nullable()
          .meta({ description: 'Before the time to pay is over. 0: none; null: 60.' }),
      }),
    }),
  })
  .meta({ id: 'Account', description: 'A merchant: how it is shown, and when it speaks by itself.' })
export type Account = z.output<typeof accountSchema>
