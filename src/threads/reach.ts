interface Reach {
  unreachable_since: Date | null
  reachable_at: Date | null
}

/** The person blocked the account, or left, and has not been heard of since. */
export const isUnreachable = ({ unreachable_since: since, reachable_at: at }: Reach): boolean =>
  since !== null && (at === null || at < since)
