/**
 * Why an account takes nothing, or not this: its credentials are refused, it may not take payments (of this kind), it
 * does not take the currency or the amount, it is gone.
 */
export type AccountFault = 'credentials' | 'not_enabled' | 'currency' | 'amount' | 'gone'
