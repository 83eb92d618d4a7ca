import type { Currency } from '#kernel/currencies.ts'

/**
 * What a message shows, before any platform's format. The slices fill it with finished texts in the thread's language;
 * an adapter lays it out within its platform's limits and adds no word of its own. Amounts are integer minor units.
 */
export interface Card {
  readonly type: CardType
  /** BCP 47, for what a platform wants to know of the language. */
  readonly locale: string
  readonly direction: 'ltr' | 'rtl'
  /** Who sells, and how the merchant wants to look. */
  readonly merchant: { readonly name: string; readonly accent?: string; readonly logoUrl?: string }
  /** What it is about: "Order 1042", "Bouquet “Nanterre”". */
  readonly title: string
  /** One sentence that says what to do or what happened, with the amount. */
  readonly sentence: string
  /** Everything the card says, for clients and people that see no card. */
  readonly plainText: string
  readonly image?: { readonly url: string; readonly alt: string }
  readonly lines: readonly CardLine[]
  /** In the order of the bill, the last one is the total; they add up. */
  readonly totals: readonly CardTotal[]
  readonly amount: bigint
  readonly currency: Currency
  /** The amount in the thread's language: "€42.00". */
  readonly amountText: string
  readonly buttons: readonly CardButton[]
  readonly expires?: { readonly at: Date; readonly text: string }
  /** Unique per message: platforms refuse a second receipt or order with the same number. `[A-Za-z0-9_.-]`, ≤ 35. */
  readonly reference: string
  /** The reference of the request that this tells of, where a platform shows an order and then its state. */
  readonly answers?: string
  readonly receipt?: CardReceipt
  readonly progress?: CardProgress
  /** How to pay without leaving the chat; adapters use it where the connection can, else the button's link. */
  readonly native?: NativeOffer
}

export type CardType =
  | 'payment_request'
  | 'checkout_summary'
  | 'receipt'
  | 'refund_notice'
  | 'bill_progress'
  | 'reminder'

export interface CardLine {
  readonly name: string
  readonly description?: string
  readonly quantity: number
  readonly unitAmount: bigint
  /** quantity × unitAmount. */
  readonly amount: bigint
  readonly amountText: string
  readonly imageUrl?: string
  readonly reference?: string
}

export interface CardTotal {
  readonly kind: 'subtotal' | 'discount' | 'shipping' | 'tax' | 'tip' | 'refunded' | 'total'
  readonly label: string
  /** Discounts are negative. */
  readonly amount: bigint
  readonly amountText: string
}

export type CardButton =
  | { readonly kind: 'url'; readonly label: string; readonly url: string }
  | { readonly kind: 'postback'; readonly label: string; readonly payload: string }

export interface CardReceipt {
  readonly payerName: string
  /** "Visa ···· 4242" */
  readonly method: string
  readonly paidAt: Date
  readonly url: string
  readonly status: 'paid' | 'refunded' | 'partially_refunded' | 'refund_failed'
  readonly address?: PostalAddress
}

export interface CardProgress {
  readonly paid: bigint
  readonly total: bigint
  readonly shares: readonly {
    readonly name: string
    readonly amountText: string
    readonly state: 'open' | 'paid' | 'refunded' | 'canceled'
    /** The state in the thread's language. */
    readonly stateText: string
    readonly url?: string
  }[]
}

/** In Stripe's words. */
export interface PostalAddress {
  readonly name?: string
  readonly line1: string
  readonly line2?: string
  readonly city: string
  readonly state?: string
  readonly postalCode: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

/** What a platform needs to take the money itself. */
export interface NativeOffer {
  /** Comes back with every query and payment: the payment intent's id as clients see it. ≤ 128 bytes. */
  readonly payload: string
  readonly description: string
  /** Add up to `Card.amount`. */
  readonly prices: readonly { readonly label: string; readonly amount: bigint }[]
  readonly tip?: { readonly max: bigint; readonly suggested: readonly bigint[] }
  readonly needs: {
    readonly name: boolean
    readonly phone: boolean
    readonly email: boolean
    readonly shipping: boolean
  }
  /** Shipping changes the price: the platform asks us with the address. */
  readonly isFlexible: boolean
  readonly isDigital: boolean
  /** Where the goods go, if it is known: some platforms take no order without it. */
  readonly address?: PostalAddress
  /** Several people may pay the same request (a collection); else a forwarded copy must not be payable. */
  readonly isOpenToAll: boolean
}
