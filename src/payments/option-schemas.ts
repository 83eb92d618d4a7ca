import { z } from 'zod'
import { keepForLater } from '#customers/method-schemas.ts'

export const amountMax = 99_999_999

const address = z.strictObject({
  line1: z.string().max(500).optional(),
  line2: z.string().max(500).optional(),
  city: z.string().max(500).optional(),
  state: z.string().max(500).optional(),
  postal_code: z.string().max(50).optional(),
  country: z.string().max(2).optional(),
})

const shipping = z.strictObject({
  name: z.string().max(500),
  address,
  phone: z.string().max(50).optional(),
  carrier: z.string().max(100).optional(),
  tracking_number: z.string().max(100).optional(),
})

/** Order lines for the pages, in Stripe's own parameter. */
const amountDetails = z.strictObject({
  line_items: z
    .array(
      z.strictObject({
        product_name: z.string().min(1).max(1024),
        quantity: z.int().min(1).max(9_999_999),
        unit_cost: z.int().min(0).max(amountMax),
        product_code: z.string().max(100).optional(),
        unit_of_measure: z.string().max(12).optional(),
      }),
    )
    .max(200)
    .optional(),
  shipping: z.strictObject({ amount: z.int().min(0).max(amountMax).optional() }).optional(),
  tax: z.strictObject({ total_tax_amount: z.int().min(0).max(amountMax).optional() }).optional(),
})

/** Source: docs.stripe.com/get-started/account/statement-descriptors. */
const descriptor = z
  .string()
  .max(22)
  .regex(/^[ -~]*$/, 'must be Latin characters')
  .regex(/^[^<>\\'"*]*$/, 'must not contain < > \\ \' " *')
  .regex(/[A-Za-z]/, 'must contain a letter')

const online = z.strictObject({ ip_address: z.string().max(45), user_agent: z.string().max(1000) })

/** The payer's agreement, in Stripe's own parameter. */
export const mandateData = z.strictObject({
  customer_acceptance: z.strictObject({
    type: z.enum(['online', 'offline']),
    online: online.optional(),
  }),
})

/** Of the payment's amount, for the platform. */
export const applicationFee = z.int('must be a whole number of minor units').min(1).max(amountMax).meta({
  description:
    'Minor units of the payment that the platform gets. With an account that is connected to its own, or with transfer_data.',
})

const connectedAccount = z
  .string()
  .regex(/^acct_\w+$/, 'must be the id of an account at Stripe, acct_…')
  .max(64)

/** Of a capture: how much is passed on, instead of what was said with the payment. */
export const transferAmount = z.int('must be a whole number of minor units').min(1).max(amountMax).meta({
  description: 'Minor units that the destination gets; default: all of the payment, less the application fee.',
})

const platform = {
  transfer_data: z
    .strictObject({
      destination: connectedAccount.optional().meta({
        description: 'The connected account that the payment is passed on to. Named once, before anything is paid.',
      }),
      amount: transferAmount.optional(),
    })
    .optional()
    .meta({ description: 'A destination charge, for an account at Stripe that sells for others.' }),
  on_behalf_of: connectedAccount.optional().meta({ description: 'The connected account that is said to sell.' }),
  transfer_group: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Shown with the charge and its transfer.' }),
}

/** What the client may send and reads back unchanged, at creation and at every change. */
export const carried = {
  receipt_email: z.email().max(512).optional(),
  shipping: shipping.optional(),
  payment_method_options: z
    .strictObject({
      card: z
        .strictObject({
          request_incremental_authorization: z.enum(['if_available', 'never']).optional(),
          request_multicapture: z.enum(['if_available', 'never']).optional(),
          request_overcapture: z.enum(['if_available', 'never']).optional(),
        })
        .optional(),
    })
    .optional(),
  payment_method_types: z.array(z.string().max(50)).max(50).optional(),
  statement_descriptor: descriptor
    .min(5)
    .optional()
    .meta({ description: 'On the payer’s statement, for ways to pay other than cards. 5 to 22 Latin characters.' }),
  statement_descriptor_suffix: descriptor
    .min(1)
    .optional()
    .meta({ description: 'Joined to the account’s own on the statement of a card. At most 22 Latin characters.' }),
  amount_details: amountDetails.optional(),
  setup_future_usage: keepForLater.optional(),
  application_fee_amount: applicationFee.optional(),
  ...platform,
}
