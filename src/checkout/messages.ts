import { type Cart, type CheckoutMessage, chosenOption, needsShipping, optionsFor } from './cart.ts'
import type { DiscountRefusal } from './discount.ts'

/** What is missing before the checkout can be paid. Empty: ready. */
export const findProblems = (cart: Cart): CheckoutMessage[] => {
  if (cart.lines.length === 0) return [missing('$.line_items', 'The checkout has no line items yet.', 'recoverable')]
  return [
    ...(['name', 'email', 'phone'] as const).flatMap((field) =>
      cart.requires[field] && !cart.buyer[field]
        ? [missing(`$.buyer.${field}`, `The buyer's ${field} is missing.`)]
        : [],
    ),
    ...(needsShipping(cart) ? shippingProblems(cart) : []),
  ]
}

const shippingProblems = (cart: Cart): CheckoutMessage[] => {
  const { address, shippingOption } = cart
  if (!address) return [missing('$.shipping_address', 'The shipping address is missing.')]
  if (cart.shippingOptions.length === 0) return []
  if (optionsFor(cart, address.country).length === 0) {
    return [
      {
        type: 'error',
        code: 'region_restricted',
        content: `No shipping option goes to ${address.country}.`,
        param: '$.shipping_address.country',
        resolution: 'requires_buyer_input',
      },
    ]
  }
  if (chosenOption(cart)) return []
  if (shippingOption === undefined) return [missing('$.shipping_option', 'No shipping option is chosen.')]
  return [
    {
      type: 'error',
      code: 'invalid',
      content: 'The chosen shipping option does not go to this address.',
      param: '$.shipping_option',
      resolution: 'requires_buyer_input',
    },
  ]
}

const missing = (
  param: string,
  content: string,
  resolution: CheckoutMessage['resolution'] = 'requires_buyer_input',
): CheckoutMessage => ({ type: 'error', code: 'missing', content, param, resolution })

/** A code that gives no discount (any more) does not stop the payer. */
export const warnOfCode = ({ code, content }: DiscountRefusal): CheckoutMessage => ({
  type: 'warning',
  code,
  content,
  param: '$.promotion_code',
  resolution: 'requires_buyer_input',
})

/** A decline is told and stops nobody: the checkout can be paid another way. */
export const tellDecline = (content: string): CheckoutMessage => ({
  type: 'error',
  code: 'payment_declined',
  content,
  param: '$.payment_intent',
  resolution: 'requires_buyer_input',
})
