import type { CaptureParts } from '#ledger/revenue.ts'

/** What the merchant and the buyer said. Amounts are minor units of the checkout's currency. */
export interface Cart {
  readonly lines: readonly CartLine[]
  readonly buyer: { readonly name?: string; readonly email?: string; readonly phone?: string }
  readonly address?: CartAddress
  readonly shippingOptions: readonly ShippingOption[]
  /** Id of the option that was chosen. */
  readonly shippingOption?: string
  readonly requires: {
    readonly name: boolean
    readonly email: boolean
    readonly phone: boolean
    readonly shipping?: boolean
  }
  /** As the payer typed it. */
  readonly promotionCode?: string
  readonly tip: { readonly max?: bigint; readonly suggested: readonly bigint[]; readonly amount: bigint }
  readonly taxBehavior: TaxBehavior
  readonly orderNotes?: string
  readonly returnUrl?: string
}

export type TaxBehavior = 'inclusive' | 'exclusive'

export interface CartLine {
  readonly name: string
  readonly quantity: number
  readonly unitAmount: bigint
  readonly description?: string
  readonly imageUrl?: string
  readonly reference?: string
  /** Percent: "19", "8.875". */
  readonly taxRate?: string
  readonly isDigital: boolean
}

export interface ShippingOption {
  readonly id: string
  readonly title: string
  readonly amount: bigint
  readonly description?: string
  /** ISO 3166-1 alpha-2; absent: everywhere. */
  readonly countries?: readonly string[]
  readonly taxRate?: string
}

/** In Stripe's words. */
export interface CartAddress {
  readonly name?: string
  readonly line1: string
  readonly line2?: string
  readonly city: string
  readonly state?: string
  readonly postalCode: string
  readonly country: string
}

/** What follows from a cart. Every amount is ≥ 0 and they add up exactly (`priceCart`). */
export interface Quote {
  /** One for each line of the cart, in its order. */
  readonly lines: readonly QuotedLine[]
  /** Quantity × unit amount, summed. */
  readonly base: bigint
  readonly discount: bigint
  readonly shipping: bigint
  /** Tax: on top of the rest where it is exclusive, contained in it where it is inclusive. */
  readonly tax: bigint
  readonly taxBehavior: TaxBehavior
  readonly taxes: readonly { readonly rate: string; readonly amount: bigint }[]
  readonly tip: bigint
  /** base − discount + shipping + tip, and + tax where it is exclusive. */
  readonly total: bigint
  /** How the total falls on the accounts of a sale; adds up to the total. */
  readonly parts: CaptureParts
  readonly messages: readonly CheckoutMessage[]
}

export interface QuotedLine {
  readonly amount: bigint
  readonly discount: bigint
  readonly tax: bigint
  /** amount − discount, and + tax where it is exclusive. */
  readonly total: bigint
}

/** Types, codes and words of the Agentic Commerce Protocol's messages (2026-04-17). */
export interface CheckoutMessage {
  readonly type: 'info' | 'warning' | 'error'
  readonly code?: MessageCode
  readonly content: string
  /** JSONPath into the checkout. */
  readonly param?: string
  readonly resolution?: 'recoverable' | 'requires_buyer_input' | 'requires_buyer_review'
}

export type MessageCode =
  | 'missing'
  | 'invalid'
  | 'payment_declined'
  | 'region_restricted'
  | 'not_found'
  | 'discount_code_expired'
  | 'discount_code_invalid'
  | 'discount_code_minimum_not_met'
  | 'discount_code_usage_limit_reached'

/** Something of the order has to be brought to the buyer, and the merchant wants it asked for or charges for it. */
export const needsShipping = ({ lines, requires, shippingOptions }: Cart): boolean =>
  (requires.shipping ?? shippingOptions.length > 0) && lines.some(({ isDigital }) => !isDigital)

/** The options that go to a country; all of them while the country is not known. */
export const optionsFor = (cart: Cart, country: string | undefined): ShippingOption[] =>
  cart.shippingOptions.filter(
    ({ countries }) => country === undefined || countries === undefined || countries.includes(country),
  )

/** The chosen option, where it is needed and goes to the address. */
export const chosenOption = (cart: Cart): ShippingOption | undefined =>
  needsShipping(cart) ? optionsFor(cart, cart.address?.country).find(({ id }) => id === cart.shippingOption) : undefined
