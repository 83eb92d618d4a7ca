/** How a held payment is taken, besides how much. */
export interface CaptureOptions {
  /** `false` keeps the rest for later captures, where the charge says `multicapture`; else it is given back. */
  isFinal?: boolean
  /** Instead of the one that the payment was made with, at an account with `applicationFees`. */
  applicationFee?: bigint
}

export interface RefundOptions {
  reason?: string
  /** Gives back the platform's fee as well, in the proportion of the refund. */
  refundApplicationFee?: boolean
}
