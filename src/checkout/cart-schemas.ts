import { z } from 'zod'
import { amountMax } from '#payments/option-schemas.ts'
import type { Cart } from './cart.ts'
import { parseRate } from './rate.ts'

const text = (max: number) => z.string().min(1).max(max)
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2048)
const amount = z.int('must be a whole number of minor units').min(0).max(amountMax)
const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, 'must be an ISO 3166-1 alpha-2 code, for example FR')
  .transform((code) => code.toUpperCase())

const percentRule = 'must be a percentage from 0 to 100 with at most four decimals, for example 19 or 8.875'

/** A percentage as text or as a number, in its shortest form: 19, "19" and "19.0" are "19". */
export const percentSchema = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => /^\d{1,3}(\.\d{1,4})?$/.test(text), { message: percentRule })
  .transform((text) => {
    const [units = '', decimals = ''] = text.replace(/^0+(?=\d)/, '').split('.')
    const rest = decimals.replace(/0+$/, '')
    return rest === '' ? units : `${units}.${rest}`
  })
  .refine((text) => parseRate(text) <= parseRate('100'), { message: percentRule })
  .meta({ description: 'Percent, for example 19 or 8.875.', example: '19' })

export const lineItemInput = z.strictObject({
  name: text(250),
  quantity: z.int().min(1).max(9999).default(1),
  unit_amount: amount.meta({ description: 'Price of one, in minor units.' }),
  description: text(1000).optional(),
  image_url: url.optional(),
  reference: text(100).optional().meta({ description: 'Your own number of the item.' }),
  tax_rate: percentSchema.optional(),
  is_digital: z.boolean().optional().meta({ description: 'Nothing to be shipped.' }),
})

export const addressInput = z.strictObject({
  name: text(500).optional(),
  line1: text(500),
  line2: z.string().max(500).optional(),
  city: text(500),
  state: z.string().max(500).optional(),
  postal_code: z.string().max(50).default(''),
  country,
})

export const shippingOptionInput = z.strictObject({
  id: text(64).regex(/^[A-Za-z0-9_.-]+$/, 'may hold letters, digits, ".", "_" and "-"'),
  title: text(100),
  amount,
  description: text(500).optional(),
  countries: z.array(country).min(1).max(250).optional().meta({ description: 'Where it goes; default: everywhere.' }),
  tax_rate: percentSchema.optional(),
})

export const cartFields = {
  line_items: z.array(lineItemInput).max(100),
  shipping_address: addressInput,
  shipping_options: z
    .array(shippingOptionInput)
    .max(20)
    .refine((options) => new Set(options.map(({ id }) => id)).size === options.length, 'ids must differ'),
  shipping_option: text(64).meta({ description: 'Id of the chosen shipping option.' }),
  promotion_code: text(64).meta({ description: 'A discount code as the payer typed it; case does not matter.' }),
  tax_behavior: z.enum(['inclusive', 'exclusive']).meta({
    description: 'Whether prices contain their tax (`inclusive`, the default) or it is added to them.',
  }),
  order_notes: z.string().max(5000),
  return_url: url.meta({ description: 'Where the payer goes after paying, for example back into the chat app.' }),
}

/** These are merged member by member, for the merchant and the payer each say a part. */
export const buyerFields = {
  name: text(200),
  email: z.email().max(320),
  phone: z.string().regex(/^[+\d][\d ().-]{3,30}$/, 'must be a telephone number'),
}
export const requiresFields = { name: z.boolean(), email: z.boolean(), phone: z.boolean(), shipping: z.boolean() }
export const tipFields = {
  max: amount,
  suggested: z.array(amount.min(1)).max(4).meta({ description: 'Up to four amounts to choose from, rising.' }),
  amount,
}

/** A cart as it is stored: what was sent, merged. `readCart` makes amounts of it. A newer release may know of more. */
const storedCart = z.object({
  ...z.strictObject(cartFields).partial().shape,
  buyer: z.strictObject(buyerFields).partial().optional(),
  requires: z.strictObject(requiresFields).partial().optional(),
  tip: z.strictObject(tipFields).partial().optional(),
})
export type StoredCart = z.output<typeof storedCart>

/** The cart of a stored one. */
export const readCart = (stored: Record<string, unknown>): Cart => {
  const { line_items, shipping_address: address, shipping_options, requires, tip, ...rest } = storedCart.parse(stored)
  return {
    lines: (line_items ?? []).map(({ unit_amount, image_url, tax_rate, is_digital, ...line }) => ({
      ...known(line),
      unitAmount: BigInt(unit_amount),
      isDigital: is_digital ?? false,
      ...known({ imageUrl: image_url, taxRate: tax_rate }),
    })),
    buyer: known(rest.buyer ?? {}),
    ...(address ? { address: readAddress(address) } : {}),
    shippingOptions: (shipping_options ?? []).map(({ amount: price, tax_rate, ...option }) => ({
      ...known(option),
      amount: BigInt(price),
      ...known({ taxRate: tax_rate }),
    })),
    requires: { name: false, email: false, phone: false, ...known(requires ?? {}) },
    tip: {
      ...known({ max: tip?.max === undefined ? undefined : BigInt(tip.max) }),
      suggested: (tip?.suggested ?? []).map(BigInt),
      amount: BigInt(tip?.amount ?? 0),
    },
    taxBehavior: rest.tax_behavior ?? 'inclusive',
    ...known({
      shippingOption: rest.shipping_option,
      promotionCode: rest.promotion_code,
      orderNotes: rest.order_notes,
      returnUrl: rest.return_url,
    }),
  }
}

const readAddress = ({ postal_code, ...address }: z.output<typeof addressInput>) => ({
  ...known(address),
  postalCode: postal_code,
})

type Known<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Without the members that are undefined. */
const known = <T extends object>(value: T): Known<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Known<T>
