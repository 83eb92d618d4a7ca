/** `amount`: minor units of the payer's currency, in decimal. */
export interface PayerAmount {
  amount: string
  currency: string
  /** Of the provider: what one unit of the price cost, times 10^8, and which rate it is in the provider's words. */
  rate?: { type: string; value: string }
}

/** A part of the price that the payer did not pay. */
export interface ProviderDiscount {
  /** The coupon at the provider. */
  ref: string
  funder: 'provider' | 'merchant' | 'other'
  amount: bigint
  /** Whether the provider pays it to the merchant all the same; else the merchant gets that much less. */
  settled: boolean
}
