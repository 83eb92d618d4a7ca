import type { MandateAcceptance, OrderDetails, ShippingDetails } from '#providers/order-details.ts'
import { feeOf } from './application-fee.ts'
import type { IntentRow } from './intent-view.ts'
import { transferOf } from './transfer.ts'

interface Options {
  receipt_email?: string
  shipping?: ShippingDetails
  statement_descriptor?: string
  statement_descriptor_suffix?: string
  payment_method_types?: string[]
  automatic_payment_methods?: { allow_redirects?: 'always' | 'never' }
}

/** What the provider is told of a payment. Names that begin with ours stay here: they say whose a payment is. */
export const detailsOf = ({ metadata, options }: Pick<IntentRow, 'metadata' | 'options'>): OrderDetails => {
  const { receipt_email, shipping, payment_method_types, automatic_payment_methods, ...descriptors } =
    options as Options
  const own = Object.entries(metadata).filter(([name]) => !name.toLowerCase().startsWith('parley_'))
  return {
    ...(own.length === 0 ? {} : { metadata: Object.fromEntries(own) }),
    ...given('receiptEmail', receipt_email),
    ...given('shipping', shipping),
    ...given('statementDescriptor', descriptors.statement_descriptor),
    ...given('statementDescriptorSuffix', descriptors.statement_descriptor_suffix),
    ...given('methodTypes', payment_method_types),
    ...given('applicationFee', feeOf(options)?.toString()),
    ...given('transfer', shownTransfer(options)),
    ...given('onBehalfOf', options.on_behalf_of as string | undefined),
    ...given('transferGroup', options.transfer_group as string | undefined),
    ...given('redirects', automatic_payment_methods?.allow_redirects),
  }
}

const shownTransfer = (options: IntentRow['options']): OrderDetails['transfer'] => {
  const transfer = transferOf({ options })
  return transfer && { destination: transfer.destination, ...given('amount', transfer.amount?.toString()) }
}

interface MandateData {
  customer_acceptance: { type: 'online' | 'offline'; online?: { ip_address: string; user_agent: string } | undefined }
}

export const mandateOf = (data: MandateData | undefined): MandateAcceptance | undefined => {
  if (!data) return undefined
  const { type, online } = data.customer_acceptance
  return { type, ...(online ? { ip: online.ip_address, userAgent: online.user_agent } : {}) }
}

const given = <K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } =>
  (value === undefined ? {} : { [name]: value }) as { [key in K]?: V }
