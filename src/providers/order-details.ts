/** What a provider is told of a payment besides its money: it appears on statements, receipts and in its dashboard. */
export interface OrderDetails {
  /** The merchant's own, without names that are ours. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly receiptEmail?: string
  readonly shipping?: ShippingDetails
  readonly statementDescriptor?: string
  readonly statementDescriptorSuffix?: string
  /** Only these ways to pay; absent: what the account has switched on, wallets and redirects included. */
  readonly methodTypes?: readonly string[]
  /** Minor units in decimals: what the deployment takes of the payment. Of an account with `applicationFees`. */
  readonly applicationFee?: string
  /** Of an account with `destinationCharges`: whom it is passed on to, and how much (minor units in decimals; absent: all). */
  readonly transfer?: { readonly destination: string; readonly amount?: string }
  /** The account that is said to sell. */
  readonly onBehalfOf?: string
  readonly transferGroup?: string
  /** `never`: no way to pay that leads the payer away. */
  readonly redirects?: 'always' | 'never'
}

export interface ShippingDetails {
  readonly name: string
  readonly address: Readonly<Partial<Record<'line1' | 'line2' | 'city' | 'state' | 'postal_code' | 'country', string>>>
  readonly phone?: string
  readonly carrier?: string
  readonly tracking_number?: string
}

/** The payer's agreement to be charged later, as the provider wants to have it told. */
export interface MandateAcceptance {
  readonly type: 'online' | 'offline'
  readonly ip?: string
  readonly userAgent?: string
}
