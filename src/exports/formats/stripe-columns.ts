/** Columns of Stripe's reports, in Stripe's order. Source: docs.stripe.com/reports/report-types. */

const address = (of: string): string[] =>
  ['line1', 'line2', 'city', 'state', 'postal_code', 'country'].map((part) => `${of}_${part}`)

const columns = (text: string): string[] => text.trim().split(/\s+/)

export const activityColumns: readonly string[] = [
  ...columns(`balance_transaction_id created_utc created available_on_utc available_on currency gross fee net
    reporting_category source_id description customer_facing_amount customer_facing_currency regulatory_tag
    automatic_payout_id automatic_payout_effective_at_utc automatic_payout_effective_at customer_id customer_email
    customer_name customer_description`),
  ...['customer_shipping_address', 'customer_address', 'shipping_address', 'card_address'].flatMap(address),
  ...columns(`charge_id payment_intent_id charge_created_utc charge_created invoice_id invoice_number subscription_id
    payment_method_type is_link card_brand card_funding card_country statement_descriptor dispute_reason
    connected_account_id connected_account_name connected_account_country connected_account_direct_charge_id`),
]

export const endingBalanceColumns: readonly string[] = [...activityColumns, 'trace_id', 'trace_id_status']

export const payoutReconciliationColumns: readonly string[] = [
  ...endingBalanceColumns,
  'order_id',
  'destination_payment_id',
]

export const payoutColumns: readonly string[] = columns(`payout_id effective_at_utc effective_at currency gross fee net
  reporting_category balance_transaction_id description payout_expected_arrival_date payout_status
  payout_reversed_at_utc payout_reversed_at payout_type payout_description payout_destination_id regulatory_tag`)

export const summaryColumns: readonly string[] = columns('reporting_category currency count gross fee net')

export const balanceColumns: readonly string[] = columns('category description net_amount currency')
