import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { acpStatuses, situationOf } from './acp-states.ts'
import { type Cart, type CheckoutMessage, needsShipping, optionsFor, type Quote } from './cart.ts'
import type { Checkout, CheckoutRow } from './checkout-row.ts'
import { labelsFor } from './labels.ts'
import type { CheckoutView } from './schemas.ts'
import { showLineTotals, showTotals } from './totals-view.ts'

export type { Checkout } from './checkout-row.ts'

/** The checkout as clients read it; `intent` is its payment, once it has one. */
export const showCheckout = (
  { row, cart, quote }: Checkout,
  intent: Pick<IntentRow, 'status' | 'page_ref'> | undefined,
  checkoutUrl: string | null,
): CheckoutView => ({
  id: showId('checkout', row.id),
  object: 'checkout',
  status: row.status,
  acp_status:
    acpStatuses[
      situationOf({
        status: row.status,
        hasLines: cart.lines.length > 0,
        intentStatus: intent?.status,
        hasPage: intent !== undefined && intent.page_ref !== null,
      })
    ],
  ...amountsOf(row, cart, quote),
  messages: quote.messages.map(showMessage),
  buyer: { name: cart.buyer.name ?? null, email: cart.buyer.email ?? null, phone: cart.buyer.phone ?? null },
  canceled_at: row.canceled_at && unixSeconds(row.canceled_at),
  checkout_url: checkoutUrl,
  completed_at: row.completed_at && unixSeconds(row.completed_at),
  created: unixSeconds(row.created_at),
  currency: row.currency,
  customer: row.customer_id && showId('customer', row.customer_id),
  expires_at: unixSeconds(row.expires_at),
  livemode: row.livemode,
  locale: row.locale,
  metadata: row.metadata,
  order_notes: cart.orderNotes ?? null,
  participant: row.participant_id && showId('participant', row.participant_id),
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  promotion_code: cart.promotionCode ?? null,
  requires: { ...cart.requires, shipping: needsShipping(cart) },
  return_url: cart.returnUrl ?? null,
  ...shippingOf(cart),
  tax_behavior: cart.taxBehavior,
  thread: row.thread_id && showId('thread', row.thread_id),
  tip: {
    max: cart.tip.max === undefined ? null : toJsonAmount(cart.tip.max),
    suggested: cart.tip.suggested.map(toJsonAmount),
    amount: toJsonAmount(cart.tip.amount),
  },
  updated: unixSeconds(row.updated_at),
})

const amountsOf = (row: CheckoutRow, cart: Cart, quote: Quote) => {
  const labels = labelsFor(row.locale)
  return {
    amount_subtotal: toJsonAmount(quote.base),
    amount_total: toJsonAmount(quote.total),
    total_details: {
      amount_discount: toJsonAmount(quote.discount),
      amount_shipping: toJsonAmount(quote.shipping),
      amount_tax: toJsonAmount(quote.tax),
      amount_tip: toJsonAmount(quote.tip),
    },
    totals: showTotals(quote, labels, cart.promotionCode),
    line_items: cart.lines.map((line, index) => {
      const quoted = quote.lines[index] ?? { amount: 0n, discount: 0n, tax: 0n, total: 0n }
      return {
        id: `li_${index + 1}`,
        name: line.name,
        quantity: line.quantity,
        unit_amount: toJsonAmount(line.unitAmount),
        description: line.description ?? null,
        image_url: line.imageUrl ?? null,
        reference: line.reference ?? null,
        tax_rate: line.taxRate ?? null,
        is_digital: line.isDigital,
        amount_discount: toJsonAmount(quoted.discount),
        amount_tax: toJsonAmount(quoted.tax),
        amount_total: toJsonAmount(quoted.total),
        totals: showLineTotals(quoted, labels),
      }
    }),
  }
}

const shippingOf = (cart: Cart) => {
  const { address } = cart
  const available = new Set(optionsFor(cart, address?.country).map(({ id }) => id))
  return {
    shipping_address: address
      ? {
          name: address.name ?? null,
          line1: address.line1,
          line2: address.line2 ?? null,
          city: address.city,
          state: address.state ?? null,
          postal_code: address.postalCode,
          country: address.country,
        }
      : null,
    shipping_option: cart.shippingOption ?? null,
    shipping_options: cart.shippingOptions.map((option) => ({
      id: option.id,
      title: option.title,
      amount: toJsonAmount(option.amount),
      description: option.description ?? null,
      countries: option.countries ? [...option.countries] : null,
      tax_rate: option.taxRate ?? null,
      is_available: available.has(option.id),
    })),
  }
}

/** A message in the Agentic Commerce Protocol's form. */
export const showMessage = ({ content, ...message }: CheckoutMessage) => ({
  ...message,
  content_type: 'plain' as const,
  content,
})
