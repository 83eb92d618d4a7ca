import { invalidRequest } from '../http/api-error.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { book, bookCharge } from './balance.ts'

/** Money in, and on to whom it is for. Answers the balance transaction of the charge. */
export function receiveCharge(work: Work, charge: Row<'charge'>, amount: number, isAvailableAtOnce: boolean): string {
  const booked = bookCharge(work, charge, amount, isAvailableAtOnce)
  passOn(work, charge, amount, isAvailableAtOnce)
  return booked
}

/**
 * A destination charge: what is captured goes to the connected account at once, as a payment there, and the platform's
 * fee comes back from it. Stripe's own fee stays with the platform.
 */
function passOn(work: Work, charge: Row<'charge'>, captured: number, isAvailableAtOnce: boolean): void {
  const { currency, transfer_data: data } = charge.doc
  if (!data) return
  const destination = String(data.destination)
  const amount = Math.min(data.amount ?? captured, captured)
  const fee = Math.min(charge.doc.application_fee_amount ?? 0, amount)
  const transfer = insertTransfer(work, charge, { amount, destination })
  const { id, doc } = transfer
  const outgoing = { type: 'transfer', reporting_category: 'transfer', source: id, isAvailableAtOnce } as const
  doc.balance_transaction = book(work, { ...outgoing, amount: -amount, currency })
  const payment = doc.destination_payment ?? ''
  const incoming = { type: 'payment', reporting_category: 'charge', source: payment, isAvailableAtOnce } as const
  const received = book(work, { ...incoming, amount, currency, fee, applicationFee: fee }, destination)
  insertPayment(work, charge, { transfer: id, payment, amount, received, destination })
  charge.doc.transfer = id
  if (fee > 0)
    charge.doc.application_fee = insertFee(work, charge, { payment, amount: fee, destination, isAvailableAtOnce })
  work.emit('transfer.created', transfer)
}

function insertTransfer(
  work: Work,
  charge: Row<'charge'>,
  { amount, destination }: { amount: number; destination: string },
): Row<'transfer'> {
  const id = work.id('tr')
  const doc: Documents['transfer'] = {
    id,
    object: 'transfer',
    amount,
    amount_reversed: 0,
    balance_transaction: null,
    created: work.now,
    currency: charge.doc.currency,
    description: null,
    destination,
    destination_payment: work.id('py'),
    livemode: false,
    metadata: {},
    reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: charge.id,
    source_type: 'card',
    transfer_group: charge.doc.transfer_group,
  }
  return work.insert('transfer', doc, { refunded: 0 })
}

/** As the connected account sees it. */
function insertPayment(
  work: Work,
  { doc }: Row<'charge'>,
  made: { transfer: string; payment: string; amount: number; received: string; destination: string },
): void {
  const { transfer: _, ...charge } = doc
  const { payment: id, amount, destination } = made
  const own = {
    id,
    amount,
    amount_captured: amount,
    balance_transaction: made.received,
    source_transfer: made.transfer,
  }
  const theirs = { customer: null, payment_intent: null, payment_method: null, transfer_data: null }
  work.insert('charge', { ...charge, ...own, ...theirs }, { scenario: '', authorizedAt: work.now }, destination)
}

function insertFee(
  work: Work,
  charge: Row<'charge'>,
  made: { payment: string; amount: number; destination: string; isAvailableAtOnce: boolean },
): string {
  const id = work.id('fee')
  const { amount, payment, destination, isAvailableAtOnce } = made
  const { currency } = charge.doc
  const earning = { type: 'application_fee', reporting_category: 'platform_earning', source: id } as const
  work.insert(
    'application_fee',
    {
      id,
      object: 'application_fee',
      account: destination,
      amount,
      amount_refunded: 0,
      application: 'ca_sandbox',
      balance_transaction: book(work, { ...earning, amount, currency, isAvailableAtOnce }),
      charge: payment,
      created: work.now,
      currency,
      fee_source: null,
      livemode: false,
      originating_transaction: charge.id,
      refunded: false,
      refunds: { object: 'list', data: [], has_more: false, url: `/v1/application_fees/${id}/refunds` },
    },
    {},
  )
  return id
}

/** With a refund of `amount` of the charge: the same proportion of the transfer comes back. Answers the reversal's id. */
export async function reverseWithRefund(
  work: Work,
  charge: Row<'charge'>,
  { amount, refund }: { amount: number; refund: string },
): Promise<string> {
  if (!charge.doc.transfer) {
    const message = `Cannot reverse transfer on charge ${charge.id} because it does not have an associated transfer.`
    throw invalidRequest(message, { param: 'reverse_transfer' })
  }
  const transfer = await work.lock('transfer', charge.doc.transfer)
  const refunded = transfer.hidden.refunded + amount
  const upTo = Math.floor((transfer.doc.amount * refunded) / charge.doc.amount_captured)
  const before = Math.floor((transfer.doc.amount * transfer.hidden.refunded) / charge.doc.amount_captured)
  transfer.hidden.refunded = refunded
  return reverseTransfer(work, transfer, { amount: upTo - before, refund })
}

/** The connected account pays even what it has not: its balance may become negative. The transfer is locked. */
export function reverseTransfer(
  work: Work,
  transfer: Row<'transfer'>,
  { amount: wanted, refund = null }: { amount?: number | undefined; refund?: string | null },
): string {
  const { doc } = transfer
  const rest = doc.amount - doc.amount_reversed
  const amount = wanted ?? rest
  if (amount > rest || rest === 0) {
    const message = `Cannot reverse ${amount} of transfer ${doc.id}: ${rest} of it is left.`
    throw invalidRequest(message, { param: refund === null ? 'amount' : 'reverse_transfer' })
  }
  const { currency } = doc
  const id = work.id('trr')
  const incoming = { type: 'transfer_refund', reporting_category: 'transfer_reversal', source: id } as const
  const reversal: Documents['transfer_reversal'] = {
    id,
    object: 'transfer_reversal',
    amount,
    balance_transaction: book(work, { ...incoming, amount, currency }),
    created: work.now,
    currency,
    destination_payment_refund: work.id('pyr'),
    metadata: {},
    source_refund: refund,
    transfer: doc.id,
  }
  work.insert('transfer_reversal', reversal, {})
  const outgoing = { type: 'payment_refund', reporting_category: 'refund', source: reversal.destination_payment_refund }
  book(work, { ...outgoing, type: 'payment_refund', amount: -amount, currency }, doc.destination ?? '')
  doc.amount_reversed += amount
  doc.reversed = doc.amount_reversed === doc.amount
  work.changed(transfer)
  work.emit('transfer.reversed', transfer)
  return id
}

/** Of a destination charge: from the platform to the connected account, whether or not the transfer is reversed. */
export async function returnFee(work: Work, feeId: string, amount: number): Promise<void> {
  const fee = await work.lock('application_fee', feeId)
  const { doc } = fee
  const { currency } = doc
  const id = work.id('fr')
  const outgoing = {
    type: 'application_fee_refund',
    reporting_category: 'platform_earning_refund',
    source: id,
  } as const
  const made = book(work, { ...outgoing, amount: -amount, currency })
  const refund = { id, object: 'fee_refund', amount, balance_transaction: made, created: work.now, currency } as const
  work.insert('fee_refund', { ...refund, fee: feeId, metadata: {} }, {})
  const incoming = { type: 'application_fee_refund', reporting_category: 'fee', source: id } as const
  book(work, { ...incoming, amount, currency }, doc.account)
  doc.amount_refunded += amount
  doc.refunded = doc.amount_refunded === doc.amount
  work.changed(fee)
}
