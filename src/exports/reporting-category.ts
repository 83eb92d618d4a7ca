/** Stripe's reporting category of a kind of ledger transaction, so that files compare row by row; null where it has none. */
export const reportingCategory = (kind: string): string | null => categories.get(kind) ?? null

// docs.stripe.com/reports/reporting-categories
const categories: ReadonlyMap<string, string> = new Map([
  ['capture', 'charge'],
  ['fee', 'fee'],
  ['refund', 'refund'],
  ['refund_failure', 'refund_failure'],
  ['dispute', 'dispute'],
  ['dispute_reversal', 'dispute_reversal'],
  ['payout', 'payout'],
  ['payout_failure', 'payout_reversal'],
  ['application_fee', 'platform_earning'],
])
