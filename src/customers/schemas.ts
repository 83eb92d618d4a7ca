import { z } from 'zod'
import { listOf, listQuery, metadataSchema } from '#platform/listing.ts'

const text = (max: number) => z.string().max(max)
export const emailInput = z.union([z.literal(''), text(512).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')])

export const addressInput = z.strictObject({
  city: text(500).optional(),
  country: text(500).optional(),
  line1: text(500).optional(),
  line2: text(500).optional(),
  postal_code: text(100).optional(),
  state: text(500).optional(),
})
export type AddressInput = z.output<typeof addressInput>

const shippingInput = z.strictObject({ address: addressInput, name: text(500), phone: text(50).optional() })

/** An empty text unsets a field, as in Stripe's API. */
export const customerInput = z.strictObject({
  name: text(256).optional(),
  email: emailInput.optional(),
  phone: text(50).optional(),
  description: text(5000).optional(),
  address: z.union([addressInput, z.literal('')]).optional(),
  shipping: z.union([shippingInput, z.literal('')]).optional(),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
  expand: listQuery.shape.expand,
})
export type CustomerInput = z.output<typeof customerInput>

const address = z.object({
  city: z.string().nullable(),
  country: z.string().nullable(),
  line1: z.string().nullable(),
  line2: z.string().nullable(),
  postal_code: z.string().nullable(),
  state: z.string().nullable(),
})
export type Address = z.output<typeof address>

const shipping = z.object({ address, name: z.string(), phone: z.string().nullable() })
export type Shipping = z.output<typeof shipping>

export const customerSchema = z
  .object({
    id: z.string(),
    object: z.literal('customer'),
    address: address.nullable(),
    balance: z.literal(0),
    created: z.int(),
    currency: z.null(),
    default_source: z.null(),
    delinquent: z.literal(false),
    description: z.string().nullable(),
    email: z.string().nullable(),
    invoice_settings: z.object({
      custom_fields: z.null(),
      default_payment_method: z.null(),
      footer: z.null(),
      rendering_options: z.null(),
    }),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    name: z.string().nullable(),
    phone: z.string().nullable(),
    preferred_locales: z.array(z.string()),
    shipping: shipping.nullable(),
    tax_exempt: z.literal('none'),
    test_clock: z.null(),
  })
  .meta({ id: 'Customer' })
export type Customer = z.output<typeof customerSchema>

export const deletedCustomerSchema = z
  .object({ id: z.string(), object: z.literal('customer'), deleted: z.literal(true) })
  .meta({ id: 'DeletedCustomer' })
export type DeletedCustomer = z.output<typeof deletedCustomerSchema>

export const customerListQuery = listQuery.extend({
  email: text(512).optional().meta({ description: 'Exactly this e-mail address; upper and lower case differ.' }),
})
export type CustomerListQuery = z.output<typeof customerListQuery>

export const customerList = listOf(customerSchema)
