import type { Currency } from '#kernel/currencies.ts'

export interface ProviderFee {
  /** The provider's balance transaction: the key under which the fee is booked once. */
  ref: string
  amount: bigint
  /** Of it, what the platform gets that the account is connected to. */
  applicationFee?: bigint
  currency: Currency
  availableOn: Date
}
