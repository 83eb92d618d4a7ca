/** How a held payment is taken, besides how much. */
export interface CaptureOptions {
  /** `false` keeps the rest for later captures, where the charge says `multicapture`; else it is given back. */
  isFinal?: boolean
  /** Instead of the one that the payment was made with, at an account with `applicationFees`. */
  applicationFee?: bigint
  /** Of a payment with a destination (`OrderDetails.transfer`): what is passed on, instead of what was said before. */
  transferAmount?: bigint
}

export interface RefundOptions {
  reason?: string
  /** Gives back the platform's fee as well, in the proportion of the refund. */
  refundApplicationFee?: boolean
  /** Takes the same proportion back from the account that the payment was passed on to. */
  reverseTransfer?: boolean
}

/** Whom the provider passes a charge on to, when it succeeds. */
export interface ProviderTransfer {
  destination: string
  /** Minor units; absent: all that is captured. */
  amount?: bigint
  /** The provider's own id of it, once it is made. */
  ref?: string
}
