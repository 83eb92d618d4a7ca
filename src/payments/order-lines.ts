import type { IntentRow } from './intent-view.ts'

/** The order lines that the client sent in `amount_details`, for the pages. Amounts are per unit. */
export const itemsOf = (row: IntentRow): { name: string; amount: string; quantity: number }[] => {
  const details = row.options.amount_details as { line_items?: LineItem[]; shipping?: { amount?: number } } | undefined
  const lines = (details?.line_items ?? []).map((item) => ({
    name: item.product_name,
    amount: String(item.unit_cost),
    quantity: item.quantity,
  }))
  const shipping = details?.shipping?.amount
  return shipping === undefined || shipping === 0
    ? lines
    : [...lines, { name: 'Delivery', amount: String(shipping), quantity: 1 }]
}

interface LineItem {
  product_name: string
  quantity: number
  unit_cost: number
}
